"""Publishing is all or nothing, never overwrites, and leaves what seeds as it is."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.domain.book import Book
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.naming import BadTemplate
from auralarchive.library import FilesystemLibrary, LibrarySettings
from auralarchive.library import filesystem as module
from auralarchive.library.intent import Intent, save
from auralarchive.ports.errors import Cancelled, Damaged, Gone, InvalidInput, Misconfigured, NoSpace, TransientError
from auralarchive.ports.work import CancelToken
from tests.unit.library.support import JPEG, PNG, Place


def test_a_seeding_file_is_linked_and_stays_as_it_is(place: Place) -> None:
    audio = place.download()
    audio.chmod(0o640)
    before = audio.stat()
    published = place.publish(place.request(audio))
    assert published.path == place.root / "Jane Austen/Emma/Emma.m4b"
    assert published.path.samefile(audio)
    assert published.files[0].method == "link"
    assert (audio.stat().st_mode, audio.stat().st_mtime_ns) == (before.st_mode, before.st_mtime_ns)


def test_the_manifest_names_every_file_with_size_and_hash(place: Place) -> None:
    request = place.request(
        cover=place.download("front.png", PNG),
        companions=(place.download("x/notes.pdf", b"a"), place.download("y/NOTES.pdf", b"b")),
    )
    published = place.publish(request)
    assert [(file.path, file.role) for file in published.files] == [
        ("Jane Austen/Emma/Emma.m4b", "audio"),
        ("Jane Austen/Emma/cover.png", "cover"),
        ("Jane Austen/Emma/notes.pdf", "companion"),
        ("Jane Austen/Emma/NOTES (2).pdf", "companion"),
    ]
    assert place.library.verify(published.files) == ()
    for file in published.files:
        content = (place.root / file.path).read_bytes()
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_what_lies_beside_the_audio_is_copied(place: Place) -> None:
    """Media servers rewrite covers and metadata in place; through a link that would harm the torrent."""
    cover = place.download("cover.jpg", JPEG)
    published = place.publish(place.request(cover=cover, companions=(place.download("a.cue"),)))
    assert not (place.root / published.files[1].path).samefile(cover)
    assert {file.method for file in published.files[1:]} <= {"copy", "reflink"}


@pytest.mark.parametrize("mode", [0o4755, 0o2644, 0o755])
def test_a_file_that_could_be_run_is_copied_without_its_bits(place: Place, mode: int) -> None:
    audio = place.download()
    audio.chmod(mode)
    published = place.publish(place.request(audio))
    assert published.files[0].method != "link"
    assert stat.S_IMODE(published.path.stat().st_mode) == 0o644
    assert stat.S_IMODE(audio.stat().st_mode) == mode


def test_our_own_work_file_gets_the_librarys_mode(place: Place) -> None:
    audio = place.download()
    audio.chmod(0o600)
    published = place.publish(place.request(audio, private=True))
    assert published.files[0].method == "link"
    assert stat.S_IMODE(published.path.stat().st_mode) == 0o644


def test_staging_is_gone_after_success_and_after_failure(place: Place) -> None:
    place.publish()
    assert place.library.staging() == ()
    with pytest.raises(Damaged):
        place.publish(place.request(audio_sha256="0" * 64))
    assert place.library.staging() == ()


def test_publishing_again_counts_what_is_there(place: Place) -> None:
    """A worker that died before it could report is followed by one that finds the work done."""
    request = place.request(cover=place.download("cover.jpg", JPEG))
    first = place.publish(request)
    (first.path.parent / "metadata.json").write_text("{}")  # a media server came by
    inode = first.path.stat().st_ino
    again = place.publish(replace(request, token="claim-2"))
    assert again == first
    assert again.path.stat().st_ino == inode


def test_the_same_content_of_another_inode_counts_too(place: Place) -> None:
    place.publish()
    again = place.publish(place.request(place.download("second.m4b"), token="claim-2"))
    assert again.files[0].method == "copy"


@pytest.mark.parametrize("name", ["Emma.m4b", "Emma.epub"])
def test_other_content_in_the_books_folder_is_a_conflict_and_stays(place: Place, name: str) -> None:
    theirs = place.root / "Jane Austen/Emma" / name
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"a person's own")
    with pytest.raises(Misconfigured) as refused:
        place.publish()
    assert refused.value.kind is FailureKind.LIBRARY_CONFLICT
    assert refused.value.remedy
    assert place.books() == {f"Jane Austen/Emma/{name}": b"a person's own"}


def test_a_file_in_the_folders_place_is_refused(place: Place) -> None:
    (place.root / "Jane Austen").mkdir()
    (place.root / "Jane Austen/Emma").write_bytes(b"theirs")
    with pytest.raises(Misconfigured):
        place.publish()
    assert place.books() == {"Jane Austen/Emma": b"theirs"}


def test_an_empty_folder_is_no_conflict(place: Place) -> None:
    (place.root / "Jane Austen/Emma").mkdir(parents=True)
    assert place.publish().path.is_file()


def test_a_folder_that_appears_at_the_last_moment_is_not_replaced(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_program(name: str) -> None:
        if name == "import.before_publish":
            theirs = place.root / "Jane Austen/Emma/Emma.m4b"
            theirs.parent.mkdir(parents=True)
            theirs.write_bytes(b"theirs")

    monkeypatch.setattr(module, "failpoint", another_program)
    with pytest.raises(Misconfigured) as refused:
        place.publish()
    assert refused.value.kind is FailureKind.LIBRARY_CONFLICT
    assert place.books() == {"Jane Austen/Emma/Emma.m4b": b"theirs"}


def test_an_interrupted_attempt_with_other_content_is_taken_back(place: Place) -> None:
    """A lost work file is encoded anew and differs; the book that was never reported makes room."""
    old = place.publish(place.request(place.download("old.m4b", b"first encoding")))
    _leave_intent(place, 7, {"Emma.m4b": old.files[0].sha256})
    published = place.publish(place.request(token="claim-2"))
    assert published.path.read_bytes() == b"the audio of a book"
    assert (place.downloads / "old.m4b").read_bytes() == b"first encoding"
    assert place.library.staging() == ()


@pytest.mark.parametrize("why", ["another download", "touched", "added to"])
def test_what_might_be_a_persons_is_never_taken_back(place: Place, why: str) -> None:
    old = place.publish(place.request(place.download("old.m4b", b"first encoding")))
    _leave_intent(place, 8 if why == "another download" else 7, {"Emma.m4b": old.files[0].sha256})
    if why == "touched":
        old.path.write_bytes(b"retagged by a person")
    if why == "added to":
        (old.path.parent / "notes.txt").write_text("mine")
    before = place.books()
    with pytest.raises(Misconfigured):
        place.publish(place.request(token="claim-2"))
    assert place.books() == before


def _leave_intent(place: Place, download_id: int, files: dict[str, str]) -> None:
    folder = place.root / ".auralarchive/dead"
    folder.mkdir(parents=True)
    descriptor = os.open(folder, os.O_RDONLY)
    save(descriptor, Intent(download_id, ("Jane Austen", "Emma"), files))
    os.close(descriptor)


def test_a_linked_author_folder_is_refused(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (place.root / "Jane Austen").symlink_to(outside)
    with pytest.raises(Misconfigured) as refused:
        place.publish()
    assert refused.value.kind is FailureKind.UNSAFE_PATH
    assert list(outside.iterdir()) == []


def test_a_linked_staging_folder_is_refused(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (place.root / ".auralarchive").symlink_to(outside)
    with pytest.raises(Misconfigured):
        place.publish()
    assert list(outside.iterdir()) == []


def test_sources_that_overlap_the_library_are_refused(place: Place) -> None:
    inside = place.root / "loose.m4b"
    inside.write_bytes(b"x")
    for source in (inside, place.root, place.root.parent, Path("/")):
        with pytest.raises(Misconfigured) as refused:
            place.publish(place.request(source))
        assert refused.value.kind is FailureKind.PATH_MAPPING


def test_our_own_work_file_may_lie_in_the_staging_area(place: Place) -> None:
    work = place.root / ".auralarchive/convert-1/book.m4b"
    work.parent.mkdir(parents=True)
    work.write_bytes(b"converted")
    assert place.publish(place.request(work, private=True)).files[0].method == "link"
    with pytest.raises(Misconfigured):
        place.publish(place.request(work, private=False))
    with pytest.raises(Misconfigured):  # publishing clears the folder of its own token first
        place.publish(place.request(work, private=True, token="convert-1"))
    assert work.exists()


def test_a_vanished_source_is_told(place: Place) -> None:
    request = place.request()
    request.audio.unlink()
    with pytest.raises(Gone) as gone:
        place.publish(request)
    assert gone.value.kind is FailureKind.SOURCE_LOST


def test_audio_that_changed_since_its_verification_is_refused(place: Place) -> None:
    request = place.request()
    request.audio.write_bytes(b"another book...")
    with pytest.raises(Damaged):
        place.publish(request)
    assert place.books() == {}


def test_a_program_beside_the_audio_is_refused(place: Place) -> None:
    with pytest.raises(InvalidInput):
        place.publish(place.request(companions=(place.download("cover\u202egpj.exe"),)))
    assert place.books() == {}


def test_a_cover_that_is_no_picture_is_refused(place: Place) -> None:
    with pytest.raises(InvalidInput):
        place.publish(place.request(cover=place.download("cover.jpg", b"<html>")))


def test_cancelling_leaves_nothing(place: Place) -> None:
    cancel = CancelToken()

    def stop(_: float) -> None:
        cancel.cancel()

    with pytest.raises(Cancelled):
        place.library.publish(place.request(), stop, cancel)
    assert place.books() == {}
    assert place.library.staging() == ()


def test_progress_grows_to_the_end(place: Place) -> None:
    audio = place.download(content=os.urandom(3 << 20))
    audio.chmod(0o755)  # copied
    seen: list[float] = []
    place.library.publish(place.request(audio), seen.append, CancelToken())
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_another_disk_gets_a_verified_copy(tmp_path: Path, small_disk: Path) -> None:
    place = Place(tmp_path, small_disk / "library")
    published = place.publish()
    assert published.files[0].method == "copy"
    assert place.library.verify(published.files) == ()


def test_too_little_space_is_known_before_anything_is_written(tmp_path: Path, small_disk: Path) -> None:
    place = Place(tmp_path, small_disk / "library")
    with pytest.raises(NoSpace):
        place.publish(place.request(place.download(content=bytes(15 << 20))))
    assert list(place.root.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_is_cleaned(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, small_disk / "library")

    def fill(name: str) -> None:
        if name == "import.before_audio":
            with pytest.raises(OSError, match="No space"):
                (small_disk / "other").write_bytes(bytes(20 << 20))

    monkeypatch.setattr(module, "failpoint", fill)
    with pytest.raises(NoSpace):
        place.publish()
    assert place.library.staging() == ()
    assert place.books() == {}


def test_the_reserve_stays_free(tmp_path: Path, small_disk: Path) -> None:
    place = Place(tmp_path, small_disk / "library")
    library = FilesystemLibrary(place.root, LibrarySettings(reserve_bytes=1 << 30))
    with pytest.raises(NoSpace):
        library.publish(place.request(), lambda _: None, CancelToken())


def test_links_need_no_free_space(place: Place) -> None:
    library = FilesystemLibrary(place.root, LibrarySettings(reserve_bytes=1 << 60))
    assert library.publish(place.request(), lambda _: None, CancelToken()).files[0].method == "link"


@pytest.mark.parametrize(
    ("code", "error", "kind"),
    [
        (errno.EROFS, Misconfigured, FailureKind.PERMISSION),
        (errno.EACCES, Misconfigured, FailureKind.PERMISSION),
        (errno.EIO, TransientError, FailureKind.LIBRARY_UNAVAILABLE),
        (errno.EDQUOT, NoSpace, FailureKind.NO_SPACE),
        (errno.EXDEV, Misconfigured, FailureKind.LIBRARY_UNAVAILABLE),
    ],
)
def test_faults_of_the_disk_name_a_remedy_and_leave_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, code: int, error: type[Exception], kind: FailureKind
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(error) as failed:
        place.publish()
    assert getattr(failed.value, "kind", None) is kind
    assert getattr(failed.value, "remedy", "")
    assert place.library.staging() == ()


def test_a_missing_root_is_never_made(tmp_path: Path) -> None:
    """An unmounted disk must not be filled beneath its mount point."""
    library = FilesystemLibrary(tmp_path / "gone")
    calls: list[Callable[[], object]] = [library.staging, lambda: library.verify(()), lambda: library.discard("x")]
    for call in calls:
        with pytest.raises(TransientError) as refused:
            call()
        assert refused.value.kind is FailureKind.LIBRARY_UNAVAILABLE
    assert not (tmp_path / "gone").exists()


def test_a_root_that_may_not_be_entered_needs_a_person(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing disk comes back by itself, a right does not."""

    def refused(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(Misconfigured) as told:
        place.library.staging()
    assert told.value.kind is FailureKind.PERMISSION


def test_discard_removes_only_its_own_token(place: Place) -> None:
    for token in ("dead", "alive"):
        (place.root / ".auralarchive" / token / "book").mkdir(parents=True)
    assert place.library.staging() == ("alive", "dead")
    place.library.discard("dead")
    place.library.discard("dead")
    assert place.library.staging() == ("alive",)


@pytest.mark.parametrize("token", ["", "..", "a/b", ".", "x" * 101, "a\0b"])
def test_a_token_is_never_a_path(place: Place, token: str) -> None:
    with pytest.raises(InvalidInput):
        place.library.discard(token)
    with pytest.raises(InvalidInput):
        place.publish(place.request(token=token))


def test_verify_tells_what_is_wrong(place: Place) -> None:
    published = place.publish(place.request(companions=(place.download("a.cue"), place.download("b.cue"))))
    audio, first, second = published.files
    (place.root / first.path).unlink()
    (place.root / second.path).write_bytes(b"x" * second.size)
    outside = replace(audio, path="../downloads/book.m4b")
    shorter = replace(audio, size=1)
    findings = place.library.verify((audio, first, second, outside, shorter))
    assert [finding.message.split()[0] for finding in findings] == ["is", "has", "has", "has"]
    assert all(not finding.ok and finding.remedy for finding in findings)


def test_a_setgid_library_hands_its_group_on(place: Place) -> None:
    place.root.chmod(0o2775)
    published = place.publish()
    assert published.path.parent.stat().st_mode & stat.S_ISGID
    assert stat.S_IMODE(published.path.parent.stat().st_mode) & 0o777 == 0o755


def test_a_bad_template_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadTemplate):
        FilesystemLibrary(tmp_path, LibrarySettings(template="{author}"))


def test_a_download_folder_behind_a_link_works_by_both_names(place: Place, tmp_path: Path) -> None:
    alias = tmp_path / "alias"
    alias.symlink_to(place.downloads)
    library = FilesystemLibrary(place.root, LibrarySettings(reserve_bytes=0, download_folders=(alias,)))
    place.download()
    for number, audio in enumerate((alias / "book.m4b", place.downloads / "book.m4b")):
        request = place.request(audio, book=Book("AA-X", f"Emma {number}", "Jane Austen"))
        assert library.publish(request, lambda _: None, CancelToken()).files[0].method == "link"


def test_of_several_at_once_for_one_place_one_wins_and_no_bytes_mix(place: Place) -> None:
    """Two editions that the template does not tell apart: the second is a conflict, whoever comes second."""
    requests = [
        place.request(place.download(f"{number}.m4b", bytes([number]) * 100_000), f"claim-{number}", download_id=number)
        for number in range(4)
    ]
    with ThreadPoolExecutor(4) as workers:
        outcomes = [workers.submit(place.publish, request) for request in requests]
    won = [outcome.result() for outcome in outcomes if outcome.exception() is None]
    lost = [outcome.exception() for outcome in outcomes if outcome.exception() is not None]
    assert len(won) == 1
    assert {getattr(error, "kind", None) for error in lost} == {FailureKind.LIBRARY_CONFLICT}
    assert place.library.verify(won[0].files) == ()
    assert len(place.books()) == 1
    assert place.library.staging() == ()


def test_a_withdrawn_book_is_gone_and_one_that_was_touched_stays(place: Place) -> None:
    """What is taken back is only what is just as it was published; a second time there is nothing to do."""
    place.download()
    published = place.publish(place.request(place.downloads / "book.m4b"))
    (place.root / "Jane Austen" / "Emma" / "notes.txt").write_text("mine")
    place.library.withdraw(1, published.files)
    assert "Jane Austen/Emma/Emma.m4b" in place.books()
    (place.root / "Jane Austen" / "Emma" / "notes.txt").unlink()
    place.library.withdraw(1, published.files)
    place.library.withdraw(1, published.files)
    assert place.books() == {}
    assert place.library.staging() == ()

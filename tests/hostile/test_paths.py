"""Names, links and special files from strangers: nothing leaves the library, nothing hangs, nothing is lost."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.domain.book import Book
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.naming import safe_component
from auralarchive.library import FilesystemLibrary, transfer
from auralarchive.library import filesystem as module
from auralarchive.ports.errors import AuralError, InvalidInput
from auralarchive.ports.work import CancelToken
from tests.unit.library.support import BOOK, Place, contents

CANARY = b"stays as it is"

NAMES = [
    "../../../../tmp/escaped.mp3",
    "/etc/shadow.mp3",
    "D:\\Music\\track.mp3",
    "\\\\server\\share\\track.mp3",
    "..",
    ".",
    "",
    " \t ",
    ".....",
    ".bashrc",
    "-rf",
    "--exec=x",
    "mid\0dle.mp3",
    "two\nlines.mp3",
    "line\r\nERROR forged",
    "\u202egnp.exe",
    "\u2066isolated\u2069",
    "zero\u200bwidth\ufeff",
    "tag\U000e0041",
    "half \udcff of a pair",
    "aux",
    "Com1.txt",
    "LPT³.log",
    "conin$",
    'q:u*e?s"t<i>o|n',
    "ends with a dot. ",
    "percent%03d{title}$HOME`id`",
    "ﬁ ligature K kelvin",
    "e" + "\u0301" * 400,
    "好" * 200 + ".m4b",
    "a" * 4096,
    "\x1b[31mred\x1b[0m",
    "\x85\u2028\u2029",
    "~root",
    "~",
]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "canary").write_bytes(CANARY)
    return Place(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_no_name_escapes_hides_or_fails(place: Place, name: str) -> None:
    """As title and as author, every name ends up as one visible folder below the root."""
    published = place.publish(place.request(book=Book("AA-X", name, name)))
    relative = published.path.relative_to(place.root)
    assert len(relative.parts) == 3
    assert all(safe_component(part) == part for part in relative.parts)
    assert published.path.resolve().is_relative_to(place.root.resolve())
    assert published.files[0].path.encode().decode() == str(relative)
    assert {path.name for path in place.root.parent.iterdir()} == {"canary", "downloads", "library"}
    assert (place.root.parent / "canary").read_bytes() == CANARY


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.strip(" \t.") and "\0" not in name and "/" not in name]
)
def test_no_companion_name_escapes_or_overwrites(place: Place, name: str) -> None:
    """Twice the same name after cleaning: the second gets a number."""
    stem = os.fsencode(name)[:200].decode(errors="ignore") if len(name) > 60 else name
    twins = (place.download(f"one/{stem}.pdf", b"1"), place.download(f"two/{stem}.pdf", b"2"))
    published = place.publish(place.request(companions=twins))
    assert len({file.path for file in published.files}) == 3
    assert {(place.root / file.path).read_bytes() for file in published.files[1:]} == {b"1", b"2"}
    assert all(file.path.endswith(".pdf") and file.path.count("/") == 2 for file in published.files[1:])


def test_a_name_that_is_no_utf8_is_imported_under_a_clean_one(place: Place) -> None:
    raw = Path(os.fsdecode(os.fsencode(place.downloads) + b"/\xff\xfe notes.txt"))
    raw.write_bytes(b"x")
    published = place.publish(place.request(raw, companions=(raw,)))
    assert published.files[1].path == "Jane Austen/Emma/__ notes.txt"
    assert published.files[1].path.encode()


def test_companions_never_take_the_place_of_audio_or_cover(place: Place) -> None:
    cover = place.download("c.jpg", b"\xff\xd8\xff real")
    rivals = (place.download("COVER.JPG", b"\xff\xd8\xff rival"), place.download("cover (2).jpg", b"other"))
    published = place.publish(place.request(cover=cover, companions=rivals))
    assert (published.path.parent / "cover.jpg").read_bytes() == b"\xff\xd8\xff real"
    assert len(place.books()) == 4


def _assert_refused(place: Place, audio: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        place.publish(replace(place.request(), audio=audio))
    assert refused.value.kind is FailureKind.UNSAFE_PATH
    assert refused.value.remedy
    assert place.books() == {}
    assert place.library.staging() == ()


def test_a_link_instead_of_audio_is_refused(place: Place) -> None:
    link = place.downloads / "02.m4b"
    link.symlink_to(place.root.parent / "canary")
    _assert_refused(place, link)


def test_a_linked_folder_on_the_way_is_refused(place: Place) -> None:
    """A release's own folder may be a link to anywhere; its files are not the release's."""
    (place.downloads / "cd1").symlink_to(place.root.parent)
    _assert_refused(place, place.downloads / "cd1/canary")


def test_a_loop_of_links_is_refused(place: Place) -> None:
    (place.downloads / "loop").symlink_to(place.downloads)
    _assert_refused(place, place.downloads / "loop/loop/loop/book.m4b")
    (place.downloads / "self").symlink_to("self")
    _assert_refused(place, place.downloads / "self")


@pytest.mark.timeout(10)
def test_a_pipe_a_socket_and_a_folder_are_refused_without_waiting(place: Place) -> None:
    pipe = place.downloads / "pipe.m4b"
    os.mkfifo(pipe)
    _assert_refused(place, pipe)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(place.downloads / "s.m4b"))
        _assert_refused(place, place.downloads / "s.m4b")
    (place.downloads / "folder.m4b").mkdir()
    _assert_refused(place, place.downloads / "folder.m4b")
    _assert_refused(place, Path("/dev/zero"))


@pytest.mark.timeout(10)
def test_a_pipe_instead_of_a_cover_is_refused_without_waiting(place: Place) -> None:
    pipe = place.downloads / "cover.jpg"
    os.mkfifo(pipe)
    with pytest.raises(InvalidInput):
        place.publish(place.request(cover=pipe))


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_swapping_the_source_while_it_is_imported_changes_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """Linked or copied, it is the file that was opened, not what bears its name by then."""
    audio = place.download(content=b"the real audio")
    audio.chmod(mode)
    request = place.request(audio)
    original = transfer.place

    def swap_first(*arguments: object, **options: object) -> object:
        audio.rename(place.downloads / "moved")
        audio.symlink_to(place.root.parent / "canary")
        return original(*arguments, **options)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(module, "place", swap_first)
    assert place.publish(request).path.read_bytes() == b"the real audio"


def test_the_library_never_writes_to_a_file_that_has_another_name(place: Place) -> None:
    """The hard link of a seeding file keeps bytes, mode and time through a whole import."""
    audio = place.download()
    before, mark = audio.read_bytes(), audio.stat()
    place.publish(place.request(audio, private=True, book=replace(BOOK, title="One")))
    audio.chmod(0o640)
    place.publish(place.request(audio, private=True, book=replace(BOOK, title="Two"), token="claim-2"))
    assert audio.read_bytes() == before
    assert audio.stat().st_mtime_ns == mark.st_mtime_ns
    assert audio.stat().st_mode & 0o777 == 0o640


def test_a_deep_template_with_long_names_stays_within_the_limits(place: Place) -> None:
    long = "very long name " * 60
    book = Book("AA-X", long, long, narrator=long, series=long, publisher=long, language=long)
    template = "{author}/{series}/{narrator}/{publisher}/{language}/{title}/{title}.m4b"
    library = FilesystemLibrary(place.root, replace(place.settings, template=template))
    published = library.publish(place.request(book=book), lambda _: None, CancelToken())
    assert published.path.is_file()
    assert len(os.fsencode(published.files[0].path)) <= 1024


def test_a_refused_import_leaves_the_one_beside_it_alone(place: Place) -> None:
    good = place.publish()
    link = place.downloads / "bad.m4b"
    link.symlink_to("/etc/passwd")
    with pytest.raises(AuralError):
        place.publish(place.request(link, token="claim-2", book=replace(BOOK, title="Bad")))
    assert place.library.verify(good.files) == ()
    assert contents([place.root.parent / "canary"]) == {"canary": CANARY}

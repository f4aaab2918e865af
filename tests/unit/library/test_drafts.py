"""New files of published books: sealed before they count, placed by renaming, never through a link."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from auralarchive.library.drafts import FilesystemDrafts
from auralarchive.ports.errors import Gone, Misconfigured, NoSpace, TransientError
from auralarchive.ports.library import LibraryFile, Revision
from tests.unit.library.support import JPEG, Place

AUDIO = "Jane Austen/Emma/Emma.m4b"


@pytest.fixture
def drafts(place: Place) -> FilesystemDrafts:
    place.publish(place.request(cover=place.download("front.jpg", JPEG)))
    return FilesystemDrafts(place.root, 0)


def published(place: Place, path: str = AUDIO) -> LibraryFile:
    data = (place.root / path).read_bytes()
    return LibraryFile(path, "audio", len(data), hashlib.sha256(data).hexdigest(), "link")


def sealed(drafts: FilesystemDrafts, place: Place, content: bytes = b"new", removed: tuple[str, ...] = ()) -> Path:
    source, folder = drafts.begin(3, published(place))
    (folder / source.name).write_bytes(content)
    file = LibraryFile(AUDIO, "audio", len(content), hashlib.sha256(content).hexdigest(), "copy")
    drafts.seal(Revision(3, 2, (file,), removed))
    return folder


def test_what_seeds_is_never_written_to(place: Place, drafts: FilesystemDrafts) -> None:
    """The library's file is a hard link: the new one takes its name, the torrent keeps the old one."""
    seeding = place.downloads / "book.m4b"
    assert seeding.samefile(place.root / AUDIO)
    folder = sealed(drafts, place)
    assert (place.root / AUDIO).read_bytes() == b"the audio of a book"
    assert drafts.waiting() == ((3, 2),)
    drafts.place(3)
    assert (place.root / AUDIO).read_bytes() == b"new"
    assert stat.S_IMODE((place.root / AUDIO).stat().st_mode) == 0o644
    assert seeding.read_bytes() == b"the audio of a book"
    assert (drafts.waiting(), folder.exists()) == ((), False)


def test_placing_twice_is_placing_once(place: Place, drafts: FilesystemDrafts) -> None:
    """Also where the first time was cut short, and where there is nothing to place."""
    folder = sealed(drafts, place, removed=("Jane Austen/Emma/cover.jpg",))
    (folder / "Emma.m4b").rename(place.root / AUDIO)
    drafts.place(3)
    drafts.place(3)
    assert set(place.books()) == {AUDIO}


def test_an_import_s_housekeeping_leaves_drafts_alone(place: Place, drafts: FilesystemDrafts) -> None:
    sealed(drafts, place)
    assert place.library.staging() == ()
    assert drafts.waiting() == ((3, 2),)


def test_an_unsealed_draft_counts_for_nothing(place: Place, drafts: FilesystemDrafts) -> None:
    _, folder = drafts.begin(3, published(place))
    (folder / "Emma.m4b").write_bytes(b"half")
    (folder / "note.json").write_text("{")
    assert drafts.waiting() == ((3, None),)
    drafts.place(3)
    assert (place.root / AUDIO).read_bytes() == b"the audio of a book"
    drafts.discard(3)
    drafts.discard(3)


def test_bytes_that_came_back_wrong_are_not_sealed(place: Place, drafts: FilesystemDrafts) -> None:
    source, folder = drafts.begin(3, published(place))
    (folder / source.name).write_bytes(b"rotten")
    with pytest.raises(TransientError, match="other than it was written"):
        drafts.seal(Revision(3, 2, (LibraryFile(AUDIO, "audio", 6, "0" * 64, "copy"),)))
    assert drafts.waiting() == ((3, None),)


@pytest.mark.parametrize("path", ["../secret", "Jane Austen/Emma", "Jane Austen/Emma/gone.m4b", "out/book.m4b", ""])
def test_only_published_files_are_begun_with(place: Place, drafts: FilesystemDrafts, path: str) -> None:
    """Neither outside, nor through a link, nor a folder."""
    (place.root.parent / "secret").write_bytes(b"canary")
    (place.root / "out").symlink_to(place.downloads)
    with pytest.raises(Gone):
        drafts.begin(3, LibraryFile(path, "audio", 1, "0" * 64, "copy"))


def test_a_folder_that_became_a_link_is_refused(place: Place, drafts: FilesystemDrafts, tmp_path: Path) -> None:
    sealed(drafts, place)
    (tmp_path / "elsewhere").mkdir()
    (place.root / "Jane Austen/Emma").rename(tmp_path / "moved")
    (place.root / "Jane Austen/Emma").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured):
        drafts.place(3)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_person_s_picture_is_not_overwritten(place: Place, drafts: FilesystemDrafts) -> None:
    ours = ("Jane Austen/Emma/cover.jpg",)
    assert drafts.free_name("Jane Austen/Emma/cover.jpg", ours) == "Jane Austen/Emma/cover.jpg"
    assert drafts.free_name("Jane Austen/Emma/cover.jpg", ()) == "Jane Austen/Emma/cover (2).jpg"


def test_too_little_space_is_known_before_anything_is_written(place: Place, drafts: FilesystemDrafts) -> None:
    with pytest.raises(NoSpace):
        FilesystemDrafts(place.root, 1 << 60).begin(3, published(place))
    assert drafts.waiting() == ()


def test_what_a_person_gives_lies_in_the_draft(place: Place, drafts: FilesystemDrafts) -> None:
    _, folder = drafts.begin(3, published(place))
    path = drafts.put(3, "given", b"picture")
    assert (path.parent, path.read_bytes()) == (folder, b"picture")


def test_a_library_that_is_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(TransientError):
        FilesystemDrafts(tmp_path / "absent", 0).waiting()

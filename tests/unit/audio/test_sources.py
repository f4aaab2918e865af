"""Finding files among what strangers send."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.audio.sources import find_sources, open_regular, printable, staged
from auralarchive.ports.errors import Gone, InvalidInput, TransientError
from tests.support.audio import encode, voice


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    return encode(tmp_path / "sound.mp3", voice(1, 0.3), "mp3").read_bytes()


def test_audio_is_found_in_depth_and_by_content(tmp_path: Path, sound: bytes) -> None:
    """Hidden files (the Mac's shadows) and unknown kinds do not count; names without audio suffix do, by content."""
    folder = tmp_path / "book"
    for name in ("CD 1/01.mp3", "CD 2/sub/02.bin", ".hidden/03.mp3", "CD 1/._01.mp3", "notes.nfo", "setup.exe"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(sound if name.endswith(("mp3", "bin")) else b"text")
    found = find_sources((folder,), max_files=10)
    assert [str(source.relative) for source in found.audio] == ["CD 1/01.mp3", "CD 2/sub/02.bin"]
    assert [path.name for path in found.companions] == ["notes.nfo"]


def test_lists_of_chapters_are_kept_apart_from_what_goes_into_the_library(tmp_path: Path, sound: bytes) -> None:
    for name, data in (("1.mp3", sound), ("a.json", b"{}"), ("b.FFMETADATA", b""), ("c.cue", b"")):
        (tmp_path / name).write_bytes(data)
    found = find_sources((tmp_path,), max_files=10)
    assert [path.name for path in found.lists] == ["a.json", "b.FFMETADATA"]
    assert [path.name for path in found.companions] == ["c.cue"]


def test_bounds_on_files(tmp_path: Path, sound: bytes) -> None:
    for number in range(5):
        (tmp_path / f"{number}.mp3").write_bytes(sound)
    with pytest.raises(InvalidInput, match="more than 4"):
        find_sources((tmp_path,), max_files=4)


def test_missing_and_empty_places_are_told(tmp_path: Path) -> None:
    with pytest.raises(Gone):
        find_sources((tmp_path / "nothing",), max_files=4)
    with pytest.raises(InvalidInput, match="no audio"):
        find_sources((tmp_path,), max_files=4)


def test_only_regular_files_are_ever_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert open_regular(tmp_path / "pipe") is None
    assert open_regular(tmp_path / "link") is None
    assert open_regular(tmp_path) is None
    with pytest.raises(TransientError):
        open_regular(tmp_path / "gone")


def test_a_source_that_changed_is_not_read_on(tmp_path: Path, sound: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(sound)
    (source,) = find_sources((path,), max_files=4).audio
    source.check_unchanged()
    path.write_bytes(sound + b"more")
    with pytest.raises(TransientError, match="still being written"):
        source.check_unchanged()


def test_a_staged_file_takes_the_place_of_its_original(tmp_path: Path, sound: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(sound)
    (source,) = find_sources((path,), max_files=4).audio
    other = tmp_path / "00001.m4a"
    other.write_bytes(b"x")
    copy = staged(other, source)
    assert (copy.name, copy.relative, copy.size, copy.path) == ("a.mp3", source.relative, 1, other)


def test_names_are_shown_without_tricks() -> None:
    assert printable("a\x1b[31m\nb\u202e") == "a�[31m�b�"

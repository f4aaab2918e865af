"""The right FFmpeg is found, and its command lines leave no door open."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.audio.ffmpeg import Ffmpeg, base_command, examine, find_ffmpeg, source_arguments
from auralarchive.audio.kinds import Kind
from auralarchive.ports.errors import Misconfigured

ENCODERS = " A....D aac                  AAC (Advanced Audio Coding)"


def _fake(folder: Path, version: str, encoders: str = ENCODERS) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "ffmpeg"
    path.write_text(
        f'#!/bin/sh\ncase "$*" in *-version*) echo "ffmpeg version {version} (c)";; *) echo "{encoders}";; esac\n',
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "release"),
    [("5.1.9-0+deb12u1", (5, 1)), ("n9.0.2", (9, 0)), ("N-112233-gabc", (99, 0)), ("4.4", (4, 4))],
)
def test_versions_of_every_builder_are_understood(tmp_path: Path, version: str, release: tuple[int, int]) -> None:
    found = examine(_fake(tmp_path, version), "test")
    assert found is not None
    assert found.release == release


def test_too_old_or_crippled_ones_do_not_do(tmp_path: Path) -> None:
    assert examine(_fake(tmp_path, "4.3.1"), "test") is None
    assert examine(_fake(tmp_path, "6.0", " A....D flac "), "test") is None
    assert examine(tmp_path / "nothing", "test") is None


def test_the_setting_wins_and_must_be_right(tmp_path: Path) -> None:
    good = _fake(tmp_path / "good", "6.1")
    assert find_ffmpeg(good, {"PATH": "", "IMAGEIO_FFMPEG_EXE": "/nowhere"}).origin == "setting"
    with pytest.raises(Misconfigured) as refused:
        find_ffmpeg(tmp_path / "nothing", {})
    assert refused.value.remedy


def test_an_old_one_on_the_path_gives_way_to_the_shipped(tmp_path: Path) -> None:
    _fake(tmp_path / "bin", "3.4")
    assert find_ffmpeg(None, {"PATH": str(tmp_path / "bin")}).origin == "shipped"


def test_sources_are_bound_to_one_container_and_local_files() -> None:
    arguments = source_arguments(7, Kind.MP3)
    assert arguments[:4] == ["-protocol_whitelist", "file,pipe", "-format_whitelist", "mp3"]
    assert arguments[-4:] == ["-f", "mp3", "-i", "file:/dev/fd/7"]
    assert "-nostdin" in base_command(Ffmpeg(Path("/bin/true"), "1", (9, 0), "test"))
    assert not {"hls", "concat", "http"} & set(",".join(arguments).split(","))

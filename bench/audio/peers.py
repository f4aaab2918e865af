"""What other programs do with the same files, and the machine's own limit.

m4b-util is the real program, in a virtual environment of its own. m4b-tool and Audiobookshelf cannot be installed from
a package index; their FFmpeg commands are run as they run them, without what they do around it (so in their favour).
Each function writes one M4B and adds to the runner's cost; what a peer finds out before or after its own work, and
chapters that are put in by another program, are not counted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.audio.books import bench_folder, write_chapters
from bench.audio.cost import Command, Runner
from tests.support.audio import ffmpeg

_MILLISECONDS = 1000


def plain(runner: Runner, sources: Sequence[Path], out: Path, *, kbps: int = 64, coder: str = "twoloop") -> None:
    """FFmpeg's concat demuxer into its AAC encoder: one process, no chapters."""
    with _list_of(sources) as listed:
        runner.run(_concat(listed, "-c:a", "aac", "-aac_coder", coder, "-b:a", f"{kbps}k", "-f", "mp4", str(out)))


def stream_copy(runner: Runner, sources: Sequence[Path], out: Path) -> None:
    """FFmpeg's concat demuxer without decoding, the index moved to the front."""
    with _list_of(sources) as listed:
        runner.run(_concat(listed, "-c", "copy", "-movflags", "+faststart", "-f", "mp4", str(out)))


def unlocked(runner: Runner, sources: Sequence[Path], out: Path, *, unlock: Sequence[str]) -> None:
    """FFmpeg's own way with a locked book: its options, and a copy of the packets."""
    (source,) = sources
    runner.run([*_quiet(), *unlock, "-i", str(source), "-map", "0:a", "-c", "copy", "-f", "mp4", str(out)])


def audiobookshelf(runner: Runner, sources: Sequence[Path], out: Path, *, kbps: int = 64, channels: int = 1) -> None:
    """Its encoder's two passes, and the copy to its place. It takes chapters from the durations it scanned before."""
    with tempfile.TemporaryDirectory(dir=out.parent) as name, _list_of(sources) as listed:
        encoded, tagged = Path(name) / "encoded.m4b", Path(name) / "tagged.m4b"
        chapters = _chapters(Path(name), sources)
        codec = ("-acodec", "aac", "-ac", str(channels), "-b:a", f"{kbps}k")
        runner.run(_concat(listed, *codec, "-f", "mp4", str(encoded)))
        inputs = ("-i", str(encoded), "-f", "ffmetadata", "-i", str(chapters))
        kept = ("-map", "0:a", "-map_metadata", "1", "-map_chapters", "1", "-c", "copy", "-metadata", "track=1")
        runner.run([*_quiet(), *inputs, *kept, "-f", "mp4", str(tagged)])
        runner.run(["cp", tagged, out])


def m4b_tool(runner: Runner, sources: Sequence[Path], out: Path, *, kbps: int = 64, rate: int = 44_100) -> None:
    """`merge --jobs` of all cores: every file by itself, then a copy of all; chapters by what the files then last."""
    with tempfile.TemporaryDirectory(dir=out.parent) as name:
        parts = [Path(name) / f"{number:04d}-finished.m4b" for number in range(len(sources))]
        pairs = zip(sources, parts, strict=True)
        runner.run(*[_m4b_tool_part(source, part, kbps, rate) for source, part in pairs], jobs=os.cpu_count() or 1)
        _m4b_tool_merge(runner, parts, Path(name) / "merged.m4b")
        _put_chapters(Path(name) / "merged.m4b", _chapters(Path(name), parts), out)


def m4b_tool_copy(runner: Runner, sources: Sequence[Path], out: Path) -> None:
    """`merge --no-conversion`."""
    with tempfile.TemporaryDirectory(dir=out.parent) as name:
        _m4b_tool_merge(runner, sources, Path(name) / "merged.m4b")
        _put_chapters(Path(name) / "merged.m4b", _chapters(Path(name), sources), out)


def m4b_util(runner: Runner, sources: Sequence[Path], out: Path) -> None:
    """The real `m4b-util bind`; it encodes whatever it is given. Raises `NotThere`."""
    program = private_environment("m4b-util", ["m4b-util"]) / "m4b-util"
    with tempfile.TemporaryDirectory(dir=out.parent) as name:
        named = ("-a", "A. Author", "-t", "The Book", "-o", str(out.parent), "-n", out.name)
        own = Runner(runner.shared, runner.folder, {**runner.environment, "TMPDIR": name}, runner.cost)
        out.unlink(missing_ok=True)
        own.run([program, "bind", *named, "-f", *sources])
        runner.cost = own.cost


def copy_and_sync(runner: Runner, sources: Sequence[Path], folder: Path) -> None:
    """The least that writing so many bytes costs: `cp` and `sync`."""
    copy_only(runner, sources, folder)
    runner.run(["sync"])


def copy_only(runner: Runner, sources: Sequence[Path], folder: Path) -> None:
    """`cp` into memory that the system writes out later."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    runner.run(["cp", "--reflink=never", *sources, folder])


class NotThere(RuntimeError):
    """A program that could not be installed here; the message says why."""


def private_environment(name: str, packages: Sequence[str]) -> Path:
    """The folder of programs of a virtual environment with these packages. Raises `NotThere`."""
    place = bench_folder() / "programs" / name
    finished = place / "finished"
    if not finished.is_file():
        shutil.rmtree(place, ignore_errors=True)
        try:
            _quietly([sys.executable, "-m", "venv", str(place)])
            _quietly([str(place / "bin" / "pip"), "install", "--quiet", *packages])
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().splitlines()
            raise NotThere(f"{name} is not measured: {said[-1] if said else error}") from error
        finished.touch()
    return place / "bin"


def _quietly(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _quiet() -> list[str]:
    return [ffmpeg(), "-nostdin", "-v", "error", "-y"]


def _concat(listed: Path, *output: str) -> Command:
    return [*_quiet(), "-f", "concat", "-safe", "0", "-i", str(listed), "-map", "0:a", *output]


def _m4b_tool_part(source: Path, part: Path, kbps: int, rate: int) -> Command:
    start = [ffmpeg(), "-nostdin", "-nostats", "-loglevel", "panic", "-hide_banner", "-i", str(source)]
    start += ["-map_metadata", "0", "-max_muxing_queue_size", "9999", "-strict", "experimental"]
    start += ["-movflags", "+faststart", "-vn", "-y", "-ab", f"{kbps}k", "-ar", str(rate)]
    return [*start, "-acodec", "aac", "-f", "mp4", str(part)]


def _m4b_tool_merge(runner: Runner, parts: Sequence[Path], out: Path) -> None:
    with _list_of(parts) as listed:
        start = [ffmpeg(), "-nostdin", "-nostats", "-loglevel", "panic", "-hide_banner", "-f", "concat", "-safe", "0"]
        queue = ["-vn", "-i", str(listed), "-max_muxing_queue_size", "9999"]
        runner.run([*start, *queue, "-c", "copy", "-f", "mp4", "-y", str(out)])


@contextmanager
def _list_of(sources: Sequence[Path]) -> Iterator[Path]:
    """A list of files as FFmpeg's concat demuxer reads it."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"file '{source}'\n" for source in sources)
        file.flush()
        yield Path(file.name)


def _chapters(folder: Path, parts: Sequence[Path]) -> Path:
    """A chapter a file, as the peers sum them up: each file's duration as its container says, in whole milliseconds."""
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + int(_duration(part) * _MILLISECONDS))
    return write_chapters(folder / "chapters", starts, _MILLISECONDS)


def _duration(path: Path) -> float:
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _put_chapters(merged: Path, chapters: Path, out: Path) -> None:
    """m4b-tool leaves them to another program that writes them in place: not counted."""
    inputs = ["-i", str(merged), "-f", "ffmetadata", "-i", str(chapters)]
    subprocess.run(
        [*_quiet(), *inputs, "-map", "0:a", "-map_chapters", "1", "-c", "copy", "-f", "mp4", out], check=True
    )

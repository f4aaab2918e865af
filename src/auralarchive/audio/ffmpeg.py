"""Finds an FFmpeg, and words its command lines.

Sources are judged by their content first; FFmpeg is then told the one container it may read, gets lists
of what it may use at all, an open descriptor instead of a name, and no terminal. So a playlist named
`01.mp3` reaches no other file and no network, and no odd name reaches its command line.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from auralarchive.audio.kinds import Kind
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Misconfigured

OLDEST = (4, 4)
_REMEDY = "Install FFmpeg 4.4 or newer, or set `conversion.ffmpeg` to one that has the AAC encoder."
_DECODERS = (
    "mp1,mp1float,mp2,mp2float,mp3,mp3float,aac,aac_fixed,alac,flac,vorbis,libvorbis,opus,libopus,"
    "wmav1,wmav2,wmapro,wmalossless,wmavoice,pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,"
    "pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_alaw,pcm_mulaw,adpcm_ima_wav,adpcm_ms"
)
_TOO_NEW_TO_COUNT = (99, 0)


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """One FFmpeg that can do what we need. `origin` says where it was found, `encoders` what it has for AAC."""

    path: Path
    version: str
    release: tuple[int, int]
    origin: str
    encoders: tuple[str, ...] = ("aac",)


def find_ffmpeg(setting: Path | None = None, environment: Mapping[str, str] = os.environ) -> Ffmpeg:
    """The FFmpeg to use: the setting, $IMAGEIO_FFMPEG_EXE, one on the path, the one that came with us.

    Raises `Misconfigured` where a wanted one does not do, or none is there.
    """
    wanted = setting or environment.get("IMAGEIO_FFMPEG_EXE")
    if wanted:
        return _wanted(Path(wanted), "setting" if setting else "IMAGEIO_FFMPEG_EXE")
    on_path = shutil.which("ffmpeg", path=environment.get("PATH"))
    found = examine(Path(on_path), "PATH") if on_path else None
    return found or _shipped()


def _wanted(path: Path, origin: str) -> Ffmpeg:
    found = examine(path, origin)
    if found is None:
        raise Misconfigured(f"{path} is no FFmpeg that can encode AAC.", _REMEDY, kind=FailureKind.ENCODER_FAILED)
    return found


def _shipped() -> Ffmpeg:
    shipped = import_module("imageio_ffmpeg")  # most machines have one of their own
    try:
        found = examine(Path(shipped.get_ffmpeg_exe()), "shipped")
    except RuntimeError:
        found = None
    if found is None:
        raise Misconfigured("There is no FFmpeg on this machine.", _REMEDY, kind=FailureKind.ENCODER_FAILED)
    return found


def examine(path: Path, origin: str) -> Ffmpeg | None:
    """`path` as an FFmpeg, or None where it does not run, is too old or has no AAC encoder."""
    about = _ask(path, "-version")
    first = about.partition("\n")[0]
    match = re.match(r"ffmpeg version (\S+)", first)
    if match is None:
        return None
    version = match[1]
    numbers = re.match(r"n?(\d+)\.(\d+)", version)
    # Builds from the repository are named for a commit; they are new.
    release = (int(numbers[1]), int(numbers[2])) if numbers else _TOO_NEW_TO_COUNT
    encoders = re.findall(r"^ A\S* (aac|libfdk_aac|aac_at) ", _ask(path, "-encoders"), re.MULTILINE)
    if release < OLDEST or "aac" not in encoders:
        return None
    return Ffmpeg(path.absolute(), version, release, origin, tuple(encoders))


def _ask(path: Path, question: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - an argument list from our own code, no shell
            [str(path), "-hide_banner" if question != "-version" else "-nostdin", question],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")


def base_command(ffmpeg: Ffmpeg) -> list[str]:
    """How every command begins: quiet but for errors, asking nobody."""
    return [str(ffmpeg.path), "-nostdin", "-hide_banner", "-nostats", "-v", "error"]


def source_arguments(fd: int, kind: Kind) -> list[str]:
    """One source as an input: its descriptor, its container, and nothing else whatever it holds."""
    guard = ["-protocol_whitelist", "file,pipe", "-format_whitelist", kind.value, "-codec_whitelist", _DECODERS]
    # Every frame of FLAC carries a checksum, which FFmpeg compares only where it is told to.
    checked = ["-err_detect", "crccheck"] if kind is Kind.FLAC else []
    return [*guard, *checked, "-f", kind.value, "-i", f"file:/dev/fd/{fd}"]


def pcm_input(rate: int, channels: int, fd: int) -> list[str]:
    """Raw sound of 32-bit floats as an input."""
    shape = ["-f", "f32le", "-ar", str(rate), "-ac", str(channels)]
    return ["-protocol_whitelist", "file,pipe", *shape, "-i", f"file:/dev/fd/{fd}"]


def adts_input() -> list[str]:
    """Raw AAC from stdin."""
    return [
        "-protocol_whitelist",
        "file,pipe",
        "-format_whitelist",
        "aac",
        "-codec_whitelist",
        "aac",
        "-f",
        "aac",
        "-i",
        "pipe:0",
    ]


def pcm_output(rate: int | None = None, channels: int | None = None) -> list[str]:
    """Raw sound of the first audio stream to stdout, resampled where `rate` or `channels` differ."""
    shape = [*(["-ar", str(rate)] if rate else []), *(["-ac", str(channels)] if channels else [])]
    return ["-map", "0:a:0", "-vn", "-sn", "-dn", *shape, "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1"]

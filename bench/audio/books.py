"""The books that the audio benches work on: hours of synthetic speech, made once and kept outside of the project.

They lie in $AURALARCHIVE_BENCH_DIR, else in the user's cache. Text, voices, lengths and noise come from the chapter's
number alone, so every machine with the same programs makes the same books. Each chapter begins and ends in the middle
of a word and has an odd number of samples: a gap, a lost sample or a rounded chapter mark shows.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from mutagen.oggopus import OggOpus

from tests.support.audio import ffmpeg, voice

Sound = npt.NDArray[np.float32]

RATE = 44_100
CHAPTERS = 12
TITLE, AUTHOR = "The Measured Book", "Bea Bench"
#: Counted up when the books change, so that nobody measures old ones.
_VERSION = "1"
_KBPS = "64k"
_EXACT = ("-fflags", "+bitexact", "-flags:a", "+bitexact")

_WHO = ("the pilot", "a clerk", "my aunt", "the gardener", "every tailor", "that poet", "the ferryman", "a juggler")
_DID = ("sold", "hid", "mended", "borrowed", "weighed", "drew", "buried", "polished", "missed", "shook", "envied")
_WHAT = ("a ladder", "the blue kettle", "six maps", "the last cheese", "his fiddle", "a shy goat", "her boots")
_WHERE = ("at the fair", "on the roof", "past the orchard", "in a cellar", "beside the lock", "near Zurich")
_WHEN = ("before dusk", "all June", "at once", "in vain", "for luck", "too early", "yet again", "on Thursdays")
_VOICES = ("en-gb", "en-us", "en-gb-scotland", "en-us+f3", "en-gb+m3", "en-gb+f2")
_FULL_WORDS_PER_MINUTE = 200


def bench_folder() -> Path:
    """Where books and the peers' programs are kept."""
    named = os.environ.get("AURALARCHIVE_BENCH_DIR")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else cache / "auralarchive-bench"


def speaks() -> bool:
    """Whether the books are speech; else they are the tests' babble, and figures of quality mean little."""
    return shutil.which("espeak-ng") is not None


@dataclass(frozen=True)
class Books:
    """One book of `CHAPTERS` chapters of so many minutes, in all its forms. Each is made when it is first asked for."""

    minutes: float

    @property
    def folder(self) -> Path:
        kind = "speech" if speaks() else "babble"
        return bench_folder() / f"books-{_VERSION}" / f"{kind}-{CHAPTERS}x{self.minutes:g}"

    def masters(self) -> tuple[Path, ...]:
        """The chapters without loss, mono, 16 bits."""
        return _folder_made(self.folder / "masters", self._make_masters)

    def whole_masters(self) -> tuple[Path, ...]:
        """The chapters cut to whole packets of AAC: their joints can be mended without a gap."""
        return _folder_made(self.folder / "whole-masters", self._cut_masters)

    def whole_m4a(self) -> tuple[Path, ...]:
        """The same as AAC."""
        return _folder_made(self.folder / "whole-m4a", self._encode_whole)

    def mp3(self) -> tuple[Path, ...]:
        return _folder_made(
            self.folder / "mp3", partial(self._encode_all, ".mp3", ("-c:a", "libmp3lame", "-b:a", _KBPS))
        )

    def m4a(self) -> tuple[Path, ...]:
        return _folder_made(self.folder / "m4a", partial(self._encode_all, ".m4a", (*_AAC, "-f", "ipod")))

    def one_mp3(self) -> Path:
        """With the twelve chapters inside."""
        return _file_made(self.folder / "one.mp3", partial(self._encode_one, ("-c:a", "libmp3lame", "-b:a", _KBPS)))

    def one_flac(self) -> Path:
        return _file_made(self.folder / "one.flac", partial(self._encode_one, ("-c:a", "flac", "-sample_fmt", "s16")))

    def one_opus(self) -> Path:
        """With the twelve chapters inside."""
        return _file_made(self.folder / "one.opus", self._encode_opus)

    def big_m4a(self, megabytes: int) -> Path:
        """So large by the first chapter's packets again and again, each a chapter: nothing is encoded.

        Without chapters the engine would listen to all of it for pauses, which is no part of a copy.
        """
        return _file_made(self.folder / f"large-{megabytes}.m4a", partial(self._repeat_packets, megabytes))

    def endless_mp3(self, hours: float) -> Path:
        """The first chapter's frames again and again. Without a bit reservoir no frame needs the one before it."""
        return _file_made(self.folder / f"hours-{hours:g}.mp3", partial(self._repeat_frames, hours))

    def parts(self, count: int, seconds: float = 2.0) -> tuple[Path, ...]:
        """MP3 parts of about so many seconds, no two lengths alike, each encoded by itself."""
        return _folder_made(self.folder / f"parts-{count}", partial(self._make_parts, count, seconds))

    def lengths(self) -> list[int]:
        """The exact samples of each chapter."""
        return [samples_of(path) for path in self.masters()]

    def starts(self) -> list[int]:
        """The sample on which each chapter begins, and the end of the last."""
        return [0, *np.cumsum(self.lengths()).tolist()]

    def _make_masters(self, folder: Path) -> None:
        with ProcessPoolExecutor() as pool:
            list(
                pool.map(_make_chapter, *zip(*[(folder, n, self.minutes) for n in range(1, CHAPTERS + 1)], strict=True))
            )

    def _encode_all(self, suffix: str, arguments: Sequence[str], folder: Path) -> None:
        def one(number: int, master: Path) -> None:
            about = _about(f"Chapter {number}", number)
            _ffmpeg("-i", _file(master), "-map", "0:a", *arguments, *about, folder / f"{number:02d}{suffix}")

        masters = self.masters()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(one, range(1, len(masters) + 1), masters))

    def _cut_masters(self, folder: Path) -> None:
        for master, samples in zip(self.masters(), self.lengths(), strict=True):
            cut = f"atrim=end_sample={samples - samples % 1024}"
            _ffmpeg("-i", _file(master), "-af", cut, "-c:a", "flac", folder / master.name)

    def _encode_whole(self, folder: Path) -> None:
        for number, master in enumerate(self.whole_masters(), 1):
            about = _about(f"Chapter {number}", number)
            _ffmpeg("-i", _file(master), "-map", "0:a", *_AAC, "-f", "ipod", *about, folder / f"{number:02d}.m4a")

    def _encode_one(self, arguments: Sequence[str], path: Path) -> None:
        masters = self.masters()
        with tempfile.TemporaryDirectory() as name:
            chapters = write_chapters(Path(name) / "chapters", self.starts())
            inputs = [word for master in masters for word in ("-i", _file(master))]
            joined = ("-filter_complex", f"concat=n={len(masters)}:v=0:a=1,asettb=1/{RATE},asetpts=N[a]", "-map", "[a]")
            marks = ("-f", "ffmetadata", "-i", _file(chapters), *joined, "-map_chapters", str(len(masters)))
            _ffmpeg(*inputs, *marks, *arguments, *_about(TITLE, 1), path)

    def _encode_opus(self, path: Path) -> None:
        self._encode_one(("-c:a", "libopus", "-b:a", "48k"), path)
        # FFmpeg 5.1 itself writes some of them a second late.
        file = OggOpus(path)
        for number, start in enumerate(self.starts()[:-1]):
            minutes, seconds = divmod(start / RATE, 60)
            file[f"CHAPTER{number:03d}"] = f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{seconds:06.3f}"
        file.save()

    def _repeat_packets(self, megabytes: int, path: Path) -> None:
        first, samples = self.m4a()[0], self.lengths()[0]
        times = max(2, round(megabytes * 1e6 / first.stat().st_size))
        with tempfile.TemporaryDirectory() as name:
            chapters = write_chapters(Path(name) / "chapters", [samples * number for number in range(times + 1)])
            marks = ("-f", "ffmetadata", "-i", _file(chapters), "-map", "0:a", "-map_chapters", "1")
            _ffmpeg("-stream_loop", str(times - 1), "-i", _file(first), *marks, "-c", "copy", "-f", "ipod", path)

    def _repeat_frames(self, hours: float, path: Path) -> None:
        with tempfile.TemporaryDirectory() as name:
            bare = Path(name) / "bare.mp3"
            plain = ("-write_xing", "0", "-id3v2_version", "0", "-reservoir", "0", "-map_metadata", "-1")
            _ffmpeg("-i", _file(self.masters()[0]), "-c:a", "libmp3lame", "-b:a", _KBPS, *plain, bare)
            frames = bare.read_bytes()
        times = round(hours * 3600 * 8000 / len(frames))  # 64 kbit/s are 8,000 bytes a second
        with path.open("wb") as file:
            for _ in range(max(1, times)):
                file.write(frames)

    def _make_parts(self, count: int, seconds: float, folder: Path) -> None:
        sound = np.concatenate([read_sound(path) for path in self.masters()])
        ends = np.cumsum([int(seconds * RATE) + 37 * (number % 101) + 11 for number in range(count)])
        if ends[-1] > len(sound):
            raise ValueError(f"{count} parts of {seconds} s need more than {len(sound) / RATE:.0f} s")

        def one(number: int, part: Sound) -> None:
            about = _about(f"Part {number}", number)
            write_sound(folder / f"{number:04d}.mp3", part, "-c:a", "libmp3lame", "-b:a", _KBPS, *about)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(one, range(1, count + 1), np.split(sound[: ends[-1]], ends[:-1])))


_AAC = ("-c:a", "aac", "-aac_coder", "twoloop", "-b:a", _KBPS)


def _about(title: str, track: int) -> list[str]:
    tags = {"title": title, "album": TITLE, "artist": AUTHOR, "track": str(track)}
    return [word for key, value in tags.items() for word in ("-metadata", f"{key}={value}")]


def write_chapters(path: Path, starts: Sequence[int], rate: int = RATE) -> Path:
    """A list of chapters as FFmpeg reads it, exact to the sample; `starts` ends with the end of the last."""
    lines = [";FFMETADATA1"]
    for number, (start, end) in enumerate(pairwise(starts), 1):
        lines += ["[CHAPTER]", f"TIMEBASE=1/{rate}", f"START={start}", f"END={end}", f"title=Chapter {number}"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def read_sound(path: Path, rate: int = RATE) -> Sound:
    """The file decoded by FFmpeg, mono."""
    command = [ffmpeg(), "-nostdin", "-v", "error", "-i", _file(path), "-map", "0:a:0"]
    command += ["-ar", str(rate), "-ac", "1", "-f", "f32le", "pipe:1"]
    return np.frombuffer(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout, "<f4")


def samples_of(flac: Path) -> int:
    """As its header says."""
    with av.open(str(flac)) as container:
        stream = container.streams.audio[0]
        return round((stream.duration or 0) * (stream.time_base or 0) * stream.rate)


def write_sound(path: Path, sound: Sound, *arguments: str) -> Path:
    """Encode mono sound of `RATE`."""
    source = ("-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0")
    command = [ffmpeg(), "-v", "error", "-y", *source, *arguments, *_EXACT, _file(path)]
    subprocess.run(command, check=True, input=sound.tobytes())
    return path


def _ffmpeg(*arguments: str | Path) -> None:
    *rest, target = arguments
    command = [ffmpeg(), "-nostdin", "-v", "error", "-y", *map(str, rest), *_EXACT, f"file:{target}"]
    subprocess.run(command, check=True)


def _file(path: Path) -> str:
    return f"file:{path}"


def _folder_made(folder: Path, make: Callable[[Path], None]) -> tuple[Path, ...]:
    """The folder's files. It appears with all of them or not at all."""
    if not folder.is_dir():
        unfinished = folder.with_name(f".{folder.name}-{os.getpid()}")
        unfinished.mkdir(parents=True)
        make(unfinished)
        unfinished.rename(folder)
    return tuple(sorted(folder.iterdir()))


def _file_made(path: Path, make: Callable[[Path], None]) -> Path:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{os.getpid()}-{path.name}")
        make(unfinished)
        unfinished.rename(path)
    return path


# The sound


def _make_chapter(folder: Path, number: int, minutes: float) -> None:
    length = int(minutes * 60 * RATE) + 137 * number + 11
    write_sound(folder / f"{number:02d}.flac", speech(number, length), "-c:a", "flac", "-sample_fmt", "s16")


def speech(number: int, length: int) -> Sound:
    """About `length` samples of chapter `number`, cut in the middle of words."""
    seconds = length / RATE + 10
    raw = _spoken(number, seconds) if speaks() else _babble(number, seconds)
    begin = _loud_place(raw, RATE)
    end = _loud_place(raw, begin + length)
    return raw[begin : end + (end - begin + 1) % 2]


def _babble(number: int, seconds: float) -> Sound:
    return np.concatenate([voice(1000 * number + minute, 60.0)[:, 0] for minute in range(int(seconds // 60) + 1)])


def _spoken(number: int, seconds: float) -> Sound:
    """Speech of espeak-ng, with what its 22 kHz lack: breath above 11 kHz, a room and the room's noise."""
    narrow = _espeak(number, seconds)
    noise = np.random.default_rng(number).standard_normal(2 * len(narrow)).astype(np.float32)
    sound = _doubled(narrow)
    sound += 1.5 * _smooth(np.abs(np.diff(sound, prepend=0)), 128) * np.diff(noise, prepend=0)
    for delay, gain in ((311, 0.07), (733, 0.05), (1987, 0.03)):
        sound[delay:] += gain * sound[:-delay]
    loudest = np.float32(np.abs(sound).max())
    return np.asarray(0.6 * sound / loudest + np.float32(10 ** (-66 / 20)) * noise, np.float32)


def _espeak(number: int, seconds: float) -> Sound:
    choose = random.Random(number)
    words = int(seconds / 60 * _FULL_WORDS_PER_MINUTE) + 50
    text = f"Chapter {number}. " + " ".join(sentences(choose, words))
    how = ["-v", _VOICES[number % len(_VOICES)], "-s", str(145 + 4 * (number % 5)), "-p", str(35 + 5 * (number % 6))]
    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / "spoken.wav"
        subprocess.run(["espeak-ng", *how, "-w", str(target), "--stdin"], input=text.encode(), check=True)
        with wave.open(str(target)) as file:
            found = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            wanted = int(seconds * file.getframerate())
    if len(found) < wanted:
        raise ValueError(f"{words} words are only {len(found)} samples of the {wanted} that are needed")
    return (found[:wanted] / 32768).astype(np.float32)


def sentences(choose: random.Random, words: int) -> Iterable[str]:
    """Sentences of at least so many words in all."""
    while words > 0:
        subject, verb, thing = choose.choice(_WHO), choose.choice(_DID), choose.choice(_WHAT)
        place, time = choose.choice(_WHERE), choose.choice(_WHEN)
        sentence = choose.choice(
            [
                f"{subject} {verb} {thing} {place}.",
                f"{time}, {subject} {verb} {thing}; nobody {choose.choice(_DID)} {choose.choice(_WHAT)}.",
                f"{subject} and {choose.choice(_WHO)} {verb} {thing} {time}?",
                f"{place} {subject} {verb} {choose.randint(3, 99)} times {thing}, {time}!",
            ]
        )
        words -= len(sentence.split())
        yield sentence[0].upper() + sentence[1:]


def _doubled(narrow: Sound) -> Sound:
    """At twice the rate: zeros in between, and a low-pass filter at the old one's half."""
    wide = np.zeros(2 * len(narrow), np.float32)
    wide[::2] = narrow
    taps = np.arange(-31, 32)
    low_pass = np.sinc(taps / 2) * np.hanning(len(taps))
    return np.convolve(wide, low_pass.astype(np.float32), "same")


def _smooth(values: Sound, width: int) -> Sound:
    total = np.cumsum(np.pad(values, (width, 0)), dtype=np.float64)
    return ((total[width:] - total[:-width]) / width).astype(np.float32)


def _loud_place(sound: Sound, after: int) -> int:
    """A sample not long after `after` around which 50 ms are as loud as the middle of a word."""
    loud = 0.5 * float(np.sqrt(np.mean(np.square(sound[: 60 * RATE], dtype=np.float64))))
    step = RATE // 20
    for place in range(after, len(sound) - step, 441):
        around = sound[place - step // 2 : place + step // 2]
        if float(np.sqrt(np.mean(np.square(around)))) > 2 * loud:
            return place
    raise ValueError("no loud place in what follows")

"""Small audiobooks for tests, made on the spot: a voice-like sound of a few seconds in every format.

Each chapter sounds different and has an odd number of samples, so that a swapped order, a lost sample
or a rounded chapter mark shows. The sound is a function of its number alone: tests can make it again.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import wave
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import imageio_ffmpeg
import mutagen
import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from mutagen.flac import Picture
from mutagen.id3 import APIC, ID3, TALB, TCON, TDRC, TIT2, TPE1, TPOS, TRCK
from mutagen.mp4 import MP4, MP4Cover
from PIL import Image

from auralarchive.audio.mp4.reader import read as read_mp4

Samples = npt.NDArray[np.float32]

#: How each kind of file is written: its suffix and FFmpeg's output arguments.
CODECS: dict[str, tuple[str, tuple[str, ...]]] = {
    "mp3": (".mp3", ("-c:a", "libmp3lame")),
    "m4a": (".m4a", ("-c:a", "aac", "-f", "ipod")),
    "m4b": (".m4b", ("-c:a", "aac", "-f", "ipod")),
    "alac": (".m4a", ("-c:a", "alac", "-f", "ipod")),
    "aac": (".aac", ("-c:a", "aac", "-f", "adts")),
    "flac": (".flac", ("-c:a", "flac")),
    "ogg": (".ogg", ("-c:a", "libvorbis")),
    "opus": (".opus", ("-c:a", "libopus")),
    "wma": (".wma", ("-c:a", "wmav2")),
    "wav": (".wav", ("-c:a", "pcm_s16le")),
}
_LOSSLESS = {"flac", "wav", "alac"}


def ffmpeg() -> str:
    """The FFmpeg for making fixtures: the system's, else the one that the project ships."""
    return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())


def ffmpeg_programs() -> list[Path]:
    """Every FFmpeg that is at hand: what holds for one version need not hold for another."""
    return [Path(found) for found in dict.fromkeys((ffmpeg(), str(imageio_ffmpeg.get_ffmpeg_exe())))]


def odd_length(number: int, seconds: float, rate: int) -> int:
    """Samples of chapter `number`: about `seconds` long, and no multiple of a codec's frame."""
    return int(seconds * rate) + 137 * number + 11


def voice(number: int, seconds: float = 4.0, rate: int = 44100, channels: int = 1) -> Samples:
    """A babble of syllables, shaped (samples, channels), peak 0.5; chapter 1 has its own, and so on."""
    random = np.random.default_rng(1000 + number)
    count = odd_length(number, seconds, rate)
    time = np.arange(count) / rate
    pitch = 110.0 + 20.0 * (number % 7) + 12.0 * np.sin(2 * np.pi * 2.3 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    tone = np.sum([np.sin(phase * harmonic) / harmonic for harmonic in range(1, 7)], axis=0)
    knots = random.uniform(0.1, 1.0, int(seconds * 5) + 3)
    loudness = np.interp(time * 5, np.arange(len(knots)), knots)
    sound = np.asarray(tone * loudness + 0.02 * random.standard_normal(count))
    mono: Samples = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    if channels == 1:
        return mono[:, None]
    return np.stack([mono, 0.6 * np.roll(mono, 97)], axis=1).astype(np.float32)


def write_wav(path: Path, samples: Samples, rate: int = 44100) -> Path:
    """16-bit PCM."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def encode(
    path: Path, samples: Samples, codec: str, *, rate: int = 44100, bitrate: int = 64, extra: tuple[str, ...] = ()
) -> Path:
    """Write `samples` to `path` as `codec` (see `CODECS`), whatever the path's suffix; bitrate in kbit/s."""
    arguments = CODECS[codec][1] + (() if codec in _LOSSLESS else ("-b:a", f"{bitrate}k"))
    source = ("-f", "f32le", "-ar", str(rate), "-ac", str(samples.shape[1]), "-i", "pipe:0")
    container = () if "-f" in arguments else ("-f", _muxer(codec))
    command = [ffmpeg(), "-v", "error", "-y", *source, *arguments, *container, *extra, f"file:{path}"]
    subprocess.run(command, input=samples.tobytes(), check=True)
    return path


def _muxer(codec: str) -> str:
    return {"wma": "asf"}.get(codec, codec)


def make_book(
    folder: Path,
    chapters: int = 3,
    seconds: float = 4.0,
    codec: str = "mp3",
    *,
    rate: int = 44100,
    channels: int = 1,
    bitrate: int = 64,
    title: str = "The Test Book",
    author: str = "Ann Author",
    tags: bool = True,
    cover: bool = False,
    name: str = "{number:02d} - Chapter {number}",
) -> tuple[Path, ...]:
    """A folder of one file a chapter; for "m4b" one file with all of them inside. Returns the paths.

    `cover` puts a picture into the first file. Chapter N sounds like `voice(N, seconds, rate, channels)`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if codec == "m4b":
        return (make_m4b(folder / f"{title}.m4b", chapters, seconds, rate=rate, channels=channels, bitrate=bitrate),)
    paths = []
    for number in range(1, chapters + 1):
        path = folder / (name.format(number=number) + CODECS[codec][0])
        encode(path, voice(number, seconds, rate, channels), codec, rate=rate, bitrate=bitrate)
        if tags:
            tag(path, Tags(title, author, f"Chapter {number}", number, chapters), cover=cover and number == 1)
        paths.append(path)
    return tuple(paths)


def make_m4b(
    path: Path,
    chapters: int = 3,
    seconds: float = 4.0,
    *,
    rate: int = 44100,
    channels: int = 1,
    bitrate: int = 64,
    titles: tuple[str, ...] = (),
) -> Path:
    """One M4B as other programs make it: FFmpeg's muxer, its chapters, title and artist, moov in front."""
    parts = [voice(number, seconds, rate, channels) for number in range(1, chapters + 1)]
    names = titles or tuple(f"Chapter {number}" for number in range(1, chapters + 1))
    lines = [";FFMETADATA1", "title=The Test Book", "artist=Ann Author"]
    start = 0
    for part, name in zip(parts, names, strict=True):
        lines += ["[CHAPTER]", f"TIMEBASE=1/{rate}", f"START={start}", f"END={start + len(part)}", f"title={name}"]
        start += len(part)
    metadata = path.with_suffix(".ffmetadata")
    metadata.write_text("\n".join(lines), encoding="utf-8")
    extra = ("-i", f"file:{metadata}", "-map", "0:a", "-map_metadata", "1", "-map_chapters", "1")
    # Inputs come before the output's arguments: the metadata file is the second input.
    source = ("-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "pipe:0")
    output = ("-c:a", "aac", "-b:a", f"{bitrate}k", "-movflags", "+faststart", "-f", "ipod")
    command = [ffmpeg(), "-v", "error", "-y", *source, *extra, *output, f"file:{path}"]
    subprocess.run(command, input=np.concatenate(parts).tobytes(), check=True)
    metadata.unlink()
    return path


@dataclass(frozen=True)
class Tags:
    """What a fixture's file says of itself."""

    album: str
    author: str
    title: str
    track: int
    tracks: int
    disc: int | None = None
    genre: str = "Audiobook"
    year: str = "2019"


def tag(path: Path, tags: Tags, *, cover: bool = False) -> None:
    """Write `tags` the way the file's format does; formats without tags (WAV, raw AAC) are left alone."""
    if path.suffix == ".mp3":
        _tag_id3(path, tags, cover=cover)
    elif path.suffix in {".m4a", ".m4b"}:
        _tag_mp4(path, tags, cover=cover)
    elif path.suffix in {".flac", ".ogg", ".opus"}:
        _tag_vorbis(path, tags, cover=cover)


def _tag_id3(path: Path, tags: Tags, *, cover: bool) -> None:
    frames = ID3()
    text = {TIT2: tags.title, TALB: tags.album, TPE1: tags.author, TCON: tags.genre, TDRC: tags.year}
    for frame, value in text.items():
        frames.add(frame(encoding=3, text=value))
    frames.add(TRCK(encoding=3, text=f"{tags.track}/{tags.tracks}"))
    if tags.disc is not None:
        frames.add(TPOS(encoding=3, text=str(tags.disc)))
    if cover:
        frames.add(APIC(encoding=3, mime="image/jpeg", type=3, desc="Cover", data=picture()))
    frames.save(path)


def _tag_mp4(path: Path, tags: Tags, *, cover: bool) -> None:
    file = MP4(path)
    file["\xa9nam"], file["\xa9alb"], file["\xa9ART"] = [tags.title], [tags.album], [tags.author]
    file["\xa9gen"], file["\xa9day"] = [tags.genre], [tags.year]
    file["trkn"] = [(tags.track, tags.tracks)]
    if cover:
        file["covr"] = [MP4Cover(picture(), MP4Cover.FORMAT_JPEG)]
    file.save()


def _tag_vorbis(path: Path, tags: Tags, *, cover: bool) -> None:
    file = mutagen.File(path)
    file["title"], file["album"], file["artist"] = tags.title, tags.album, tags.author
    file["tracknumber"], file["genre"], file["date"] = str(tags.track), tags.genre, tags.year
    if cover and path.suffix == ".flac":
        art = Picture()
        art.data, art.type, art.mime = picture(), 3, "image/jpeg"
        file.add_picture(art)
    file.save()


def picture(size: int = 300, kind: str = "JPEG", colour: tuple[int, int, int] = (180, 60, 40)) -> bytes:
    """A square picture of one colour."""
    image = Image.new("RGB", (size, size), colour)
    buffer = BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def decode(path: Path, *, rate: int | None = None, channels: int | None = None) -> Samples:
    """What a player hears: FFmpeg's decode of the whole file, shaped (samples, channels)."""
    probe = _stream(path)
    rate, channels = rate or probe[0], channels or probe[1]
    command = [ffmpeg(), "-nostdin", "-v", "error", "-i", f"file:{path}", "-map", "0:a:0"]
    command += ["-ar", str(rate), "-ac", str(channels), "-f", "f32le", "pipe:1"]
    raw = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(raw, "<f4").reshape(-1, channels)


def _stream(path: Path) -> tuple[int, int]:
    info = mutagen.File(path).info
    return int(getattr(info, "sample_rate", 48000)), int(info.channels)  # Opus is always 48 kHz


def lock_aaxc(plain: Path, target: Path, key: bytes, iv: bytes) -> Path:
    """An AAXC book from one's own M4A, with a key of one's own choosing: AES-CBC of each packet's whole blocks."""
    data = bytearray(plain.read_bytes())
    _lock_packets(plain, data, key, iv)
    data[8:12] = b"aaxc"
    target.write_bytes(data)
    return target


def lock_aax(plain: Path, target: Path, activation: bytes, key: bytes, salt: bytes) -> Path:
    """An AAX book from one's own M4A: the file's key lies in it, locked with activation bytes of our choosing.

    The index must come last in `plain` (as FFmpeg writes it): it grows by the box that holds the key.
    """
    fixed = bytes.fromhex("77214d4b196a87cd520045fd20a51d67")
    outer_key = _sha1(fixed, activation)
    outer_iv = _sha1(fixed, outer_key, activation)
    blob = activation[::-1] + bytes(4) + key + bytes(2) + salt + bytes(6)
    locked = _cbc(outer_key[:16], outer_iv[:16], blob)
    checksum = _sha1(outer_key[:16], outer_iv[:16])
    body = bytes(8) + locked + bytes(8) + bytes(4) + checksum + bytes(4)
    box = (8 + len(body)).to_bytes(4, "big") + b"adrm" + body
    data = bytearray(plain.read_bytes())
    _lock_packets(plain, data, key, _sha1(salt, key, fixed)[:16])
    data[8:12] = b"aax "
    _insert_in_entry(data, box)
    target.write_bytes(data)
    return target


def _insert_in_entry(data: bytearray, box: bytes) -> None:
    """Put `box` at the end of the sample entry, and lengthen everything around it."""
    at = data.index(b"moov") - 4
    parents = [at]
    for name in (b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4a"):
        at = data.index(name, at) - 4
        parents.append(at)
    data[at + 4 : at + 8] = b"aavd"
    end = at + int.from_bytes(data[at : at + 4], "big")
    for parent in parents:
        length = int.from_bytes(data[parent : parent + 4], "big") + len(box)
        data[parent : parent + 4] = length.to_bytes(4, "big")
    data[end:end] = box


def _lock_packets(plain: Path, data: bytearray, key: bytes, iv: bytes) -> None:
    with plain.open("rb") as file:
        packets = read_mp4(file.fileno()).audio[0].packets
    for offset, size in zip(packets.offsets.tolist(), packets.sizes.tolist(), strict=True):
        whole = size - size % 16
        data[offset : offset + whole] = _cbc(key, iv, bytes(data[offset : offset + whole]))


def _cbc(key: bytes, iv: bytes, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _sha1(*parts: bytes) -> bytes:
    return hashlib.sha1(b"".join(parts), usedforsecurity=False).digest()

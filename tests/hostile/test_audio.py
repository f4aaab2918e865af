"""What arrives may be made to harm: every case ends in a clear refusal, or in a book that is right."""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mutagen.id3 import CHAP, ID3, TIT2

from auralarchive.audio.engine import Engine
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.audio import ConvertRequest, ConvertResult
from auralarchive.ports.errors import AuralError, Damaged, InvalidInput, Misconfigured, TransientError
from auralarchive.ports.work import CancelToken
from tests.support.audio import encode, ffmpeg, lock_aaxc, make_book, make_m4b, picture, voice

KEY, IV = bytes(range(16)), bytes(range(50, 66))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    folder = tmp_path / "book"
    folder.mkdir()
    return folder


@pytest.fixture
def convert(tmp_path: Path) -> Callable[..., ConvertResult]:
    """Convert a folder; whatever goes wrong, the work folder must be empty and the sources as before."""

    def run(source: Path, settings: AudioSettings | None = None, **wishes: object) -> ConvertResult:
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        before = _state(source)
        try:
            request = ConvertRequest((source,), work, **wishes)  # type: ignore[arg-type]  # tests pass keywords on
            return Engine(settings).convert(request, lambda part: None, CancelToken())
        except AuralError:
            assert list(work.iterdir()) == []
            raise
        finally:
            assert _state(source) == before

    return run


def _state(source: Path) -> dict[Path, tuple[int, int]]:
    paths = [source, *source.rglob("*")] if source.is_dir() else [source]
    return {path: (path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths}


LISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{secret}\n#EXT-X-ENDLIST\n",
    "hls-http": "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{secret}'\n",
    "xspf": '<?xml version="1.0"?><playlist><trackList><location>{secret}</location></trackList></playlist>',
    "pls": "[playlist]\nFile1={secret}\n",
    "page": "<!DOCTYPE html><html><body>Not found</body></html>",
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_of_other_files_is_no_audio(
    book: Path, tmp_path: Path, convert: Callable[..., ConvertResult], kind: str
) -> None:
    """A playlist named as audio would make FFmpeg read files and addresses that it names."""
    secret = encode(tmp_path / "secret.mp3", voice(9, 1.0), "mp3")
    (book / "01.mp3").write_text(LISTS[kind].format(secret=secret), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"01\.mp3"):
        convert(book)


def test_a_list_with_real_frames_behind_it_stays_what_its_frames_are(
    book: Path, convert: Callable[..., ConvertResult]
) -> None:
    """Content that is both list and MP3 is read as MP3 alone: FFmpeg is told the container."""
    sound = encode(book / "01.mp3", voice(1, 2.0), "mp3").read_bytes()
    (book / "01.mp3").write_bytes(b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n" + sound[sound.index(b"\xff\xfb") :])
    assert convert(book).mode == "encode"


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _zeros(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


def _one_frame(path: Path) -> None:
    path.write_bytes(encode(path, voice(1, 1.0), "mp3").read_bytes()[45:300])


def _noise(path: Path) -> None:
    path.write_bytes(os.urandom(200_000))


def _text(path: Path) -> None:
    path.write_text("no audio at all\n" * 100, encoding="utf-8")


@pytest.mark.parametrize("make", [_empty, _zeros, _one_frame, _noise, _text])
def test_nothing_that_only_calls_itself_audio_becomes_a_book(
    book: Path, convert: Callable[..., ConvertResult], make: Callable[[Path], None]
) -> None:
    """Empty, zeros, one frame, noise and text are refused by name, quickly."""
    make(book / "01.mp3")
    started = time.monotonic()
    with pytest.raises((InvalidInput, Damaged), match=r"01\.mp3"):
        convert(book)
    assert time.monotonic() - started < 10


def _cut_mp3(path: Path) -> Path:
    whole = encode(path.with_suffix(".mp3"), voice(1, 4.0), "mp3")
    os.truncate(whole, whole.stat().st_size * 6 // 10)
    return whole


def _holed_mp3(path: Path) -> Path:
    return _overwrite(encode(path.with_suffix(".mp3"), voice(1, 4.0), "mp3"), 3000)


def _cut_m4b(path: Path) -> Path:
    whole = make_m4b(path.with_suffix(".m4b"), 1)
    os.truncate(whole, whole.stat().st_size * 6 // 10)
    return whole


def _cut_m4a(path: Path) -> Path:
    whole = encode(path.with_suffix(".m4a"), voice(1, 4.0), "m4a")
    os.truncate(whole, whole.stat().st_size * 6 // 10)
    return whole


def _holed_m4a(path: Path) -> Path:
    return _overwrite(encode(path.with_suffix(".m4a"), voice(1, 4.0), "m4a"), 3000)


def _holed_m4b(path: Path) -> Path:
    return _overwrite(make_m4b(path.with_suffix(".m4b"), 1), 3000)


def _cut_flac(path: Path) -> Path:
    whole = encode(path.with_suffix(".flac"), voice(1, 4.0), "flac")
    os.truncate(whole, whole.stat().st_size * 6 // 10)
    return whole


def _cut_wav(path: Path) -> Path:
    whole = encode(path.with_suffix(".wav"), voice(1, 4.0), "wav", extra=("-bitexact",))
    data = bytearray(whole.read_bytes())
    # Written to a pipe the header has no length: give it the true one, then cut.
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", len(data) - at - 4)
    data[4:8] = struct.pack("<I", len(data) - 8)
    whole.write_bytes(data[: len(data) * 6 // 10])
    return whole


def _holed_ogg(path: Path) -> Path:
    return _overwrite(encode(path.with_suffix(".ogg"), voice(1, 4.0), "ogg"), 3000)


def _overwrite(path: Path, length: int) -> Path:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\x00" * length)
    return path


@pytest.mark.parametrize(
    "make",
    [_cut_mp3, _holed_mp3, _cut_m4b, _cut_m4a, _holed_m4a, _holed_m4b, _cut_flac, _cut_wav, _holed_ogg],
)
def test_a_damaged_source_is_named(
    book: Path, convert: Callable[..., ConvertResult], make: Callable[[Path], Path]
) -> None:
    """FFmpeg's return code is 0 for most of these: a chapter would end in the middle and nobody know."""
    path = make(book / "07 Odd name")
    with pytest.raises(Damaged, match="07 Odd name"):
        convert(book)
    assert path.exists()


def test_a_damaged_source_among_good_ones_is_named_with_its_second(
    book: Path, convert: Callable[..., ConvertResult]
) -> None:
    """The message leads to the file and the place inside it, not inside the book."""
    make_book(book, codec="m4a", seconds=4.0)
    _overwrite(book / "02 - Chapter 2.m4a", 2000)
    with pytest.raises(Damaged, match=r"02 - Chapter 2\.m4a is damaged at 0:00:0[12]|02 - Chapter 2|packets of"):
        convert(book)


def test_silence_is_no_book(book: Path, convert: Callable[..., ConvertResult]) -> None:
    encode(book / "01.flac", voice(1, 2.0) * 0, "flac")
    with pytest.raises(Damaged, match="silent"):
        convert(book)


def test_pipes_links_and_loops_are_left_out(book: Path, tmp_path: Path, convert: Callable[..., ConvertResult]) -> None:
    """A pipe would block for ever, a link lead out of the folder, a loop never end."""
    make_book(book, chapters=1, seconds=2.0)
    outside = encode(tmp_path / "outside.mp3", voice(5, 1.0), "mp3")
    os.mkfifo(book / "02.mp3")
    (book / "03.mp3").symlink_to(outside)
    (book / "loop").symlink_to(book)
    result = convert(book)
    assert len(result.chapters) == 1
    assert len([text for text in result.warnings if "left out" in text]) == 2


def test_a_link_or_pipe_as_the_only_source_is_no_audio(tmp_path: Path, convert: Callable[..., ConvertResult]) -> None:
    os.mkfifo(tmp_path / "book.mp3")
    (tmp_path / "link.m4b").symlink_to("/etc/passwd")
    for name in ("book.mp3", "link.m4b"):
        with pytest.raises(InvalidInput):
            convert(tmp_path / name)


def test_a_file_swapped_for_a_link_is_never_read(book: Path, tmp_path: Path) -> None:
    """Between finding and reading, a neighbour with write access may swap a file."""
    make_book(book, chapters=1, seconds=2.0)
    secret = encode(tmp_path / "secret.mp3", voice(5, 1.0), "mp3")
    path = book / "01 - Chapter 1.mp3"

    def swap(part: float) -> None:
        if path.is_file() and not path.is_symlink():
            path.unlink()
            path.symlink_to(secret)

    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(TransientError):
        Engine().convert(ConvertRequest((book,), work), swap, CancelToken())
    assert list(work.iterdir()) == []


def test_a_file_still_being_written_is_tried_again(book: Path, tmp_path: Path) -> None:
    make_book(book, chapters=1, seconds=2.0, codec="m4a")

    def grow(part: float) -> None:
        with (book / "01 - Chapter 1.m4a").open("ab") as file:
            file.write(b"more")

    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(TransientError, match="still being written"):
        Engine().convert(ConvertRequest((book,), work), grow, CancelToken())


@pytest.mark.parametrize(
    "name", ["-i.mp3", "a:b.mp3", "a'b\"c;d#e%f\\g.mp3", "tab\tline\nfeed.mp3", "é日本語🎧.mp3", "x" * 251 + ".mp3"]
)
def test_odd_names_are_only_names(book: Path, convert: Callable[..., ConvertResult], name: str) -> None:
    """No name reaches FFmpeg's command line."""
    encode(book / "x.mp3", voice(1, 1.0), "mp3").rename(book / name)
    (chapter,) = convert(book).chapters
    assert chapter.title.isprintable()


def test_a_chapter_title_cannot_add_chapters(book: Path, convert: Callable[..., ConvertResult]) -> None:
    make_book(book, chapters=2, seconds=1.0)
    evil = ID3(book / "01 - Chapter 1.mp3")
    evil["TIT2"].text = ["One\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=Evil=;#\\"]
    evil.save()
    result = convert(book)
    assert [chapter.title for chapter in result.chapters] == [
        "One [CHAPTER] TIMEBASE=1/1 START=0 END=1 title=Evil=;#\\",
        "Chapter 2",
    ]


def test_too_many_chapter_marks_cost_neither_time_nor_chapters(
    book: Path, convert: Callable[..., ConvertResult]
) -> None:
    path = encode(book / "01.mp3", voice(1, 2.0), "mp3")
    mark = b"CHAP" + (23).to_bytes(4, "big") + bytes(2) + b"chap00\0" + bytes(16)
    body = mark * 100_000
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x04\0\0" + size + body + path.read_bytes())
    started = time.monotonic()
    assert len(convert(book).chapters) == 1
    assert time.monotonic() - started < 15


def test_chapters_beyond_the_end_are_dropped(book: Path, convert: Callable[..., ConvertResult]) -> None:
    path = encode(book / "01.mp3", voice(1, 3.0), "mp3")
    tags = ID3()
    for number, start in enumerate((0, 1000, 900_000, 2**32 - 2)):
        title = TIT2(encoding=3, text=f"C{number}")
        tags.add(CHAP(element_id=f"c{number}", start_time=start, end_time=start + 1, sub_frames=[title]))
    tags.save(path)
    assert [chapter.title for chapter in convert(book).chapters] == ["C0", "C1"]


def test_a_kilobyte_that_promises_four_thousand_million_packets(
    book: Path, convert: Callable[..., ConvertResult]
) -> None:
    whole = encode(book / "01.m4a", voice(1, 1.0), "m4a").read_bytes()
    data = bytearray(whole)
    at = data.index(b"stsz") + 8
    for fixed in (0, 1):
        struct.pack_into(">II", data, at, fixed, 2**32 - 1)
        (book / "01.m4a").write_bytes(data)
        started = time.monotonic()
        with pytest.raises(Damaged):
            convert(book)
        assert time.monotonic() - started < 2


def test_a_header_that_promises_ten_thousand_hours(book: Path, convert: Callable[..., ConvertResult]) -> None:
    path = encode(book / "01.mp3", voice(1, 2.0), "mp3")
    data = bytearray(path.read_bytes())
    at = max(data.find(b"Xing"), data.find(b"Info"))
    struct.pack_into(">I", data, at + 8, 1_378_125_000)
    path.write_bytes(data)
    with pytest.raises(Damaged, match="too early"):
        convert(book)


def test_another_track_of_data_does_no_harm(book: Path, convert: Callable[..., ConvertResult]) -> None:
    """A video or data track beside the sound is left behind."""
    sound = encode(book / "s.wav", voice(1, 2.0), "wav")
    command = [ffmpeg(), "-v", "error", "-f", "lavfi", "-i", "testsrc=d=2:s=64x64", "-i", f"file:{sound}"]
    os.spawnv(os.P_WAIT, command[0], [*command, "-c:v", "mpeg4", "-c:a", "aac", "-f", "mp4", f"file:{book / '01.mp4'}"])
    sound.unlink()
    result = convert(book)
    assert result.mode == "remux"
    assert result.path.read_bytes().count(b"vide") == 0


def test_locked_books_say_what_is_missing(tmp_path: Path, convert: Callable[..., ConvertResult]) -> None:
    """Without or with a wrong key: a clear word, the file as it was, and no key in any text."""
    plain = encode(tmp_path / "plain.m4a", voice(1, 2.0), "m4a")
    locked = lock_aaxc(plain, tmp_path / "book.aaxc", KEY, IV)
    with pytest.raises(Misconfigured) as missing:
        convert(locked)
    assert missing.value.kind is FailureKind.KEY_MISSING
    assert missing.value.remedy
    wrong = AudioSettings(aaxc_keys=(AaxcKey(IV, KEY),))
    with pytest.raises(Misconfigured) as refused:
        convert(locked, wrong)
    assert refused.value.kind is FailureKind.KEY_WRONG
    for text in (repr(wrong), str(refused.value), str(missing.value)):
        assert KEY.hex() not in text
        assert repr(KEY) not in text


def _bomb(path: Path) -> None:
    """A PNG header of 60000x60000 pixels in a kilobyte."""
    data = bytearray(picture(64, "PNG"))
    struct.pack_into(">II", data, 16, 60_000, 60_000)
    path.write_bytes(data)


def _svg(path: Path) -> None:
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', encoding="utf-8")


def _cut_picture(path: Path) -> None:
    path.write_bytes(picture()[:-200])


def _gif(path: Path) -> None:
    path.write_bytes(picture(64, "GIF"))


@pytest.mark.parametrize("make", [_bomb, _svg, _cut_picture, _gif, _text])
def test_a_bad_cover_never_fails_the_book(
    book: Path, convert: Callable[..., ConvertResult], make: Callable[[Path], None]
) -> None:
    make_book(book, chapters=1, seconds=1.0)
    make(book / "cover.jpg")
    result = convert(book)
    assert result.cover is None
    assert any("cover.jpg" in text for text in result.warnings)


def _program(path: Path, body: str) -> Ffmpeg:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return Ffmpeg(path, "0", (9, 0), "test")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("sleep 100", TransientError),  # hangs: ended at the deadline
        ("kill -9 $$", TransientError),  # as the kernel does where memory is short
        ("exit 1", Damaged),
    ],
)
def test_an_ffmpeg_that_fails_is_told_apart_from_a_bad_source(
    book: Path, tmp_path: Path, body: str, error: type[AuralError]
) -> None:
    make_book(book, chapters=1, seconds=1.0)
    work = tmp_path / "work"
    work.mkdir()
    engine = Engine(AudioSettings(stall_seconds=1.0), _program(tmp_path / "ffmpeg", body))
    with pytest.raises(error):
        engine.convert(ConvertRequest((book,), work), lambda part: None, CancelToken())
    assert list(work.iterdir()) == []


def test_a_flood_of_warnings_neither_blocks_nor_fills_the_memory(book: Path, tmp_path: Path) -> None:
    """500 MB of words on stderr: only the last lines are kept."""
    make_book(book, chapters=1, seconds=1.0)
    work = tmp_path / "work"
    work.mkdir()
    flood = "head -c 500000000 /dev/zero | tr '\\0' 'w' 1>&2; exit 1"
    engine = Engine(AudioSettings(), _program(tmp_path / "ffmpeg", flood))
    with pytest.raises(Damaged):
        engine.convert(ConvertRequest((book,), work), lambda part: None, CancelToken())
    assert threading.active_count() < 20

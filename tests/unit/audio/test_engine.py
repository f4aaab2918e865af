"""The engine as a whole: exact lengths and marks, order, tags, cancelling, and nothing left behind."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import av
import imageio_ffmpeg
import mutagen
import numpy as np
import pytest
from mutagen.mp4 import MP4

from auralarchive.audio.engine import Engine
from auralarchive.audio.ffmpeg import Ffmpeg, examine
from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.domain.book import Book
from auralarchive.ports.audio import ConvertRequest
from auralarchive.ports.errors import Cancelled, Damaged, InvalidInput, NoSpace
from auralarchive.ports.work import CancelToken
from tests.support.audio import (
    Samples,
    Tags,
    decode,
    encode,
    lock_aax,
    lock_aaxc,
    make_book,
    make_m4b,
    odd_length,
    picture,
    tag,
    voice,
)
from tests.support.processes import wait_for
from tests.unit.audio.conftest import Convert

BOOK = Book(
    asin="B00TESTBK1",
    title="The Long Way",
    author="Ann Author",
    narrator="Nora Narrator",
    series="The Ways",
    series_part="3",
    year=2021,
    language="english",
    publisher="Paper House",
    description="A tale of the way.",
)
ROOT = Path(__file__).parents[3]


def _lengths(count: int, seconds: float, rate: int = 44100) -> list[int]:
    return [odd_length(number, seconds, rate) for number in range(1, count + 1)]


def _lag(reference: Samples, heard: Samples, search: int = 3000) -> int:
    """By how many samples `heard` comes later than `reference`."""
    size = 1 << int(np.ceil(np.log2(len(heard) + len(reference))))
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(reference, size))
    correlation = np.fft.irfft(product, size)
    around = np.concatenate([correlation[-search:], correlation[: search + 1]])
    return int(np.argmax(around)) - search


@pytest.mark.parametrize("codec", ["mp3", "flac", "wav", "ogg", "alac"])
def test_an_encode_is_exact_to_the_sample(tmp_path: Path, convert: Convert, codec: str) -> None:
    """Length, each chapter's mark, and each chapter's sound where its mark says: no drift, no gap."""
    make_book(tmp_path / "book", codec=codec, seconds=3.0)
    result = convert(tmp_path / "book")
    lengths = _lengths(3, 3.0)
    starts = np.cumsum([0, *lengths[:-1]])
    assert result.mode == "encode"
    assert round(result.duration_seconds * 44100) == sum(lengths)
    assert [round(chapter.start * 44100) for chapter in result.chapters] == starts.tolist()
    assert [chapter.title for chapter in result.chapters] == ["Chapter 1", "Chapter 2", "Chapter 3"]
    heard = decode(result.path, rate=44100, channels=1)[:, 0]
    for number, start, length in zip((1, 2, 3), starts, lengths, strict=True):
        assert _lag(voice(number, 3.0)[:, 0], heard[start : start + length]) == 0


@pytest.mark.parametrize("codec", ["opus", "wma", "mp3"])
def test_every_kind_and_rate_becomes_a_book(tmp_path: Path, convert: Convert, codec: str) -> None:
    """Stereo at another rate stays stereo; Opus and WMA have lengths of their own, told by their decode."""
    rate = 48000 if codec == "opus" else 22050
    paths = make_book(tmp_path / "book", codec=codec, seconds=2.0, rate=rate, channels=2, bitrate=64)
    result = convert(tmp_path / "book")
    counts = [len(decode(path, rate=rate, channels=2)) for path in paths]
    assert round(result.duration_seconds * rate) == sum(counts)
    info = mutagen.File(result.path).info
    assert (info.sample_rate, info.channels) == (rate, 2)
    assert result.bitrate_kbps <= 100


def test_parts_of_different_rates_take_the_highest(tmp_path: Path, convert: Convert) -> None:
    """A 22 kHz jingle in front must not make the whole book 22 kHz."""
    folder = tmp_path / "book"
    folder.mkdir()
    encode(folder / "1.mp3", voice(1, 2.0, 22050), "mp3", rate=22050)
    encode(folder / "2.mp3", voice(2, 2.0, 44100), "mp3")
    result = convert(folder)
    assert mutagen.File(result.path).info.sample_rate == 44100
    assert result.chapters[1].start == pytest.approx(odd_length(1, 2.0, 22050) / 22050, abs=1 / 22050)


@pytest.mark.parametrize("codec", ["m4a", "aac"])
def test_equal_aac_is_copied_packet_by_packet(tmp_path: Path, convert: Convert, codec: str) -> None:
    """Nothing is lost by joining: the packets are the sources' own bytes."""
    paths = make_book(tmp_path / "book", codec=codec, seconds=3.0)
    result = convert(tmp_path / "book")
    assert result.mode == "remux"
    sources = b"".join(packet for path in paths for packet in _packets(path))
    assert b"".join(_packets(result.path)) == sources
    assert len(result.chapters) == 3


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    # A raw stream's packets still carry their headers of seven bytes.
    return [packet[7:] for packet in packets] if path.suffix == ".aac" else packets


def test_unequal_aac_is_encoded(tmp_path: Path, convert: Convert) -> None:
    """Copying parts of two sample rates into one track would play the second at the wrong speed."""
    folder = tmp_path / "book"
    folder.mkdir()
    encode(folder / "1.m4a", voice(1, 2.0, 44100), "m4a")
    encode(folder / "2.m4a", voice(2, 2.0, 22050), "m4a", rate=22050)
    result = convert(folder)
    assert result.mode == "encode"
    assert result.duration_seconds == pytest.approx((odd_length(1, 2.0, 44100) + 2 * odd_length(2, 2.0, 22050)) / 44100)


def test_a_good_m4b_is_left_alone(tmp_path: Path, convert: Convert) -> None:
    """It may be seeding: not a byte of it changes, and nothing is written in its place."""
    path = make_m4b(tmp_path / "book.m4b")
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    result = convert(path)
    assert (result.mode, result.path) == ("keep", path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert result.sha256 == hashlib.sha256(before[0]).hexdigest()
    assert [chapter.title for chapter in result.chapters] == ["Chapter 1", "Chapter 2", "Chapter 3"]
    assert list((tmp_path / "work").iterdir()) == []


def test_tags_that_were_asked_for_go_into_a_copy_of_what_could_be_kept(tmp_path: Path, convert: Convert) -> None:
    """Sound and chapters stay as they were, packet by packet; the source is not written."""
    path = make_m4b(tmp_path / "book.m4b", chapters=3, seconds=2)
    before = path.read_bytes()
    result = convert(path, book=Book("AA-1", "Emma", "Jane Austen", narrator="A Reader"), retag=True)
    made = MP4(result.path)
    assert (result.mode, path.read_bytes()) == ("remux", before)
    assert (made["\xa9nam"], made["\xa9ART"], made["\xa9wrt"]) == (["Emma"], ["Jane Austen"], ["A Reader"])
    assert [chapter.title for chapter in result.chapters] == ["Chapter 1", "Chapter 2", "Chapter 3"]


def test_an_m4a_becomes_an_m4b_with_its_chapters(tmp_path: Path, convert: Convert) -> None:
    make_m4b(tmp_path / "book.m4b", titles=("One", "Two", "Three")).rename(tmp_path / "book.m4a")
    result = convert(tmp_path / "book.m4a")
    assert (result.mode, result.path.suffix) == ("remux", ".m4b")
    assert [chapter.title for chapter in result.chapters] == ["One", "Two", "Three"]


def test_locked_books_open_with_their_owners_key(tmp_path: Path, convert: Convert) -> None:
    """The unlocked packets are the original ones; a voucher beside the file serves as well."""
    plain = encode(tmp_path / "plain.m4a", voice(1, 3.0), "m4a")
    key, iv, activation = bytes(range(16)), bytes(range(30, 46)), bytes.fromhex("c0ffee11")
    aaxc = lock_aaxc(plain, tmp_path / "book.aaxc", key, iv)
    aax = lock_aax(plain, tmp_path / "book.aax", activation, key, iv)
    expected = _packets(plain)
    assert _packets(convert(aaxc, AudioSettings(aaxc_keys=(AaxcKey(key, iv),))).path) == expected
    assert _packets(convert(aax, AudioSettings(aax_activation_bytes=("c0ffee11",))).path) == expected
    voucher = {"content_license": {"license_response": {"key": key.hex(), "iv": iv.hex()}}}
    (tmp_path / "book.voucher").write_text(json.dumps(voucher), encoding="utf-8")
    result = convert(aaxc)
    assert _packets(result.path) == expected
    assert key.hex() not in json.dumps(result.recipe)


def test_a_locked_book_keeps_its_names(tmp_path: Path, convert: Convert) -> None:
    """Messages and a missing title speak of the person's file and folder, never of our work files."""
    key, iv = bytes(range(16)), bytes(range(30, 46))
    plain = encode(tmp_path / "plain.m4a", voice(1, 3.0, 44100, 2), "m4a")
    (tmp_path / "The Folder").mkdir()
    locked = lock_aaxc(plain, tmp_path / "The Folder" / "book.aaxc", key, iv)
    result = convert(locked, AudioSettings(aaxc_keys=(AaxcKey(key, iv),)))
    assert MP4(result.path)["\xa9nam"] == ["The Folder"]
    # Such an IV spoils too little to be told from the packets' beginnings: only the decoder sees it.
    turned = bytes(one ^ other for one, other in zip(iv, bytes([0x01, 0x55]) * 8, strict=True))
    with pytest.raises(Damaged, match=r"^book\.aaxc is damaged"):
        convert(locked, AudioSettings(aaxc_keys=(AaxcKey(key, turned),)))


def test_tags_are_read_back_by_everyone(tmp_path: Path, convert: Convert) -> None:
    """mutagen, PyAV and FFmpeg find title, people, series, number, chapters and cover."""
    make_book(tmp_path / "book", seconds=1.0, cover=True)
    result = convert(tmp_path / "book", book=BOOK)
    tags = MP4(result.path)
    own = "----:com.apple.iTunes:"
    assert (tags["\xa9nam"], tags["\xa9alb"], tags["\xa9ART"]) == ([BOOK.title], [BOOK.title], [BOOK.author])
    assert (tags["\xa9wrt"], tags[own + "NARRATOR"]) == ([BOOK.narrator], [b"Nora Narrator"])
    assert (tags[own + "SERIES"], tags[own + "SERIES-PART"]) == ([b"The Ways"], [b"3"])
    assert tags[own + "ASIN"] == [b"B00TESTBK1"]
    assert (tags["stik"], tags["pgap"]) == ([2], True)
    assert [chapter.title for chapter in tags.chapters] == ["Chapter 1", "Chapter 2", "Chapter 3"]
    assert bytes(tags["covr"][0]) == picture()
    assert result.cover is not None
    assert result.cover.read_bytes() == picture()
    with av.open(str(result.path)) as container:
        assert container.metadata["title"] == BOOK.title
        assert container.metadata["SERIES"] == "The Ways"
        marks = [round(mark["start"] * float(mark["time_base"] or 0) * 44100) for mark in container.chapters()]
        assert marks == [round(chapter.start * 44100) for chapter in result.chapters]


def test_sources_are_heard_in_the_order_of_disc_and_track(tmp_path: Path, convert: Convert) -> None:
    """Names would say otherwise: the tags know."""
    folder = tmp_path / "book"
    folder.mkdir()
    for number, name in ((1, "zebra"), (2, "mole"), (3, "ant")):
        path = encode(folder / f"{name}.mp3", voice(number, 2.0), "mp3")
        tag(path, Tags("Book", "Author", name.title(), track=1 + number % 2, tracks=2, disc=1 + number // 2))
    # Discs and tracks: zebra 1/2, mole 2/1, ant 2/2.
    result = convert(folder)
    assert [chapter.title for chapter in result.chapters] == ["Zebra", "Mole", "Ant"]


def test_one_long_file_is_encoded_in_segments_without_a_gap(tmp_path: Path, convert: Convert) -> None:
    """At each joint the sound is as near to the source as elsewhere, and no sample more or less."""
    sound = voice(1, 170.0)
    path = encode(tmp_path / "long.mp3", sound, "mp3")
    result = convert(path, jobs=2)
    joints = result.recipe["decisions"]["joints"]
    assert len(joints) == 2
    assert result.recipe["decisions"]["joints_without_agreement"] == 0
    assert round(result.duration_seconds * 44100) == len(sound)
    reference, heard = decode(path)[:, 0], decode(result.path)[:, 0]
    error = reference - heard[: len(reference)]
    usual = np.sqrt((error**2).mean())
    for joint in joints:
        around = error[(joint - 2) * 1024 : (joint + 1) * 1024]
        assert np.sqrt((around**2).mean()) < 4 * usual


def test_a_wish_for_fewer_bits_encodes_even_aac(tmp_path: Path, convert: Convert) -> None:
    path = make_m4b(tmp_path / "book.m4b", bitrate=96)
    result = convert(path, bitrate_kbps=48)
    assert result.mode == "encode"
    assert result.bitrate_kbps < 60


def test_a_person_s_own_chapters_win(tmp_path: Path, convert: Convert) -> None:
    path = make_m4b(tmp_path / "book.m4b")
    marks = tmp_path / "chapters.txt"
    marks.write_text("0:00:00.000 Start\n0:00:02.500 Later\n", encoding="utf-8")
    result = convert(path, chapters_file=marks)
    assert result.mode == "remux"
    assert [(chapter.title, chapter.start) for chapter in result.chapters] == [("Start", 0.0), ("Later", 2.5)]
    marks.write_text("nothing of use", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"chapters\.txt"):
        convert(path, chapters_file=marks)


def test_companions_are_listed(tmp_path: Path, convert: Convert) -> None:
    make_book(tmp_path / "book", seconds=1.0)
    for name in ("book.pdf", "notes.nfo", "cover.jpg", "virus.exe"):
        (tmp_path / "book" / name).write_bytes(picture() if name == "cover.jpg" else b"x")
    (tmp_path / "book" / "link.pdf").symlink_to("/etc/passwd")
    result = convert(tmp_path / "book")
    assert sorted(path.name for path in result.companions) == ["book.pdf", "cover.jpg", "notes.nfo"]
    assert result.cover is not None


def test_progress_only_grows(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    make_book(tmp_path / "book", seconds=2.0)
    (tmp_path / "work").mkdir()
    seen: list[float] = []
    request = ConvertRequest((tmp_path / "book",), tmp_path / "work")
    Engine(ffmpeg=ffmpeg).convert(request, seen.append, CancelToken())
    assert seen == sorted(set(seen))
    assert (seen[-1], len(seen) > 5) == (1.0, True)


@pytest.mark.parametrize("when", [0.05, 0.5, 0.95])
def test_a_cancel_ends_everything(tmp_path: Path, ffmpeg: Ffmpeg, when: float) -> None:
    """While decoding, encoding or proving: FFmpeg goes, and so does every file of ours."""
    path = encode(tmp_path / "long.wav", np.tile(voice(1, 30.0), (6, 1)), "wav")
    (tmp_path / "work").mkdir()
    cancel = CancelToken()
    parts: list[float] = []

    def progress(part: float) -> None:
        parts.append(part)
        if part >= when:
            cancel.cancel()

    with pytest.raises(Cancelled):
        Engine(ffmpeg=ffmpeg).convert(ConvertRequest((path,), tmp_path / "work"), progress, cancel)
    assert parts[-1] < 1.0
    assert list((tmp_path / "work").iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("encode")]


def test_a_full_disk_is_told_before_the_work(tmp_path: Path, ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing here that the real disk cannot show: how much is free."""
    make_book(tmp_path / "book", chapters=1, seconds=1.0)
    (tmp_path / "work").mkdir()
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("auralarchive.audio.workspace.shutil.disk_usage", lambda path: usage)
    with pytest.raises(NoSpace, match="MB are needed"):
        Engine(ffmpeg=ffmpeg).convert(
            ConvertRequest((tmp_path / "book",), tmp_path / "work"), lambda part: None, CancelToken()
        )


_CHILD = """
import sys, pathlib
from auralarchive.audio.engine import Engine
from auralarchive.ports.audio import ConvertRequest
from auralarchive.ports.work import CancelToken
request = ConvertRequest((pathlib.Path(sys.argv[1]),), pathlib.Path(sys.argv[2]))
Engine().convert(request, lambda part: print(part, flush=True), CancelToken())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_ffmpeg_dies_with_us(tmp_path: Path) -> None:
    """A kill -9 leaves no FFmpeg behind that would write on into a folder of somebody else."""
    path = encode(tmp_path / "long.wav", np.tile(voice(1, 30.0), (10, 1)), "wav")
    (tmp_path / "work").mkdir()
    command = [sys.executable, "-c", _CHILD, str(path), str(tmp_path / "work")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout
        while float(parent.stdout.readline() or b"1") < 0.1:
            continue
        children = _children(parent.pid)
        assert children
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: all(_is_zombie(child) for child in children))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text(encoding="ascii").split()]


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_the_shipped_ffmpeg_serves_as_well(tmp_path: Path) -> None:
    """Where the system has none: same exactness with the FFmpeg that comes with us."""
    shipped = examine(Path(imageio_ffmpeg.get_ffmpeg_exe()), "shipped")
    assert shipped is not None
    make_book(tmp_path / "book", seconds=2.0)
    (tmp_path / "work").mkdir()
    request = ConvertRequest((tmp_path / "book",), tmp_path / "work")
    result = Engine(ffmpeg=shipped).convert(request, lambda part: None, CancelToken())
    assert round(result.duration_seconds * 44100) == sum(_lengths(3, 2.0))


def test_many_small_parts_neither_drift_nor_run_out_of_files(tmp_path: Path, convert: Convert) -> None:
    """Each rounding of a part would add up: here there is none."""
    one = make_book(tmp_path / "book", chapters=4, seconds=0.5, codec="wav", tags=False)
    for number in range(5, 31):
        os.link(one[number % 4], tmp_path / "book" / f"{number:02d}.wav")
    result = convert(tmp_path / "book")
    lengths = [odd_length(number if number < 5 else number % 4 + 1, 0.5, 44100) for number in range(1, 31)]
    assert round(result.duration_seconds * 44100) == sum(lengths)
    assert [round(chapter.start * 44100) for chapter in result.chapters] == np.cumsum([0, *lengths[:-1]]).tolist()


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_only_the_odd_part_of_a_book_is_encoded(tmp_path: Path, convert: Convert, odd: int) -> None:
    """All others keep their packets, byte for byte; every part lies where the chapters say."""
    folder = tmp_path / "book"
    folder.mkdir()
    sounds = [voice(number, 6.0) for number in (1, 2, 3)]
    for number, sound in enumerate(sounds):
        kind = "mp3" if number == odd else "m4a"
        encode(folder / f"{number + 1}.{kind}", sound, kind)
    result = convert(folder)
    assert result.mode == "mixed"
    assert "1 of 3" in result.recipe["decisions"]["reason"]
    made = _packets(result.path)
    for number in set(range(3)) - {odd}:
        assert set(_packets(folder / f"{number + 1}.m4a")[2:-1]) <= set(made)
    heard = decode(result.path)[:, 0]
    for chapter, sound in zip(result.chapters, sounds, strict=True):
        start = round(chapter.start * 44100)
        piece, wanted = heard[start : start + 44100], sound[:44100, 0]
        assert np.corrcoef(piece, wanted)[0, 1] > 0.98


def test_parts_of_whole_packets_meet_without_a_gap(tmp_path: Path, convert: Convert) -> None:
    """Only the packets around the joint are made anew; the report says how many."""
    folder = tmp_path / "book"
    folder.mkdir()
    whole = voice(1, 20.0)[: 800 * 1024]
    for number, sound in enumerate(np.split(whole, [400 * 1024]), 1):
        encode(folder / f"{number}.m4a", sound, "m4a", extra=("-movie_timescale", "44100"))
    result = convert(folder)
    (joint,) = result.recipe["decisions"]["joints"]
    assert (result.mode, joint["kind"], joint["gap"]) == ("remux", "gapless", 0)
    proof = result.recipe["verification"]
    assert proof["identical_packets"] == proof["packets"] - joint["touched"]
    assert 0 < joint["touched"] < 10
    heard = decode(result.path, channels=1)
    assert len(whole) <= len(heard) < len(whole) + 1024
    around = slice(395 * 1024, 405 * 1024)
    assert np.corrcoef(heard[around, 0], whole[around, 0])[0, 1] > 0.99


@pytest.mark.parametrize(("rule", "mode", "kind"), [("plain", "remux", "plain"), ("close", "remux", "close")])
def test_joints_follow_the_rule_that_was_chosen(
    tmp_path: Path, convert: Convert, rule: str, mode: str, kind: str
) -> None:
    make_book(tmp_path / "book", chapters=2, codec="m4a")
    result = convert(tmp_path / "book", joints=rule)
    (joint,) = result.recipe["decisions"]["joints"]
    assert (result.mode, joint["kind"]) == (mode, kind)
    assert convert(tmp_path / "book", joints="seamless").mode == "encode"

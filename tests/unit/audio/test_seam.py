"""Joints of copied AAC: gapless where packets can meet on one grid, and nothing else is touched."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest

from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.config import AacConfig
from auralarchive.audio.mp4.copying import read_packets
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.mp4.writer import Movie, aac_description, write
from auralarchive.audio.probe import Aac, Probe, probe
from auralarchive.audio.process import Limits
from auralarchive.audio.remux import plan_copy
from auralarchive.audio.seam import Joint, Workshop, joints_as_they_are, make_seams, plan_seams
from auralarchive.audio.sources import Source, find_sources
from auralarchive.ports.errors import TransientError
from auralarchive.ports.work import CancelToken
from tests.support.audio import Samples, decode, encode, voice
from tests.support.audio import ffmpeg as fixtures_ffmpeg

FRAME = 1024
#: Without noise substitution a decoder gives the same samples for a packet wherever it stands.
EXACT = ("-aac_pns", "0")


@dataclass(frozen=True)
class Book:
    """A book joined as the joints say: its sound, its packets, and where each part begins (samples, packets)."""

    sound: Samples
    packets: list[bytes]
    starts: list[int]
    playing: int
    path: Path


def _probe(path: Path) -> Probe:
    return probe(find_sources((path,), max_files=1).audio[0])


def _packets(each: Probe, start: int = 0, end: int | None = None) -> list[bytes]:
    assert each.aac
    with each.source.open() as fd:
        chosen = each.aac.packets.slice(start, len(each.aac.packets) if end is None else end)
        return [read_packets(fd, chosen.slice(at, at + 1)) for at in range(len(chosen))]


def _build(path: Path, probes: Sequence[Probe], joints: Sequence[Joint]) -> Book:
    """Write the book and decode it. Its tables come from the joints alone: a wrong number shows in the sound."""
    first = probes[0].aac
    assert first
    packets: list[bytes] = []
    starts, end, kept = [], 0, 0
    for each, joint in zip(probes, [*joints, None], strict=True):
        assert each.aac
        starts.append(end)
        end += each.aac.playing + (joint.gap if joint else 0)
        last = joint.end if joint else -(-(each.aac.skip + each.aac.playing) // FRAME)
        assert kept < last <= len(each.aac.packets)
        packets += [*_packets(each, kept, last), *(joint.packets if joint else ())]
        kept = joint.start if joint else 0
    over = len(packets) * FRAME - first.skip - end
    assert 0 <= over < FRAME
    sizes = np.array([len(packet) for packet in packets])
    deltas = [(len(packets) - 1, FRAME), (1, FRAME - over)]
    config = first.config
    description = aac_description(first.config_bytes, config.rate, config.channels, 64000)
    movie = Movie(description, config.rate, sizes, deltas, first.skip, end, ((0, "One"),))
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    write(fd, movie, lambda out: _write(out, b"".join(packets)))
    os.close(fd)
    sound = decode(path, rate=config.rate, channels=config.channels)
    assert 0 <= len(sound) - end < FRAME  # FFmpeg before 6 plays the last packet to its end
    return Book(sound[:end], packets, starts, end, path)


def _write(out: int, data: bytes) -> None:
    assert os.write(out, data) == len(data)


def _cut(lengths: Sequence[int], rate: int = 44100, channels: int = 1) -> list[Samples]:
    """One sound in pieces of these lengths: at no joint is it quiet."""
    whole = voice(3, sum(lengths) / rate + 1, rate, channels)
    ends = np.cumsum(lengths)
    return [whole[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _parts(folder: Path, pieces: Sequence[Samples], rate: int = 44100, bitrate: int = 64) -> list[Probe]:
    paths = [
        encode(folder / f"{number:02d}.m4a", piece, "m4a", rate=rate, bitrate=bitrate, extra=EXACT)
        for number, piece in enumerate(pieces)
    ]
    return [_probe(path) for path in paths]


def _heard(each: Probe, length: int) -> Samples:
    return decode(each.source.path, rate=each.rate, channels=each.channels)[:length]


def _snr(reference: Samples, other: Samples) -> float:
    noise = float(np.square(reference.astype(np.float64) - other).sum())
    return float(10 * np.log10(np.square(reference.astype(np.float64)).sum() / noise))


def _lag(reference: Samples, other: Samples) -> int:
    """By how many samples `other` is late: the peak of the correlation."""
    one, two = reference[:, 0].astype(np.float64), other[:, 0].astype(np.float64)
    size = 2 * len(one)
    correlation = np.fft.irfft(np.fft.rfft(two, size) * np.conj(np.fft.rfft(one, size)))
    peak = int(correlation.argmax())
    return peak if peak < size // 2 else peak - size


@pytest.fixture
def workshop(ffmpeg: Ffmpeg) -> Workshop:
    return Workshop(ffmpeg, Limits(), CancelToken(), jobs=2)


@pytest.mark.parametrize(
    ("rate", "channels", "bitrate"), [(44100, 1, 64), (44100, 2, 128), (22050, 1, 32), (48000, 2, 96)]
)
def test_parts_that_meet_on_the_grid_are_joined_without_a_gap(
    tmp_path: Path, workshop: Workshop, rate: int, channels: int, bitrate: int
) -> None:
    pieces = _cut([150 * FRAME, 90 * FRAME, 131 * FRAME, 140 * FRAME + 77], rate, channels)
    probes = _parts(tmp_path, pieces, rate, bitrate)
    joints = make_seams(plan_seams(probes, "close"), workshop)
    assert [(joint.kind, joint.gap) for joint in joints] == [("gapless", 0)] * 3
    assert all(1 <= joint.touched <= 5 for joint in joints)
    book = _build(tmp_path / "book.m4a", probes, joints)
    original = np.concatenate(pieces)
    assert book.playing == len(original)
    heard = np.concatenate([_heard(each, len(piece)) for each, piece in zip(probes, pieces, strict=True)])
    for start in [0, *(start - 8000 for start in book.starts[1:]), book.playing - 16000]:
        assert _lag(original[start : start + 16000], book.sound[start : start + 16000]) == 0
    for start in book.starts[1:]:
        near = slice(start - 2 * FRAME, start + 2 * FRAME)
        # As good as the parts by themselves are there, and nearly the same.
        assert _snr(original[near], book.sound[near]) > _snr(original[near], heard[near]) - 0.5
        assert _snr(heard[near], book.sound[near]) > 20
    _check_untouched(book, probes, joints, heard)


def _check_untouched(book: Book, probes: Sequence[Probe], joints: Sequence[Joint], heard: Samples) -> None:
    """Where no new packet speaks, not a sample differs; and all packets but the new ones are the sources' own."""
    new = {packet for joint in joints for packet in joint.packets}
    old = {packet for each in probes for packet in _packets(each)}
    assert sum(packet in new for packet in book.packets) == sum(joint.touched for joint in joints)
    assert all(packet in new or packet in old for packet in book.packets)
    first = probes[0].aac
    assert first
    same = np.ones(len(heard), bool)
    for number in (number for number, packet in enumerate(book.packets) if packet in new):
        # A packet and the one after it overlap.
        at = number * FRAME - first.skip
        same[max(0, at) : at + 2 * FRAME] = False
    assert same.mean() > 0.95
    assert np.allclose(book.sound[same], heard[same], atol=1e-6)


def test_another_reader_hears_the_same(tmp_path: Path, workshop: Workshop) -> None:
    probes = _parts(tmp_path, _cut([60 * FRAME, 60 * FRAME]))
    book = _build(tmp_path / "book.m4a", probes, make_seams(plan_seams(probes, "close"), workshop))
    with av.open(str(book.path)) as file:
        frames = [frame.to_ndarray()[0] for frame in file.decode(audio=0)]
    heard = np.concatenate(frames)[-book.playing :]
    assert np.allclose(heard, book.sound[:, 0], atol=1e-4)


def test_parts_that_do_not_meet_come_closer_than_a_packet(tmp_path: Path, workshop: Workshop) -> None:
    pieces = _cut([100 * FRAME + 300, 100 * FRAME + 1000, 100 * FRAME])
    probes = _parts(tmp_path, pieces)
    joints = make_seams(plan_seams(probes, "close"), workshop)
    assert [(joint.kind, joint.gap) for joint in joints] == [("close", 724), ("close", 24)]
    book = _build(tmp_path / "book.m4a", probes, joints)
    for start, piece, each in zip(book.starts, pieces, probes, strict=True):
        heard, there = _heard(each, len(piece)), book.sound[start : start + len(piece)]
        assert _lag(piece[:16000], there[:16000]) == 0
        for side in (slice(0, 2 * FRAME), slice(-2 * FRAME, None)):
            assert _snr(piece[side], there[side]) > _snr(piece[side], heard[side]) - 0.5
    hole = book.sound[book.starts[1] - 724 : book.starts[1]]
    around = book.sound[book.starts[1] - 5000 : book.starts[1] + 5000]
    assert 0.3 < float(hole.std() / around.std()) < 3  # no silence
    assert np.abs(np.diff(hole[:, 0])).max() < 1.5 * np.abs(np.diff(around[:, 0])).max()  # no click


def test_without_leave_to_come_closer_the_copy_stays_and_its_gap_is_told(tmp_path: Path, workshop: Workshop) -> None:
    pieces = _cut([40 * FRAME + 300, 40 * FRAME + 1000])
    probes = _parts(tmp_path, pieces)
    (joint,) = make_seams(plan_seams(probes, "gapless"), workshop)
    assert (joint.kind, joint.touched) == ("plain", 0)
    assert "move by the 300 samples" in joint.reason
    copied = plan_copy(probes, joints_as_they_are(probes)).parts
    assert joint.gap == copied[1].start - copied[0].length == 724 + 1024
    book = _build(tmp_path / "book.m4a", probes, [joint])
    assert _lag(pieces[1][:16000], book.sound[book.starts[1] : book.starts[1] + 16000]) == 0


@pytest.mark.parametrize(("suffix", "form"), [("m4a", "ipod"), ("aac", "adts")])
def test_parts_cut_out_of_one_encode_are_left_alone(tmp_path: Path, workshop: Workshop, suffix: str, form: str) -> None:
    whole = encode(tmp_path / "whole.m4a", voice(1, 12.0), "m4a", extra=EXACT)
    command = [fixtures_ffmpeg(), "-v", "error", "-i", str(whole), "-c", "copy", "-f", "segment"]
    command += ["-segment_time", "5", "-segment_format", form, str(tmp_path / f"cut%d.{suffix}")]
    subprocess.run(command, check=True)
    probes = [_probe(path) for path in sorted(tmp_path.glob(f"cut*.{suffix}"))]
    assert len(probes) == 3
    joints = make_seams(plan_seams(probes, "close"), workshop)
    assert [(joint.kind, joint.touched, joint.gap) for joint in joints] == [("untouched", 0, 0)] * 2
    book = _build(tmp_path / "book.m4a", probes, joints)
    assert book.packets == _packets(_probe(whole))


@pytest.mark.parametrize("short", [1, 500, 1024, 2000, 3 * FRAME, 5 * FRAME, 12 * FRAME, 30 * FRAME])
def test_short_parts_lose_nothing(tmp_path: Path, workshop: Workshop, short: int) -> None:
    """Where there is no room for two joints in one part, one of them stays plain."""
    pieces = _cut([60 * FRAME, short, short, 60 * FRAME])
    probes = _parts(tmp_path, pieces)
    joints = make_seams(plan_seams(probes, "close"), workshop)
    book = _build(tmp_path / "book.m4a", probes, joints)
    assert _lag(pieces[3][:8000], book.sound[book.starts[3] : book.starts[3] + 8000]) == 0
    for joint in joints:
        assert joint.gap < FRAME or (joint.kind == "plain" and joint.reason)
    if short == 1:
        assert [joint.kind for joint in joints] == ["gapless", "plain", "plain"]
    if short >= 12 * FRAME:
        assert [joint.kind for joint in joints] == ["gapless"] * 3


def test_a_joint_never_reaches_into_the_one_before(tmp_path: Path, workshop: Workshop) -> None:
    """A part of three packets is spent on its first joint: there is no old packet left to go on from."""
    probes = _parts(tmp_path, _cut([60 * FRAME, 2 * FRAME, 60 * FRAME]))
    joints = make_seams(plan_seams(probes, "close"), workshop)
    assert [(joint.kind, joint.gap) for joint in joints] == [("gapless", 0), ("plain", 1024)]
    assert "windows that fit" in joints[1].reason
    assert joints[0].start < joints[1].end


def test_silence_is_joined_too(tmp_path: Path, workshop: Workshop) -> None:
    silence = np.zeros((50 * FRAME, 1), np.float32)
    probes = _parts(tmp_path, [silence, silence])
    joints = make_seams(plan_seams(probes, "close"), workshop)
    assert [joint.kind for joint in joints] == ["gapless"]
    assert float(np.abs(_build(tmp_path / "book.m4a", probes, joints).sound).max()) < 1e-4


def test_many_joints_are_made_in_groups(tmp_path: Path, workshop: Workshop) -> None:
    """Results come in the order of the joints, also beyond one group."""
    one, other = _parts(tmp_path, _cut([40 * FRAME, 40 * FRAME + 100]))
    probes = [one, one, other] * 12
    joints = make_seams(plan_seams(probes, "close"), workshop)
    assert [joint.gap for joint in joints] == ([0, 0, 924] * 12)[:-1]
    assert all(joint.kind in ("gapless", "close") for joint in joints)
    book = _build(tmp_path / "book.m4a", probes, joints)
    last = book.starts[-1]
    assert _lag(_heard(other, 16000), book.sound[last : last + 16000]) == 0


def test_packets_that_do_not_decode_stay_as_they_are(tmp_path: Path, workshop: Workshop) -> None:
    probes = _parts(tmp_path, _cut([60 * FRAME, 60 * FRAME]))
    path, aac = probes[0].source.path, probes[0].aac
    assert aac
    data = bytearray(path.read_bytes())
    start = int(aac.packets.offsets[-20])
    data[start : start + 2000] = random.Random(5).randbytes(2000)
    path.write_bytes(data)
    (joint,) = make_seams(plan_seams([_probe(path), probes[1]], "close"), workshop)
    assert (joint.kind, joint.gap) == ("plain", 1024)
    assert "cannot be decoded" in joint.reason


def test_a_source_that_changes_meanwhile_is_an_error(tmp_path: Path, workshop: Workshop) -> None:
    probes = _parts(tmp_path, _cut([40 * FRAME, 40 * FRAME]))
    plans = plan_seams(probes, "close")
    os.truncate(probes[1].source.path, 1000)
    with pytest.raises(TransientError, match=r"01\.m4a changed"):
        make_seams(plans, workshop)


def _made_up(**changes: object) -> Probe:
    """A part of which only the tables are looked at."""
    source = Source(Path("/x/a.m4a"), Path("a.m4a"), Kind.MP4, 1, (0, 0, 0))
    packets = Packets(np.arange(40, dtype=np.int64) * 10, np.full(40, 10, np.int64))
    aac = Aac(AacConfig(2, 44100, 1), packets, 44100, FRAME, ((40, FRAME),), 1024, 38 * FRAME, b"", b"")
    return Probe(source, "aac", 44100, 1, 64, 1.0, aac=replace(aac, **changes))  # type: ignore[arg-type]  # a test's


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"config": AacConfig(2, 22050, 1, sbr=True)}, "plain AAC"),
        ({"config": AacConfig(42, 44100, 1)}, "plain AAC"),
        ({"config": AacConfig(2, 44100, 6)}, "plain AAC"),
        ({"config": AacConfig(2, 44100, 1, frame=960), "frame": 960}, "1024 samples"),
        ({"config": AacConfig(2, 40000, 1), "timescale": 40000}, "1024 samples"),
        ({"timescale": 1000, "frame": 23}, "1024 samples"),
        ({"playing": 0}, "too short"),
    ],
)
def test_parts_of_a_kind_that_cannot_be_mended_say_why(changes: dict[str, object], reason: str) -> None:
    _check_plain(_made_up(**changes), _made_up(**changes), reason)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({}, {"config": AacConfig(2, 48000, 1), "timescale": 48000}, "different kinds"),
        ({}, {"config": AacConfig(2, 44100, 2)}, "different kinds"),
        ({"playing": 37 * FRAME + 340}, {"skip": 340}, "inside its first packet"),
        ({"playing": 0}, {}, "too short"),
        ({"playing": 60 * FRAME}, {}, "fewer packets"),
        ({}, {"packets": Packets(np.arange(40) * 9000, np.full(40, 9000))}, "too large"),
        ({}, {"playing": 0}, "too short"),
    ],
)
def test_parts_that_do_not_fit_say_why(before: dict[str, object], after: dict[str, object], reason: str) -> None:
    _check_plain(_made_up(**before), _made_up(**after), reason)


def _check_plain(before: Probe, after: Probe, reason: str) -> None:
    (plan,) = plan_seams([before, after], "close")
    assert isinstance(plan, Joint)
    assert (plan.kind, plan.touched) == ("plain", 0)
    assert reason in plan.reason


def test_one_part_has_no_joint() -> None:
    assert plan_seams([_made_up()]) == []


def test_apples_longer_delay_is_cut_to_what_is_needed() -> None:
    """Of 2112 samples of delay, a plain copy keeps 1088: one packet of run-in, and the odd rest."""
    (plan,) = plan_seams([_made_up(), _made_up(skip=2112)], "gapless")
    assert isinstance(plan, Joint)
    assert (plan.kind, plan.start, plan.gap) == ("plain", 1, 1088)

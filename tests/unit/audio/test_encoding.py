"""The encode route: many sources, one stream, by either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio import encoding, grid
from auralarchive.audio.encoding import Encoded, EncodeRoute
from auralarchive.audio.ffmpeg import Ffmpeg, examine
from auralarchive.audio.fingerprint import Prints
from auralarchive.audio.grid import FRAME
from auralarchive.audio.join import Joined
from auralarchive.audio.likeness import lag
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.mp4.writer import write
from auralarchive.audio.plan import Format
from auralarchive.audio.probe import Probe, probe
from auralarchive.audio.process import Limits
from auralarchive.audio.results import Results
from auralarchive.audio.sources import find_sources
from auralarchive.ports.errors import Cancelled, Damaged, PermanentError
from auralarchive.ports.work import CancelToken
from tests.support.audio import decode, encode, make_book, odd_length, voice
from tests.support.fdk import seeming_fdk

TARGET = Format(44100, 1, 64, "fast")


def _probes(folder: Path) -> list[Probe]:
    return [probe(source) for source in find_sources((folder,), max_files=99).audio]


class _Heard:
    """What the progress was told."""

    def __init__(self) -> None:
        self.total = 0.0
        self.done = 0.0

    def begin(self, total: float) -> Callable[[float], None]:
        self.total = total
        return self.more

    def more(self, amount: float) -> None:
        self.done += amount


def _route(
    ffmpeg: Ffmpeg, folder: Path, target: Format = TARGET, cancel: CancelToken | None = None, *, tolerant: bool = False
) -> EncodeRoute:
    folder.mkdir(exist_ok=True)
    results = Results(folder / "units")
    return EncodeRoute(ffmpeg, Limits(), target, 2, folder, results, cancel or CancelToken(), [], tolerant)


def _run(route: EncodeRoute, probes: Sequence[Probe], heard: _Heard | None = None) -> Encoded:
    return route.run(probes, [str(number) for number in range(len(probes))], (heard or _Heard()).begin)


@pytest.mark.parametrize(
    ("codec", "way"), [("flac", "direct"), ("mp3", "direct"), ("wav", "direct"), ("alac", "decoded")]
)
def test_parts_lie_where_their_samples_do(tmp_path: Path, ffmpeg: Ffmpeg, codec: str, way: str) -> None:
    make_book(tmp_path / "book", seconds=1.0, codec=codec)
    heard = _Heard()
    encoded = _run(_route(ffmpeg, tmp_path / "work"), _probes(tmp_path / "book"), heard)
    lengths = [odd_length(number, 1.0, 44100) for number in (1, 2, 3)]
    assert encoded.way == way
    assert [part.length for part in encoded.parts] == lengths
    assert [part.start for part in encoded.parts] == [0, lengths[0], lengths[0] + lengths[1]]
    assert encoded.samples == sum(lengths)
    assert heard.done == pytest.approx(heard.total, rel=0.01)
    movie = encoded.movie(())
    assert (movie.skip, movie.playing, movie.media_duration) == (1024, sum(lengths), sum(lengths) + 1024)


def test_an_encoder_that_comes_two_frames_late_gives_the_same_places(tmp_path: Path) -> None:
    """Over several units: nothing is shifted, and one packet before the sound is kept as of any other."""
    fdk = examine(seeming_fdk(tmp_path / "ffmpeg", FRAME), "test")
    assert fdk is not None
    (tmp_path / "book").mkdir()
    encode(tmp_path / "book" / "1.flac", voice(1, 150.0), "flac")
    encoded = _run(_route(fdk, tmp_path / "work", Format(44100, 1, 96, "libfdk_aac", 2)), _probes(tmp_path / "book"))
    assert len(encoded.joined.joints) > 0
    movie = encoded.movie(())
    assert movie.skip == FRAME
    with (tmp_path / "book.m4a").open("w+b") as file:
        write(file.fileno(), movie, lambda out: encoded.joined.copy(out, lambda count: None))
    source = voice(1, 150.0)
    heard = decode(tmp_path / "book.m4a")[: len(source)]
    assert movie.playing == len(source)
    for begin in (0, len(source) // 2, len(source) - 200_000):
        assert lag(source[begin : begin + 200_000], heard[begin : begin + 200_000]) == 0
    error, loudness = (float(np.sqrt(np.mean(sound**2))) for sound in (heard - source, source))
    assert error < 0.1 * loudness


def test_other_rates_are_decoded_and_counted(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    (tmp_path / "book").mkdir()
    encode(tmp_path / "book" / "1.mp3", voice(1, 2.0, 22050), "mp3", rate=22050)
    encode(tmp_path / "book" / "2.mp3", voice(2, 2.0), "mp3")
    encoded = _run(_route(ffmpeg, tmp_path / "work"), _probes(tmp_path / "book"))
    assert encoded.way == "decoded"
    assert encoded.parts[0].length == pytest.approx(2 * odd_length(1, 2.0, 22050), abs=1)
    assert encoded.parts[1].length == odd_length(2, 2.0, 44100)


def test_a_header_that_lies_is_told_and_the_sound_counted(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    make_book(tmp_path / "book", seconds=1.0, codec="flac")
    probes = _probes(tmp_path / "book")
    assert probes[1].samples is not None
    probes[1] = replace(probes[1], samples=probes[1].samples - 5)
    route = _route(ffmpeg, tmp_path / "work")
    encoded = _run(route, probes)
    assert encoded.samples == sum(odd_length(number, 1.0, 44100) for number in (1, 2, 3))
    assert "not what its header says" in route.warnings[0]


def test_units_that_did_not_get_the_same_sound_are_not_joined(
    tmp_path: Path, ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if FFmpeg had begun one sample late after a seek: the overlap of the fingerprints shows it."""
    (tmp_path / "book").mkdir()
    encode(tmp_path / "book" / "1.mp3", voice(1, 150.0), "mp3")
    right = grid.pieces
    monkeypatch.setattr(
        encoding,
        "pieces",
        lambda unit, lengths: [
            replace(piece, begin=piece.begin + 1, end=piece.end and piece.end + 1) if piece.begin else piece
            for piece in right(replace(unit, stop=unit.stop - 1) if unit.begin else unit, lengths)
        ],
    )
    route = _route(ffmpeg, tmp_path / "work")
    encoded = _run(route, _probes(tmp_path / "book"))
    assert encoded.way == "decoded"
    assert encoded.samples == odd_length(1, 150.0, 44100)
    assert route.warnings


def test_damage_is_named_or_where_a_person_says_so_only_told(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    paths = make_book(tmp_path / "book", seconds=4.0, codec="flac")
    with paths[1].open("r+b") as file:
        file.seek(paths[1].stat().st_size // 2)
        file.write(bytes(5000))
    probes = _probes(tmp_path / "book")
    with pytest.raises(Damaged, match=f"{paths[1].name} is damaged at 0:00:0[12]"):
        _run(_route(ffmpeg, tmp_path / "work"), probes)
    tolerant = _route(ffmpeg, tmp_path / "work", tolerant=True)
    encoded = _run(tolerant, probes)
    assert encoded.parts[2].length == odd_length(3, 4.0, 44100)
    assert any(paths[1].name in warning for warning in tolerant.warnings)


def test_what_was_encoded_before_a_crash_is_not_encoded_again(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    (tmp_path / "book").mkdir()
    encode(tmp_path / "book" / "1.mp3", voice(1, 150.0), "mp3")
    encode(tmp_path / "book" / "2.opus", voice(2, 150.0, 48000), "opus", rate=48000)
    for name, target in (("1.mp3", TARGET), ("2.opus", replace(TARGET, rate=48000))):
        probes = [each for each in _probes(tmp_path / "book") if each.source.name == name]
        route = _route(ffmpeg, tmp_path / "work", target=target)
        first = _run(route, probes)
        stamps = {path: path.stat().st_mtime_ns for path, _ in first.joined.slices}
        again = _run(route, probes)
        assert {path: path.stat().st_mtime_ns for path, _ in again.joined.slices} == stamps
        assert len(stamps) > 1


def test_a_cancel_ends_all_encoders(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    (tmp_path / "book").mkdir()
    encode(tmp_path / "book" / "1.mp3", voice(1, 240.0), "mp3")
    cancel = CancelToken()
    heard = _Heard()

    def begin(total: float) -> Callable[[float], None]:
        heard.begin(total)
        return more

    def more(amount: float) -> None:
        heard.more(amount)
        cancel.cancel()

    route = _route(ffmpeg, tmp_path / "work", cancel=cancel, target=replace(TARGET, coder="twoloop"))
    with pytest.raises(Cancelled):
        route.run(_probes(tmp_path / "book"), ["a"], begin)
    assert 0 < heard.done < heard.total


def test_packets_that_do_not_fit_the_samples_are_an_error(tmp_path: Path) -> None:
    sizes = np.full(10, 100, np.int64)
    joined = Joined(((tmp_path, Packets(sizes, sizes)),), (), 0)
    nothing = Prints(np.zeros(0, np.int64), np.zeros((0, 0), np.int16))
    encoded = Encoded(TARGET, joined, 50_000, (), nothing, 1, (), "direct")
    with pytest.raises(PermanentError, match="packets"):
        encoded.movie(())

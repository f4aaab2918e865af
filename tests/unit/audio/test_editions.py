"""The same content twice: which one stays, and what is not the same."""

from __future__ import annotations

import pytest

from auralarchive.audio.editions import without_editions, without_twins
from auralarchive.audio.packs import Pack
from auralarchive.audio.probe import Probe
from tests.support.probes import made


def _single(name: str, label: str = "Dune", **more: object) -> Pack:
    return Pack((made(name, **more),), label)  # type: ignore[arg-type]  # fields of tags


@pytest.mark.parametrize(
    ("better", "worse", "why"),
    [
        (_single("a.m4b", chapters=9), _single("b.flac"), "it is a complete M4B with chapters"),
        (_single("a.flac"), _single("b.m4b", chapters=9, kbps=24), "it is lossless"),
        (_single("a.flac"), _single("b.mp3", kbps=320), "it is lossless"),
        (_single("a.mp3", kbps=128), _single("b.mp3", kbps=64, label="Dune"), "it sounds better"),
        (_single("a.m4a", kbps=64), _single("b.mp3", kbps=64), "it sounds better"),
        (_single("a.mp3", kbps=128), _single("b.m4a", kbps=64), "it sounds better"),
    ],
)
def test_the_better_one_stays_and_the_reason_is_told(better: Pack, worse: Pack, why: str) -> None:
    for packs in ([better, worse], [worse, better]):
        kept, gone = without_editions(packs)
        assert kept == [better]
        assert [each.probes for each in gone] == [worse.probes]
        assert gone[0].reason.startswith(worse.probes[0].source.name)
        assert why in gone[0].reason


def test_of_equals_the_plainer_name_stays() -> None:
    plain, copy = _single("Dune.mp3"), _single("Dune copy.mp3", label="Dune copy")
    kept, gone = without_editions([copy, plain])
    assert kept == [plain]
    assert "one of them is enough" in gone[0].reason


@pytest.mark.parametrize(
    "pair",
    [
        (_single("a.mp3", seconds=600), _single("b.m4b", seconds=640)),
        (_single("a.mp3"), _single("b.mp3", seconds=600.2)),
        (_single("a.mp3", track=1), _single("b.m4b", track=2)),
        (_single("a.mp3", disc=1), _single("b.m4b", disc=2)),
        (_single("a.mp3", series_part="1"), _single("b.m4b", series_part="2")),
        (_single("a.mp3", label="Dune 1"), _single("b.m4b", label="Dune 2")),
        (_single("a.mp3", album="Dune"), _single("b.m4b", album="Emma")),
        (_single("a.mp3", title="Dune"), _single("b.m4b", title="Emma")),
        (_single("a.mp3", label="Dune"), _single("b.m4b", label="Emma")),
        (_single("a.mp3", label="Prologue"), _single("b.m4b", label="Prologue")),
    ],
)
def test_what_differs_stays(pair: tuple[Pack, Pack]) -> None:
    assert without_editions(pair) == (list(pair), [])


def test_sets_of_one_format_are_the_same_only_file_by_file() -> None:
    def folder(name: str, *lengths: float) -> Pack:
        return Pack(tuple(made(f"{name}/{at}.mp3", seconds=length) for at, length in enumerate(lengths)), "Dune")

    packs = [folder("a", 500, 700), folder("b", 600, 600), folder("c", 500, 700)]
    kept, gone = without_editions(packs)
    assert kept == packs[:2]
    assert gone[0].reason.startswith("2 files in c (MP3, 64 kbit/s) hold the same as 2 files in a")


@pytest.mark.parametrize(("longer", "same"), [(0.5, True), (3.0, False)])
def test_sets_of_one_album_in_two_formats_need_no_common_name(longer: float, same: bool) -> None:
    def folder(name: str, suffix: str, *lengths: float) -> Pack:
        files = (made(f"{at}{suffix}", seconds=length, album="Dune") for at, length in enumerate(lengths))
        return Pack(tuple(files), name)

    packs = [folder("x", ".mp3", 500, 700), folder("y", ".m4a", 500 + longer, 700 - longer)]
    assert without_editions(packs)[0] == (packs[1:] if same else packs)


def test_three_formats_leave_one() -> None:
    packs = [_single("a.mp3"), _single("a.flac"), _single("a.opus")]
    kept, gone = without_editions(packs)
    assert kept == [packs[1]]
    assert len(gone) == 2


def _files(*names: str, **more: object) -> list[Probe]:
    return [made(name, **more) for name in names]  # type: ignore[arg-type]  # fields of tags


def test_twins_are_decided_together() -> None:
    """The lesser format of one name stays where nothing better has that name."""
    files = _files("1.mp3", "1.m4a", "2.mp3", "2.m4a", "3.mp3")
    kept, gone = without_twins(files)
    assert [probe.source.name for probe in kept] == ["1.m4a", "2.m4a", "3.mp3"]
    assert [each.reason for each in gone] == [
        f"{n}.mp3 holds the same as {n}.m4a: the latter was taken, it sounds better." for n in (1, 2)
    ]


def test_files_of_one_name_that_are_not_equally_long_stay() -> None:
    files = [*_files("1.mp3"), *_files("1.m4a", seconds=590)]
    assert without_twins(files) == (files, [])

"""The books that are measured are the same on every run, and exactly as long as they are said to be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bench.audio.books import RATE, Books, read_sound, speech

MINUTES = 0.05


@pytest.fixture(autouse=True, scope="module")
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AURALARCHIVE_BENCH_DIR", str(tmp_path_factory.mktemp("books")))
        yield


def test_all_forms_are_the_same_sound() -> None:
    books = Books(MINUTES)
    lengths = books.lengths()
    assert len(set(lengths)) == len(lengths) == 12
    assert [len(read_sound(path)) for path in books.masters()] == lengths
    # After some lengths FFmpeg plays a few samples of an MP3's padding.
    heard = [len(read_sound(path)) for path in books.mp3()]
    assert all(0 <= found - length < 1152 for found, length in zip(heard, lengths, strict=True))
    assert len(read_sound(books.one_flac())) == sum(lengths) == books.starts()[-1]
    assert [len(read_sound(path)) % 1024 for path in books.whole_masters()] == [0] * 12


def test_a_book_is_made_once() -> None:
    first = Books(MINUTES).masters()
    made = [path.stat().st_mtime_ns for path in first]
    assert [path.stat().st_mtime_ns for path in Books(MINUTES).masters()] == made


def test_large_books_are_made_of_small_ones_without_an_encode() -> None:
    books = Books(MINUTES)
    hundredth = 0.01
    endless = books.endless_mp3(hundredth)
    assert endless.stat().st_size == pytest.approx(hundredth * 3600 * 8000, rel=0.1)
    parts = books.parts(10, seconds=1.0)
    lengths = [len(read_sound(path)) for path in parts]
    assert lengths == [RATE + 37 * number + 11 for number in range(10)]


def test_a_chapter_begins_and_ends_within_a_word() -> None:
    """Silence there would hide a gap."""
    sound = speech(3, 3 * RATE)
    assert np.array_equal(sound, speech(3, 3 * RATE))
    usual = float(np.sqrt(np.mean(sound**2)))
    for edge in (sound[: RATE // 50], sound[-RATE // 50 :]):
        assert float(np.sqrt(np.mean(edge**2))) > usual / 2

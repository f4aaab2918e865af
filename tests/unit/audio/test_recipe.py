"""The recipe tells how a book was made, as JSON and without secrets, and lets it be made again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from auralarchive.audio.recipe import FORMAT, read_recipe
from auralarchive.audio.settings import AudioSettings
from auralarchive.domain.book import Book
from auralarchive.ports.errors import InvalidInput
from tests.support.audio import encode, make_book, odd_length, picture, voice
from tests.unit.audio.conftest import Convert


def test_inputs_decisions_and_output_are_told(tmp_path: Path, convert: Convert) -> None:
    paths = make_book(tmp_path / "book", seconds=1.0)
    result = convert(tmp_path / "book")
    recipe = json.loads(json.dumps(result.recipe))
    assert [entry["sha256"] for entry in recipe["inputs"]] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    ]
    assert recipe["inputs"][0]["name"] == "01 - Chapter 1.mp3"
    lengths = [odd_length(number, 1.0, 44100) for number in (1, 2, 3)]
    assert [entry["samples"] for entry in recipe["inputs"]] == lengths
    assert recipe["output"] == {
        "sha256": result.sha256,
        "size": result.path.stat().st_size,
        "samples": sum(lengths),
        "rate": 44100,
    }
    assert recipe["output"]["sha256"] == hashlib.sha256(result.path.read_bytes()).hexdigest()
    assert (recipe["decisions"]["coder"], recipe["decisions"]["bitrate_kbps"]) == ("fast", 70)
    choice = recipe["decisions"]["coder_choice"]
    assert "as good as twoloop at 64" in choice["why"]
    assert choice["build"]
    assert [each["coder"] for each in choice["done"]] == ["twoloop", "fast", "fast"]
    assert str(tmp_path) not in json.dumps(recipe)


def test_the_same_sources_give_the_same_bytes(tmp_path: Path, convert: Convert) -> None:
    make_book(tmp_path / "book", seconds=1.0)
    assert convert(tmp_path / "book", jobs=2).sha256 == convert(tmp_path / "book", jobs=1).sha256


# To make it again


def _stored(recipe: dict[str, Any]) -> dict[str, Any]:
    """As it comes back from a file or the database."""
    stored: dict[str, Any] = json.loads(json.dumps(recipe))
    return stored


def test_it_decides_anew_what_was_decided_then(tmp_path: Path, convert: Convert) -> None:
    """Bitrate, coder, book: nothing of it is asked for again, and by itself all would be otherwise."""
    make_book(tmp_path / "book", seconds=1.0)
    book = Book("B00TESTBK1", "The Long Way", "Ann Author")
    first = convert(tmp_path / "book", AudioSettings(coder="fast"), bitrate_kbps=48, book=book)
    again = convert(tmp_path / "book", recipe=_stored(first.recipe))
    assert again.sha256 == first.sha256 != convert(tmp_path / "book").sha256
    assert again.recipe["rerun"] == {"same": True, "differences": []}
    assert again.recipe["decisions"] == {k: v for k, v in first.recipe["decisions"].items() if k != "coder_choice"}


def test_what_was_mixed_or_copied_becomes_so_again(tmp_path: Path, convert: Convert) -> None:
    make_book(tmp_path / "book", chapters=4, codec="m4a", seconds=2.0)
    copied = convert(tmp_path / "book", joints="close")
    encode(tmp_path / "book" / "03 - Chapter 3.mp3", voice(3, 1.0), "mp3")
    (tmp_path / "book" / "03 - Chapter 3.m4a").unlink()
    mixed = convert(tmp_path / "book", AudioSettings(coder="fast"))
    again = convert(tmp_path / "book", recipe=_stored(mixed.recipe))
    assert (mixed.mode, again.mode, again.sha256) == ("mixed", "mixed", mixed.sha256)
    assert copied.mode == "remux"
    with pytest.raises(InvalidInput, match=r"03 - Chapter 3\.m4a of the recipe is not among"):
        convert(tmp_path / "book", recipe=_stored(copied.recipe))


def test_a_file_that_differs_is_named(tmp_path: Path, convert: Convert) -> None:
    paths = make_book(tmp_path / "book", seconds=1.0)
    recipe = _stored(convert(tmp_path / "book").recipe)
    encode(paths[1], voice(7, 1.0), "mp3")
    with pytest.raises(InvalidInput, match=r"02 - Chapter 2\.mp3 is not the file of the recipe: its SHA-256 differs"):
        convert(tmp_path / "book", recipe=recipe)


def test_a_file_too_many_is_named(tmp_path: Path, convert: Convert) -> None:
    make_book(tmp_path / "book", seconds=1.0)
    recipe = _stored(convert(tmp_path / "book").recipe)
    encode(tmp_path / "book" / "04 - Chapter 4.mp3", voice(4, 1.0), "mp3")
    with pytest.raises(InvalidInput, match=r"04 - Chapter 4\.mp3 is not in the recipe"):
        convert(tmp_path / "book", recipe=recipe)


def test_the_order_is_the_recipe_s(tmp_path: Path, convert: Convert) -> None:
    """Renamed files sort otherwise, and are the same files all the same."""
    paths = make_book(tmp_path / "book", seconds=1.0, tags=False)
    recipe = _stored(convert(tmp_path / "book").recipe)
    paths[0].rename(tmp_path / "book" / "99.mp3")
    again = convert(tmp_path / "book", recipe=recipe)
    assert [entry["sha256"] for entry in again.recipe["inputs"]] == [entry["sha256"] for entry in recipe["inputs"]]


def test_why_a_result_differs_is_told(tmp_path: Path, convert: Convert) -> None:
    """The cover that was given then is not in the recipe; nor is the FFmpeg."""
    make_book(tmp_path / "book", chapters=1, seconds=1.0)
    cover = tmp_path / "mine.jpg"
    cover.write_bytes(picture(120))
    recipe = _stored(convert(tmp_path / "book", cover=cover).recipe)
    assert convert(tmp_path / "book", cover=cover, recipe=recipe).recipe["rerun"]["same"]
    recipe["ffmpeg"]["version"] = "4.4"
    again = convert(tmp_path / "book", recipe=recipe)
    assert not again.recipe["rerun"]["same"]
    assert any("made with FFmpeg 4.4" in text and "give --cover" in text for text in again.warnings), again.warnings


def test_a_report_holds_one(tmp_path: Path, convert: Convert) -> None:
    make_book(tmp_path / "book", chapters=1, seconds=1.0)
    recipe = _stored(convert(tmp_path / "book").recipe)
    assert read_recipe({"mode": "encode", "recipe": recipe}) == read_recipe(recipe)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": FORMAT - 1}, "format"),
        ({"mode": "delete"}, "mode"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [{"name": "a", "sha256": "../../etc"}]}, "inputs.0.sha256"),
        ({"output": {}}, "output.sha256"),
    ],
)
def test_what_is_no_recipe_is_refused(tmp_path: Path, convert: Convert, change: dict[str, Any], told: str) -> None:
    make_book(tmp_path / "book", chapters=1, seconds=1.0)
    recipe = _stored(convert(tmp_path / "book").recipe)
    with pytest.raises(InvalidInput, match=told):
        read_recipe({**recipe, **change})


@pytest.mark.parametrize("mode", ["keep", "remux", "mixed"])
def test_a_recipe_changed_by_hand_copies_nothing_that_cannot_be(tmp_path: Path, convert: Convert, mode: str) -> None:
    make_book(tmp_path / "book", chapters=1, seconds=1.0)
    recipe = {**_stored(convert(tmp_path / "book").recipe), "mode": mode}
    with pytest.raises(InvalidInput, match="cannot be gone"):
        convert(tmp_path / "book", recipe=recipe)

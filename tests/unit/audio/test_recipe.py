"""The recipe tells how a book was made, as JSON and without secrets."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.support.audio import make_book
from tests.unit.audio.conftest import Convert


def test_inputs_decisions_and_output_are_told(tmp_path: Path, convert: Convert) -> None:
    paths = make_book(tmp_path / "book", seconds=1.0)
    result = convert(tmp_path / "book")
    recipe = json.loads(json.dumps(result.recipe))
    assert [entry["sha256"] for entry in recipe["inputs"]] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    ]
    assert recipe["inputs"][0]["name"] == "01 - Chapter 1.mp3"
    assert recipe["output"] == {"sha256": result.sha256, "size": result.path.stat().st_size}
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

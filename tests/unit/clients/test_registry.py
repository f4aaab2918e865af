"""The kinds of clients that there are."""

from __future__ import annotations

from auralarchive.clients.registry import CLIENT_TYPES


def test_kinds_are_unique_and_draw_their_forms() -> None:
    """Every field of every form has a title to show."""
    kinds = [kind.type for kind in CLIENT_TYPES]
    assert len(set(kinds)) == len(kinds)
    for kind in CLIENT_TYPES:
        assert kind.title
        for name, field in kind.form["properties"].items():
            assert field.get("title"), f"{kind.type}.{name} has no title"

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


def test_nobody_has_to_look_for_where_to_sign_in() -> None:
    """What a client has to be told before it answers stands in its form at once, and the form stays short."""
    needed = {"host", "port", "username", "password", "api_key", "category", "label", "download_folder"}
    for kind in CLIENT_TYPES:
        shown = {name for name, field in kind.form["properties"].items() if not field.get("seldom")}
        assert needed & set(kind.form["properties"]) <= shown, kind.type
        assert len(shown) <= 8, kind.type

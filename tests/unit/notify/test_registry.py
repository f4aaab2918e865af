"""Every kind of notifier describes itself."""

from __future__ import annotations

from typing import Any

import pytest

from auralarchive.notify.registry import NOTIFIER_TYPES
from auralarchive.ports.adapters import AdapterType
from auralarchive.ports.notifiers import Topic


@pytest.mark.parametrize("made", NOTIFIER_TYPES, ids=lambda made: str(made.type))
def test_each_has_a_form_with_a_secret_and_a_choice(made: AdapterType[Any, Any]) -> None:
    """Titles for people, one secret, and what to tell about, with the usual choice ticked."""
    assert made.title
    assert made.secret_keys
    fields = made.form["properties"]
    assert all(field.get("title") for field in fields.values())
    assert set(fields["topics"]["default"]) < {topic.value for topic in Topic}


def test_names_are_unique() -> None:
    assert [made.type for made in NOTIFIER_TYPES] == ["apprise", "webhook"]

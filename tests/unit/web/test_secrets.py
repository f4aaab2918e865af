"""Secrets are written, never read, and go only where they were meant for."""

from __future__ import annotations

import pytest

from auralarchive.web import secrets
from auralarchive.web.errors import Problem

KEYS = frozenset({"password"})
STORED = {"host": "nas", "port": 8080, "username": "ann", "password": "hidden"}


def test_secrets_show_only_that_they_are_set() -> None:
    """The value stays inside."""
    assert secrets.shown(STORED, KEYS) == {**STORED, "password": {"set": True}}
    assert secrets.shown({"password": None}, KEYS) == {"password": {"set": False}}


@pytest.mark.parametrize("given", [{}, {"password": {"set": True}}, {"password": {}}])
def test_left_alone_a_secret_stays(given: dict[str, object]) -> None:
    """Leaving it out and sending back what was shown are the same."""
    assert secrets.merged({"host": "nas", **given}, STORED, KEYS)["password"] == "hidden"


def test_a_new_secret_replaces_the_old_one() -> None:
    """Also the word that stands for it elsewhere is only a word."""
    assert secrets.merged({"password": "REDACTED"}, STORED, KEYS)["password"] == "REDACTED"
    assert "password" not in secrets.merged({"password": {"set": True}}, None, KEYS)


@pytest.mark.parametrize("moved", [{"host": "attacker"}, {"port": 1}])
def test_a_stored_secret_never_goes_to_another_address(moved: dict[str, object]) -> None:
    """Whoever changes the host or port has to know the secret."""
    with pytest.raises(Problem) as caught:
        secrets.merged({"host": "nas", "port": 8080, **moved}, STORED, KEYS)
    assert caught.value.kind.code == "secret_needed"
    assert secrets.merged({**moved, "password": "again"}, STORED, KEYS)["password"] == "again"


def test_an_address_that_is_left_out_stays_with_its_secret() -> None:
    """It must not fall back to a default, where somebody else may listen for our password."""
    stored = {"host": "nas", "port": 9000, "https": True, "category": "books", "password": "CANARY"}
    merged = secrets.merged({"host": "nas"}, stored, frozenset({"password"}))
    assert merged == {"host": "nas", "port": 9000, "https": True, "password": "CANARY"}
    assert secrets.merged({"password": "new"}, stored, frozenset({"password"})) == {"password": "new"}


def test_a_lost_secret_stays_with_its_address_too() -> None:
    """It cannot be read now, but the right key file may come back: it must not wait there for another host."""
    stored, keys = {"host": "nas"}, frozenset({"password"})
    with pytest.raises(Problem):
        secrets.merged({"host": "elsewhere"}, stored, keys, lost=True)
    assert secrets.merged({"host": "elsewhere", "password": "new"}, stored, keys, lost=True)["password"] == "new"
    assert secrets.merged({"host": "nas", "password": {"set": False}}, stored, keys, lost=True) == {"host": "nas"}

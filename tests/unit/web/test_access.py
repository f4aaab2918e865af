"""The second lock, behind the gate."""

from __future__ import annotations

import anyio
import pytest
from fastapi import Request

from auralarchive.ports.store import Role
from auralarchive.web.access import require_admin, require_identity
from auralarchive.web.auth import Identity
from auralarchive.web.errors import Problem


def test_without_identity_there_is_no_way_on() -> None:
    """Even if the gate let something slip."""
    request = Request({"type": "http", "state": {"identity": None}})
    with pytest.raises(Problem) as caught:
        anyio.run(require_identity, request)
    assert caught.value.kind.code == "not_signed_in"


def test_only_administrators_administrate() -> None:
    """A member is told so; an administrator goes on."""
    admin = Identity("session:1", 1, "ada", Role.ADMIN, by_cookie=True)
    member = Identity("session:2", 2, "bob", Role.MEMBER, by_cookie=True)
    assert anyio.run(require_admin, admin) is admin
    with pytest.raises(Problem) as caught:
        anyio.run(require_admin, member)
    assert (caught.value.kind.code, caught.value.kind.status) == ("admins_only", 403)

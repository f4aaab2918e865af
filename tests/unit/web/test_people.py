"""Who may do what to whose account, and that it takes effect at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auralarchive.ports.store import Role
from auralarchive.web import people
from auralarchive.web.auth import Identity
from auralarchive.web.errors import Problem
from tests.support.sockets import listening
from tests.support.web import PASSWORD, World, make_world, serving, wait_until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serving(make_world(tmp_path)) as running:
        running.person("ann", Role.ADMIN)
        yield running


def identity(world: World, name: str) -> Identity:
    account = world.store.accounts.by_name(name)
    assert account is not None
    return Identity("session:x", account.id, name, account.role, by_cookie=True)


def code_of(attempt: Callable[[], object]) -> str:
    with pytest.raises(Problem) as caught:
        attempt()
    assert caught.value.remedy
    return caught.value.kind.code


def test_names_that_look_the_same_are_taken(world: World) -> None:
    """Whoever signs in as Ann must not be taken for ann."""
    assert code_of(lambda: people.add(world.services, "ANN", Role.MEMBER, PASSWORD)) == "name_taken"
    assert people.add(world.services, "Anne", Role.MEMBER, PASSWORD).role is Role.MEMBER


def test_nobody_changes_their_own_account_here(world: World) -> None:
    """A stolen session must not lock its owner out; the password of one's own needs the current one."""
    ann = identity(world, "ann")
    own = ann.account_id or 0
    world.person("eve", Role.ADMIN)
    assert code_of(lambda: people.set_role(world.services, ann, own, Role.MEMBER)) == "own_account"
    assert code_of(lambda: people.reset_password(world.services, ann, own, PASSWORD)) == "own_account"
    assert code_of(lambda: people.remove(world.services, ann, own)) == "own_account"


def test_somebody_always_administrates(world: World) -> None:
    """Also the key of the environment cannot take the last administrator away."""
    environment = world.services.authenticator.by_api_key("an-api-key-for-tests-only")
    assert environment is not None
    ann = identity(world, "ann").account_id or 0
    bob = world.person("bob")
    assert code_of(lambda: people.set_role(world.services, environment, ann, Role.MEMBER)) == "last_admin"
    assert code_of(lambda: people.remove(world.services, environment, ann)) == "last_admin"
    people.set_role(world.services, environment, bob, Role.ADMIN)
    people.remove(world.services, environment, ann)
    assert [account.name for account in world.store.accounts.all()] == ["bob"]


def test_two_administrators_cannot_take_each_others_rights(world: World) -> None:
    """At the same moment: one of them is told that the other one is the last."""
    ann, eve = identity(world, "ann"), world.person("eve", Role.ADMIN)
    as_eve = identity(world, "eve")
    codes: list[str] = []

    def take(who: Identity, whose: int) -> None:
        try:
            people.set_role(world.services, who, whose, Role.MEMBER)
        except Problem as problem:
            codes.append(problem.kind.code)

    threads = [threading.Thread(target=take, args=pair) for pair in ((ann, eve), (as_eve, ann.account_id or 0))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert codes == ["last_admin"]
    assert [account.role for account in world.store.accounts.all()].count(Role.ADMIN) == 1


def test_a_role_takes_effect_in_open_sessions_and_sockets(world: World) -> None:
    """The next request is refused, and the live connection ends, to come back as what it is now."""
    eve = world.person("eve", Role.ADMIN)
    browser = world.signed_in("eve")
    assert browser.get("/api/settings").status_code == 200
    cookie = {"Cookie": f"auralarchive={browser.cookies['auralarchive']}"}
    with listening(world, headers=cookie) as listener:
        people.set_role(world.services, identity(world, "ann"), eve, Role.MEMBER)
        assert browser.get("/api/settings").json()["code"] == "admins_only"
        assert browser.get("/api/downloads/queue").status_code == 200
        wait_until(lambda: not listener.client.connected, "the live connection ends")
    with listening(world, headers=cookie):
        assert browser.get("/api/auth/status").json()["role"] == "member"


@pytest.mark.parametrize("act", ["password", "remove"])
def test_a_reset_and_a_removal_end_everything_open(world: World, act: str) -> None:
    """Sessions and live connections at once; after a removal keys as well."""
    bob = world.person("bob")
    browser = world.signed_in("bob")
    key = browser.post("/api/auth/keys", json={"label": "script"}).json()["key"]
    script = world.client(**{"X-Api-Key": key})
    cookie = {"Cookie": f"auralarchive={browser.cookies['auralarchive']}"}
    with listening(world, headers=cookie) as by_cookie, listening(world, auth={"api_key": key}) as by_key:
        if act == "remove":
            people.remove(world.services, identity(world, "ann"), bob)
        else:
            people.reset_password(world.services, identity(world, "ann"), bob, "another good one")
        assert browser.get("/api/downloads/queue").status_code == 401
        wait_until(lambda: not by_cookie.client.connected and not by_key.client.connected, "both connections end")
    assert script.get("/api/downloads/queue").status_code == (401 if act == "remove" else 200)
    login = world.client().post("/api/auth/login", json={"name": "bob", "password": "another good one"})
    assert login.status_code == (401 if act == "remove" else 200)


def test_a_withdrawn_key_is_cut_off_at_once(world: World) -> None:
    """Not only at the next look; and only by its owner, or by who asks for nobody's in particular."""
    bob = world.person("bob")
    browser = world.signed_in("bob")
    made = browser.post("/api/auth/keys", json={"label": "script"}).json()
    assert code_of(lambda: people.withdraw_key(world.services, made["id"], bob + 1)) == "not_found"
    with listening(world, auth={"api_key": made["key"]}) as listener:
        people.withdraw_key(world.services, made["id"])
        wait_until(lambda: not listener.client.connected, "the live connection ends")
    assert people.keys_with_names(world.services) == []

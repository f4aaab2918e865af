"""Accounts, sessions and keys, over the real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from auralarchive.ports.errors import Unreachable
from auralarchive.store.secrets import SecretBox
from auralarchive.store.store import open_store
from auralarchive.web.auth import Authenticator, _hash_of_nobody, check_origin, cookie_name, session_cookie
from auralarchive.web.boundary import Visit
from auralarchive.web.errors import Problem
from tests.support.web import PASSWORD, SystemClock


def visit(peer: str = "192.0.2.1", **headers: str) -> Visit:
    return Visit(
        "localhost",
        80,
        False,
        peer,
        peer == "127.0.0.1",
        {key.replace("_", "-"): value for key, value in headers.items()},
    )


HERE = visit("127.0.0.1")


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def auth(tmp_path: Path, clock: SystemClock) -> Iterator[Authenticator]:
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}", secret_box=SecretBox.generate(), clock=clock)
    yield Authenticator(store, clock, api_keys={"environment": "key of the environment"})
    store.close()


def with_session(secret: str) -> Visit:
    return visit(cookie=f"auralarchive={secret}")


def test_the_first_account_needs_the_token_from_afar(auth: Authenticator) -> None:
    """Whoever only reaches the port is not the owner; at this machine one may be."""
    for token in (None, "", "wrong"):
        with pytest.raises(Problem) as caught:
            auth.set_up(visit(), "eve", PASSWORD, token)
        assert caught.value.kind.code == "setup_token"
    secret = auth.set_up(visit("192.0.2.9"), "ann", PASSWORD, auth.setup_token)
    found = auth.identify(with_session(secret))
    assert found is not None
    assert (found.name, found.by_cookie) == ("ann", True)


def test_there_is_one_set_up(auth: Authenticator) -> None:
    """A second one would be a way in for anybody."""
    auth.set_up(HERE, "ann", PASSWORD, None)
    with pytest.raises(Problem) as caught:
        auth.set_up(HERE, "eve", PASSWORD, auth.setup_token)
    assert caught.value.kind.code == "already_set_up"


def test_signing_in_makes_a_new_session_and_ends_the_old(auth: Authenticator) -> None:
    """A session that somebody planted before is worth nothing after."""
    old = auth.set_up(HERE, "ann", PASSWORD, None)
    new = auth.log_in(with_session(old), "ann", PASSWORD)
    assert auth.identify(with_session(new)) is not None
    assert auth.identify(with_session(old)) is None


def test_sessions_end_by_themselves(auth: Authenticator, clock: SystemClock) -> None:
    """After thirty days, also for connections that stay open."""
    identity = auth.identify(with_session(auth.set_up(HERE, "ann", PASSWORD, None)))
    assert identity is not None
    assert auth.still_valid(identity.credential)
    clock.ahead += 31 * 86400
    assert not auth.still_valid(identity.credential)


def test_a_changed_password_ends_every_session(auth: Authenticator) -> None:
    """Also those in other browsers; the old password is worth nothing."""
    first = auth.set_up(HERE, "ann", PASSWORD, None)
    second = auth.log_in(visit(), "ann", PASSWORD)
    identity = auth.identify(with_session(second))
    assert identity is not None
    third = auth.change_password(visit(), identity, PASSWORD, "another good one")
    assert [auth.identify(with_session(s)) is not None for s in (first, second, third)] == [False, False, True]
    with pytest.raises(Problem):
        auth.log_in(visit(), "ann", PASSWORD)


def test_keys_are_shown_once_and_can_be_withdrawn(auth: Authenticator) -> None:
    """Only the hash is kept; a wrong key is nobody, whatever cookie comes with it."""
    session = auth.set_up(HERE, "ann", PASSWORD, None)
    owner = auth.identify(with_session(session))
    assert owner is not None
    key_id, key = auth.add_api_key(owner, "script")
    found = auth.identify(visit(x_api_key=key))
    assert found is not None
    assert not found.by_cookie
    assert auth.identify(visit(x_api_key="wrong", cookie=f"auralarchive={session}")) is None
    assert auth._accounts.delete_api_key(key_id)
    assert auth.identify(visit(x_api_key=key)) is None
    assert not auth.still_valid(found.credential)


def test_the_key_of_the_environment_belongs_to_no_account(auth: Authenticator) -> None:
    """It opens the API, but cannot make keys or change passwords."""
    identity = auth.identify(visit(x_api_key="key of the environment"))
    assert identity is not None
    assert auth.still_valid(identity.credential)
    with pytest.raises(Problem):
        auth.add_api_key(identity, "more")


@pytest.mark.parametrize(
    "headers",
    [{}, {"cookie": "auralarchive="}, {"cookie": "auralarchive=wrong"}, {"cookie": "a=b; ;=;"}, {"x_api_key": ""},
     {"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}, {"remote_user": "admin"}],
)  # fmt: skip
def test_everything_else_is_nobody(auth: Authenticator, headers: dict[str, str]) -> None:
    """No token of another kind, no header that a proxy might set, no broken cookie."""
    auth.set_up(HERE, "ann", PASSWORD, None)
    assert auth.identify(visit(**headers)) is None


def test_cookies_are_out_of_reach_of_scripts() -> None:
    """Under TLS the browser itself ties the cookie to this host."""
    tls = replace(HERE, secure=True)
    plain, secure = session_cookie("s", HERE), session_cookie("s", tls)
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert secure.startswith("__Host-")
    assert "Secure" in secure
    assert "Path=/;" in secure
    assert cookie_name(tls) != cookie_name(HERE)
    assert "Max-Age=0" in session_cookie("", HERE)


def test_under_a_base_path_the_cookie_stays_below_it() -> None:
    """Other applications of the host do not get it; the prefix is one that browsers take for a path."""
    below = replace(HERE, base_path="/books")
    assert "; Path=/books;" in session_cookie("s", below)
    assert session_cookie("s", replace(below, secure=True)).startswith("__Secure-auralarchive=s; Path=/books;")


def test_unsafe_methods_with_a_cookie_need_our_own_page(auth: Authenticator) -> None:
    """Silence is no consent; keys are not sent by browsers by themselves."""
    cookie = auth.identify(with_session(auth.set_up(HERE, "ann", PASSWORD, None)))
    key = auth.identify(visit(x_api_key="key of the environment"))
    check_origin(visit(sec_fetch_site="same-origin"), cookie, "POST")
    check_origin(visit(origin="http://localhost"), cookie, "DELETE")
    check_origin(visit(sec_fetch_site="cross-site"), cookie, "GET")
    check_origin(visit(origin="https://evil.test"), key, "POST")
    check_origin(visit(), None, "POST")
    for headers, who in (({}, cookie), ({"sec_fetch_site": "cross-site"}, cookie), ({"origin": "null"}, None)):
        with pytest.raises(Problem) as caught:
            check_origin(visit(**headers), who, "POST")
        assert caught.value.kind.code == "cross_site"


def test_when_a_key_was_used_is_written_once_an_hour(
    auth: Authenticator, clock: SystemClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that asks all day must not write all day; where nothing can be written, it is served all the same."""
    owner = auth.identify(with_session(auth.set_up(HERE, "ann", PASSWORD, None)))
    assert owner is not None
    _, key = auth.add_api_key(owner, "script")
    first = clock.now()
    for minutes in (0, 10, 49):
        clock.ahead += minutes * 60
        assert auth.by_api_key(key) is not None
    (noted,) = auth._accounts.api_keys()
    assert noted.last_used_at is not None
    assert (noted.last_used_at - first).total_seconds() < 60
    clock.ahead += 120
    auth.by_api_key(key)
    (noted,) = auth._accounts.api_keys()
    assert noted.last_used_at is not None
    assert (noted.last_used_at - first).total_seconds() > 3600

    def refuse(*_: object) -> None:
        raise Unreachable("The database does not answer.")

    clock.ahead += 3601
    monkeypatch.setattr(auth._accounts, "note_api_key_used", refuse)
    assert auth.by_api_key(key) is not None


def test_a_name_that_nobody_has_is_checked_as_slowly_as_another() -> None:
    """The drawn hash is one of today's costs: Argon2 works it through and says no, instead of refusing to read it."""
    hasher = PasswordHasher()
    nobody = _hash_of_nobody(hasher)
    assert not hasher.check_needs_rehash(nobody)
    with pytest.raises(VerifyMismatchError):
        hasher.verify(nobody, "anything")

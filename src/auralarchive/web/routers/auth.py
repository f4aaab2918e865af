"""Signing in and out, the first account, and API keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, Field, SecretStr
from starlette.responses import Response

from auralarchive.ports.store import ApiKey, Role
from auralarchive.web import people
from auralarchive.web.access import CurrentIdentity, CurrentServices, CurrentVisit, MaybeIdentity
from auralarchive.web.auth import Identity, session_cookie
from auralarchive.web.boundary import Visit
from auralarchive.web.fields import AccountName, Body, Id, Text
from auralarchive.web.responses import problems
from auralarchive.web.routers import welcome
from auralarchive.web.views import Json, View, moment

#: The only routes without sign-in; `middleware.PUBLIC` names them once more, and a test compares.
public = APIRouter(prefix="/api/auth", tags=["auth"])
router = APIRouter(prefix="/api/auth", tags=["auth"])

_LEAST, _MOST = 8, 1024
Password = Annotated[SecretStr, Field(min_length=1, max_length=_MOST)]


def _check_new_password(value: SecretStr) -> SecretStr:
    if not _LEAST <= len(value) <= _MOST:
        raise ValueError(f"a password has at least {_LEAST} characters, and at most {_MOST}")
    return value


NewPassword = Annotated[
    SecretStr,
    AfterValidator(_check_new_password),
    Field(description="At least eight characters.", json_schema_extra={"minLength": _LEAST, "maxLength": _MOST}),
]


class Setup(Body):
    """The first account. `token` is printed on the server's console; needed from other machines."""

    name: AccountName
    password: NewPassword
    token: Annotated[str, Field(max_length=200)] | None = None


class Login(Body):
    name: Text
    password: Password


class PasswordChange(Body):
    current: Password
    new: NewPassword


class NewKey(Body):
    label: Text


class AuthStatus(View):
    """What a page has to show first. `needs_token`: the set-up asks for the console's token.

    `welcome`: the guided set-up waits for this person.
    """

    setup_needed: bool
    needs_token: bool
    signed_in: bool
    name: str | None
    role: Role | None
    welcome: bool


class Done(View):
    success: Literal[True] = True


class KeyView(View):
    """`last_used_at` is exact to the hour."""

    id: int
    label: str
    created_at: str
    last_used_at: str | None


class KeyList(View):
    items: list[KeyView]
    total: int
    next_cursor: str | None


class MadeKey(View):
    """A new key. It is shown this once."""

    id: int
    label: str
    key: str


@public.get("/status", response_model=AuthStatus)
def status(services: CurrentServices, visit: CurrentVisit, identity: MaybeIdentity) -> Response:
    """Whether there is an account, whether you are signed in, and as what."""
    setup_needed = services.authenticator.needs_setup()
    return Json(
        {
            "setup_needed": setup_needed,
            "needs_token": setup_needed and not visit.local,
            "signed_in": identity is not None,
            "name": identity.name if identity else None,
            "role": identity.role.value if identity else None,
            "welcome": _is_admin(identity) and welcome.pending(services.store.settings),
        }
    )


@public.post("/setup", status_code=201, response_model=Done, responses=problems(403, 409, 422, 429))
def setup(body: Setup, services: CurrentServices, visit: CurrentVisit) -> Response:
    """Create the first account and sign in."""
    secret = services.authenticator.set_up(visit, body.name, body.password.get_secret_value(), body.token)
    return _with_cookie(secret, visit, 201)


@public.post("/login", response_model=Done, responses=problems(401, 403, 422, 429))
def login(body: Login, services: CurrentServices, visit: CurrentVisit) -> Response:
    """Sign in; the answer's cookie is the session."""
    secret = services.authenticator.log_in(visit, body.name, body.password.get_secret_value())
    return _with_cookie(secret, visit)


@router.post("/logout", response_model=Done)
def logout(services: CurrentServices, visit: CurrentVisit, identity: CurrentIdentity) -> Response:
    """Sign out; live connections of this session end, too."""
    services.authenticator.log_out(identity)
    services.sockets.close_credential(identity.credential)
    return _with_cookie("", visit)


@router.post("/logout-everywhere", response_model=Done, responses=problems(409))
def logout_everywhere(services: CurrentServices, visit: CurrentVisit, identity: CurrentIdentity) -> Response:
    """Sign out in every browser, this one included; API keys stay."""
    services.sockets.close_account(services.authenticator.log_out_everywhere(identity))
    return _with_cookie("", visit)


@router.post("/password", response_model=Done, responses=problems(401, 409, 422, 429))
def password(
    body: PasswordChange, services: CurrentServices, visit: CurrentVisit, identity: CurrentIdentity
) -> Response:
    """Change the password; every session of the account ends, and this browser gets a new one."""
    current, new = body.current.get_secret_value(), body.new.get_secret_value()
    secret = services.authenticator.change_password(visit, identity, current, new)
    if identity.account_id is not None:
        services.sockets.close_account(identity.account_id)
    return _with_cookie(secret, visit) if identity.by_cookie else Json({"success": True})


@router.get("/keys", response_model=KeyList)
def keys(services: CurrentServices, identity: CurrentIdentity) -> Response:
    """The account's API keys, by their labels."""
    found = services.store.accounts.api_keys(identity.account_id) if identity.account_id is not None else ()
    items = [key_view(key) for key in found]
    return Json({"items": items, "total": len(items), "next_cursor": None})


@router.post("/keys", status_code=201, response_model=MadeKey, responses=problems(409, 422))
def add_key(body: NewKey, services: CurrentServices, identity: CurrentIdentity) -> Response:
    """Make an API key."""
    key_id, key = services.authenticator.add_api_key(identity, body.label)
    return Json({"id": key_id, "label": body.label, "key": key}, 201)


@router.delete("/keys/{key_id}", status_code=204, responses=problems(404, 422))
def delete_key(key_id: Id, services: CurrentServices, identity: CurrentIdentity) -> Response:
    """Withdraw an API key of your own; its live connections end."""
    people.withdraw_key(services, key_id, identity.account_id or 0)
    return Response(status_code=204)


def _is_admin(identity: Identity | None) -> bool:
    return identity is not None and identity.role is Role.ADMIN


def key_view(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "label": key.label,
        "created_at": moment(key.created_at),
        "last_used_at": moment(key.last_used_at),
    }


def _with_cookie(secret: str, visit: Visit, status: int = 200) -> Response:
    return Json({"success": True}, status, {"Set-Cookie": session_cookie(secret, visit)})

"""Everybody's accounts and API keys, for administrators."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from auralarchive.ports.store import Account, Role
from auralarchive.web import people
from auralarchive.web.access import CurrentIdentity, CurrentServices
from auralarchive.web.errors import Problem
from auralarchive.web.fields import AccountName, Body, Id
from auralarchive.web.responses import problems
from auralarchive.web.routers.auth import KeyView, NewPassword, key_view
from auralarchive.web.services import Services
from auralarchive.web.views import Json, View, moment

router = APIRouter(prefix="/api", tags=["users"])


class NewUser(Body):
    """Somebody new; the password is told to them, and they can change it."""

    name: AccountName
    role: Role = Role.MEMBER
    password: NewPassword


class UserChange(Body):
    """What is left out stays."""

    role: Role | None = None
    password: NewPassword | None = None


class UserView(View):
    """One account. `own`: the one that asks."""

    id: int
    name: str
    role: Role
    created_at: str
    keys: int
    own: bool


class UserList(View):
    items: list[UserView]
    total: int
    next_cursor: str | None


class OwnedKeyView(KeyView):
    """An API key of anybody."""

    account_id: int
    account: str


class OwnedKeyList(View):
    items: list[OwnedKeyView]
    total: int
    next_cursor: str | None


@router.get("/users", response_model=UserList)
def users(services: CurrentServices, identity: CurrentIdentity) -> Response:
    """Everybody who may sign in, by name."""
    everybody = sorted(services.store.accounts.all(), key=lambda account: (account.name.casefold(), account.id))
    items = [_view(services, account, identity.account_id) for account in everybody]
    return Json({"items": items, "total": len(items), "next_cursor": None})


@router.post("/users", status_code=201, response_model=UserView, responses=problems(409, 422))
def add(body: NewUser, services: CurrentServices, identity: CurrentIdentity) -> Response:
    """Let somebody in: a member, unless told otherwise."""
    account = people.add(services, body.name, body.role, body.password.get_secret_value())
    return Json(_view(services, account, identity.account_id), 201)


@router.patch("/users/{account_id}", response_model=UserView, responses=problems(404, 409, 422))
def change(account_id: Id, body: UserChange, services: CurrentServices, identity: CurrentIdentity) -> Response:
    """Change somebody's role, or reset their password, which signs them out everywhere."""
    if body.role is not None:
        people.set_role(services, identity, account_id, body.role)
    if body.password is not None:
        people.reset_password(services, identity, account_id, body.password.get_secret_value())
    account = services.store.accounts.get(account_id)
    if account is None:
        raise Problem("not_found", "There is no such account.", remedy="Reload the list.")
    return Json(_view(services, account, identity.account_id))


@router.delete("/users/{account_id}", status_code=204, responses=problems(404, 409, 422))
def remove(account_id: Id, services: CurrentServices, identity: CurrentIdentity) -> Response:
    """Remove an account with its sessions, API keys and places in books."""
    people.remove(services, identity, account_id)
    return Response(status_code=204)


@router.get("/keys", response_model=OwnedKeyList)
def keys(services: CurrentServices) -> Response:
    """The API keys of all accounts."""
    items = [
        {**key_view(key), "account_id": key.account_id, "account": name}
        for key, name in people.keys_with_names(services)
    ]
    return Json({"items": items, "total": len(items), "next_cursor": None})


@router.delete("/keys/{key_id}", status_code=204, responses=problems(404, 422))
def withdraw(key_id: Id, services: CurrentServices) -> Response:
    """Withdraw an API key of anybody; its live connections end."""
    people.withdraw_key(services, key_id)
    return Response(status_code=204)


def _view(services: Services, account: Account, own: int | None) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role.value,
        "created_at": moment(account.created_at),
        "keys": len(services.store.accounts.api_keys(account.id)),
        "own": account.id == own,
    }

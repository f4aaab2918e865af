"""Accounts as an administrator manages them.

Two things hold whatever is asked: nobody changes or removes the account that they are signed in with (a stolen
session could lock its owner out), and there is always somebody who administrates. Both are looked at inside one
lock, so that two administrators cannot take each other's rights at the same moment.

A change takes effect at once. Requests ask for the role each time; live connections are ended, and come back as
what they are by then.
"""

from __future__ import annotations

from auralarchive.ports.store import Account, ApiKey, Role
from auralarchive.web.auth import Identity, key_credential
from auralarchive.web.errors import Problem
from auralarchive.web.services import Services

_LOCK = "accounts"


def add(services: Services, name: str, role: Role, password: str) -> Account:
    """A new account. Raises the problem `name_taken`, also for a name that only looks the same."""
    accounts = services.store.accounts
    hashed = services.authenticator.hash_password(password)
    with services.store.downloads.exclusive(_LOCK):
        if any(one.name.casefold() == name.casefold() for one in accounts.all()):
            raise Problem("name_taken", f"There is already an account with the name {name}.")
        return accounts.create(name, hashed, services.clock.now(), role)


def set_role(services: Services, identity: Identity, account_id: int, role: Role) -> None:
    """Make somebody an administrator or a member."""
    with services.store.downloads.exclusive(_LOCK):
        account = _of_another(services, identity, account_id)
        if role is not Role.ADMIN:
            _check_others_administrate(services, account)
        services.store.accounts.set_role(account.id, role)
    services.sockets.close_account(account.id)


def reset_password(services: Services, identity: Identity, account_id: int, password: str) -> None:
    """Give somebody another password; whoever is signed in as them is signed out."""
    hashed = services.authenticator.hash_password(password)
    account = _of_another(services, identity, account_id)
    services.store.accounts.set_password(account.id, hashed)
    services.store.accounts.close_sessions_of(account.id)
    services.sockets.close_account(account.id)


def remove(services: Services, identity: Identity, account_id: int) -> None:
    """Forget somebody; sessions, keys and live connections end."""
    with services.store.downloads.exclusive(_LOCK):
        account = _of_another(services, identity, account_id)
        _check_others_administrate(services, account)
        services.store.accounts.delete(account.id)
    services.sockets.close_account(account.id)


def withdraw_key(services: Services, key_id: int, account_id: int | None = None) -> None:
    """End an API key and its live connections. Raises `not_found`, also for one of another than `account_id`."""
    key = next((one for one in services.store.accounts.api_keys(account_id) if one.id == key_id), None)
    if key is None or not services.store.accounts.delete_api_key(key_id):
        raise Problem("not_found", "There is no such API key.", remedy="Reload the list.")
    services.sockets.close_credential(key_credential(key.key_hash))


def keys_with_names(services: Services) -> list[tuple[ApiKey, str]]:
    """Everybody's keys, each with the name of its account."""
    names = {account.id: account.name for account in services.store.accounts.all()}
    return [(key, names[key.account_id]) for key in services.store.accounts.api_keys() if key.account_id in names]


def _of_another(services: Services, identity: Identity, account_id: int) -> Account:
    account = services.store.accounts.get(account_id)
    if account is None:
        raise Problem("not_found", "There is no such account.", remedy="Reload the list.")
    if account.id == identity.account_id:
        raise Problem("own_account", "This is the account that you are signed in with.")
    return account


def _check_others_administrate(services: Services, account: Account) -> None:
    others = (one for one in services.store.accounts.all() if one.id != account.id)
    if not any(one.role is Role.ADMIN for one in others):
        raise Problem("last_admin", f"{account.name} is the only administrator.")

"""Who is asking: accounts, sessions and API keys.

There is no password before a person sets one, and no way in without one. Secrets of sessions and keys
are random, and only their SHA-256 is stored; passwords are stored as Argon2id. A session's secret
lives in a cookie, an API key in the header `X-Api-Key` only. What a browser sends by itself (the
cookie) is believed on unsafe methods only where the browser says that our own page sent it.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from auralarchive.ports.errors import AuralError
from auralarchive.ports.store import Account, Role, Store
from auralarchive.ports.work import Clock
from auralarchive.web.boundary import Visit
from auralarchive.web.errors import Problem
from auralarchive.web.throttle import Throttle

log = logging.getLogger(__name__)

SESSION_LIFE = timedelta(days=30)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: An account may be tried three times by one peer before it has to wait; a peer twenty times in all.
_FREE_BY_ACCOUNT, _FREE_BY_PEER = 3, 20
#: Argon2 takes 64 MiB each time: a flood of attempts must not take the machine's memory.
_PARALLEL_CHECKS = 2
#: So often, in seconds, it is written down at most that a key was used.
_NOTE_EVERY = 3600.0
#: Cookies of our name that are tried in one request.
_MOST_COOKIES = 4


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `credential` names the session or key; `account_id` is None for the key of the environment.

    Such a key is held by who runs the server: it may do all.
    """

    credential: str
    account_id: int | None
    name: str
    role: Role
    by_cookie: bool


def cookie_name(visit: Visit) -> str:
    """The session cookie's name; under TLS the browser itself guards its prefix.

    `__Host-` is the stricter one, but a browser takes it for the root only: under a base path the cookie
    is rather kept from the other applications of this host.
    """
    if not visit.secure:
        return "auralarchive"
    return "__Secure-auralarchive" if visit.base_path else "__Host-auralarchive"


def session_cookie(secret: str, visit: Visit) -> str:
    """The `Set-Cookie` line that carries a session, or ends it where `secret` is empty."""
    life = int(SESSION_LIFE.total_seconds()) if secret else 0
    flags = "; Secure" if visit.secure else ""
    path = visit.base_path or "/"
    return f"{cookie_name(visit)}={secret}; Path={path}; Max-Age={life}; HttpOnly; SameSite=Lax{flags}"


def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """A stored password that nothing opens, as slow to check as a real one.

    It is drawn, not computed: that would take 64 MiB and its time from every start.
    """
    salt, digest = (
        b64encode(secrets.token_bytes(length)).rstrip(b"=").decode() for length in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"


class Authenticator:
    """Checks credentials, and opens and ends sessions. Blocks: call it from threads."""

    def __init__(self, store: Store, clock: Clock, *, api_keys: Mapping[str, str] | None = None) -> None:
        """`api_keys` are keys that no account made, by who holds them: the environment, the terminal."""
        self._accounts = store.accounts
        self._downloads = store.downloads
        self._clock = clock
        self._own_keys = {holder: _digest(key) for holder, key in (api_keys or {}).items()}
        self._hasher = PasswordHasher()
        self._nobody = _hash_of_nobody(self._hasher)
        self._checks = threading.BoundedSemaphore(_PARALLEL_CHECKS)
        self._by_account = Throttle(clock, _FREE_BY_ACCOUNT)
        self._by_peer = Throttle(clock, _FREE_BY_PEER)
        self._noted: dict[str, float] = {}
        #: To be shown on the console while there is no account: whoever sets up from afar must know it.
        self.setup_token = secrets.token_urlsafe(18)

    def identify(self, visit: Visit) -> Identity | None:
        """Who sent this request; a wrong API key is nobody, whatever cookie comes with it."""
        key = visit.headers.get("x-api-key")
        if key is not None:
            return self.by_api_key(key)
        return next(filter(None, map(self._by_session, session_secrets(visit))), None)

    def by_api_key(self, key: str) -> Identity | None:
        digest = _digest(key)
        for holder, known in self._own_keys.items():
            if hmac.compare_digest(digest, known):
                return Identity(f"key:{holder}", None, f"API key of the {holder}", Role.ADMIN, by_cookie=False)
        account = self._accounts.account_of_api_key(digest)
        if account is None:
            return None
        self._note_use(digest)
        return _identity(key_credential(digest), account, by_cookie=False)

    def still_valid(self, credential: str) -> bool:
        """Whether a credential that was good is good still; for connections that stay open."""
        kind, _, digest = credential.partition(":")
        if kind == "session":
            return self._accounts.session(digest, self._clock.now()) is not None
        return digest in self._own_keys or self._accounts.account_of_api_key(digest) is not None

    def _by_session(self, secret: str) -> Identity | None:
        digest = _digest(secret)
        session = self._accounts.session(digest, self._clock.now())
        account = self._accounts.get(session.account_id) if session else None
        return _identity(f"session:{digest}", account, by_cookie=True) if account else None

    def needs_setup(self) -> bool:
        return not self._accounts.any()

    def set_up(self, visit: Visit, name: str, password: str, token: str | None) -> str:
        """Create the first account; returns its session's secret."""
        if not self.needs_setup():
            raise Problem("already_set_up")
        if not visit.local and not hmac.compare_digest((token or "").encode(), self.setup_token.encode()):
            self._slow_down(f"setup\n{visit.peer}", visit.peer)
            self._count_failure(f"setup\n{visit.peer}", visit.peer)
            raise Problem("setup_token")
        with self._downloads.exclusive("setup"):
            if not self.needs_setup():
                raise Problem("already_set_up")
            account = self._accounts.create(name, self.hash_password(password), self._clock.now())
        log.info("first account created from %s", visit.peer)
        return self._open(account)

    def log_in(self, visit: Visit, name: str, password: str) -> str:
        """Check a password; returns a new session's secret, and ends the one the browser had."""
        key = f"{name.casefold()}\n{visit.peer}"
        self._slow_down(key, visit.peer)
        account = self._accounts.by_name(name)
        if not self._verify(account, password) or account is None:
            self._count_failure(key, visit.peer)
            log.warning("failed sign-in from %s", visit.peer)
            raise Problem("wrong_credentials")
        self._by_account.succeeded(key)
        for old in session_secrets(visit):
            self._accounts.close_session(_digest(old))
        return self._open(account)

    def log_out(self, identity: Identity) -> None:
        kind, _, digest = identity.credential.partition(":")
        if kind == "session":
            self._accounts.close_session(digest)

    def log_out_everywhere(self, identity: Identity) -> int:
        """End every session of the account; returns the account's id. API keys stay."""
        account = self._own_account(identity)
        self._accounts.close_sessions_of(account.id)
        return account.id

    def change_password(self, visit: Visit, identity: Identity, current: str, new: str) -> str:
        """Set another password and end every session; returns the secret of a new one."""
        account = self._own_account(identity)
        key = f"{account.name.casefold()}\n{visit.peer}"
        self._slow_down(key, visit.peer)
        if not self._verify(account, current):
            self._count_failure(key, visit.peer)
            raise Problem("wrong_credentials", "The current password is wrong.")
        self._accounts.set_password(account.id, self.hash_password(new))
        self._accounts.close_sessions_of(account.id)
        return self._open(account)

    def add_api_key(self, identity: Identity, label: str) -> tuple[int, str]:
        """A new key's id and the key itself, which nobody can read again."""
        key = f"aa_{secrets.token_urlsafe(32)}"
        account = self._own_account(identity)
        return self._accounts.add_api_key(account.id, label, _digest(key), self._clock.now()), key

    def _note_use(self, digest: str) -> None:
        now = self._clock.monotonic()
        if now - self._noted.get(digest, -_NOTE_EVERY) < _NOTE_EVERY:
            return
        self._noted[digest] = now
        try:
            self._accounts.note_api_key_used(digest, self._clock.now())
        except AuralError as error:  # a note is not worth a refusal: whoever only reads may still be served
            log.warning("that a key was used could not be written down: %s", error.reason)

    def _own_account(self, identity: Identity) -> Account:
        account = self._accounts.get(identity.account_id) if identity.account_id is not None else None
        if account is None:
            raise Problem("needs_person", "This API key belongs to no account.", remedy="Sign in with an account.")
        return account

    def _open(self, account: Account) -> str:
        secret = secrets.token_urlsafe(32)
        now = self._clock.now()
        self._accounts.open_session(account.id, _digest(secret), now, now + SESSION_LIFE)
        return secret

    def hash_password(self, password: str) -> str:
        """As it is stored: Argon2id."""
        with self._checks:
            return self._hasher.hash(password)

    def _verify(self, account: Account | None, password: str) -> bool:
        """As slow for a name that nobody has, so that time tells nothing."""
        stored = account.password_hash if account else self._nobody
        try:
            with self._checks:
                return self._hasher.verify(stored, password) and account is not None
        except (VerificationError, InvalidHashError):
            return False

    def _slow_down(self, key: str, peer: str) -> None:
        wait = max(self._by_account.wait_seconds(key), self._by_peer.wait_seconds(peer))
        if wait > 0:
            seconds = int(wait) + 1
            raise Problem(
                "too_many_attempts",
                f"Too many failed attempts; wait {seconds} seconds.",
                headers={"Retry-After": str(seconds)},
            )

    def _count_failure(self, key: str, peer: str) -> None:
        self._by_account.failed(key)
        self._by_peer.failed(peer)


def session_secrets(visit: Visit) -> tuple[str, ...]:
    """What the request's cookies offer as the session's secret: usually one.

    Browsers send the cookies of every application on this host along, whatever its port. So one that
    is written oddly must not hide ours, and another of our name is only one more to try.
    """
    pairs = (part.partition("=") for part in visit.headers.get("cookie", "").split(";"))
    named = (value.strip() for name, _, value in pairs if name.strip() == cookie_name(visit))
    return tuple(dict.fromkeys(filter(None, named)))[:_MOST_COOKIES]


def check_origin(visit: Visit, identity: Identity | None, method: str) -> None:
    """Refuse what another site made the browser send. Raises a problem.

    With a cookie the browser has to vouch for our own page; without one (signing in) it must at least
    not say the contrary. API keys are never sent by a browser by itself.
    """
    if method in SAFE_METHODS or (identity is not None and not identity.by_cookie):
        return
    same = visit.same_origin
    if same is False or (same is None and identity is not None):
        raise Problem("cross_site")


def key_credential(digest: str) -> str:
    """What names an API key in an `Identity`, and ends its live connections."""
    return f"key:{digest}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _identity(credential: str, account: Account, *, by_cookie: bool) -> Identity:
    return Identity(credential, account.id, account.name, account.role, by_cookie)

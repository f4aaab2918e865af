"""Who may come in. Passwords, session tokens and keys arrive as hashes; the plain ones are never here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from auralarchive.ports.store import Account, ApiKey, Role, Session
from auralarchive.store import schema
from auralarchive.store.database import Database

_accounts = schema.accounts.c
_sessions = schema.sessions.c
_keys = schema.api_keys.c
_COLUMNS = (_accounts.id, _accounts.name, _accounts.password_hash, _accounts.role, _accounts.created_at)
_ACCOUNT = select(*_COLUMNS)


class SqlAccounts:
    """`ports.store.Accounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def any(self) -> bool:
        """Whether anybody may sign in yet."""
        with self._database.read() as connection:
            return connection.scalar(select(_accounts.id).limit(1)) is not None

    def all(self) -> tuple[Account, ...]:
        """Everybody, by name."""
        with self._database.read() as connection:
            rows = connection.execute(_ACCOUNT.order_by(_accounts.name, _accounts.id)).mappings()
            return tuple(_account(row) for row in rows)

    def create(self, name: str, password_hash: str, now: datetime, role: Role = Role.ADMIN) -> Account:
        """A new account. Raises ValueError when the name is taken."""
        values = {"name": name, "password_hash": password_hash, "created_at": now, "role": role.value}
        statement = insert(schema.accounts).values(values)
        try:
            with self._database.write() as connection:
                row = connection.execute(statement.returning(*_COLUMNS)).mappings().one()
        except IntegrityError as error:
            raise ValueError(f"There is already an account with the name {name!r}.") from error
        return _account(row)

    def by_name(self, name: str) -> Account | None:
        """The account with exactly this name."""
        return self._one(_accounts.name == name)

    def get(self, account_id: int) -> Account | None:
        """The account with this id."""
        return self._one(_accounts.id == account_id)

    def set_password(self, account_id: int, password_hash: str) -> None:
        """Replace the password's hash."""
        self._change(account_id, password_hash=password_hash)

    def set_role(self, account_id: int, role: Role) -> None:
        """What this person may do from now on."""
        self._change(account_id, role=role.value)

    def delete(self, account_id: int) -> bool:
        """Forget this person; sessions, keys and places in books go with the row. False where there is none."""
        with self._database.write() as connection:
            return connection.execute(delete(schema.accounts).where(_accounts.id == account_id)).rowcount == 1

    def open_session(self, account_id: int, token_hash: str, now: datetime, expires_at: datetime) -> None:
        """Remember a signed-in browser; sessions that have expired are swept out with it."""
        row = {"token_hash": token_hash, "account_id": account_id, "created_at": now, "expires_at": expires_at}
        with self._database.write() as connection:
            connection.execute(delete(schema.sessions).where(_sessions.expires_at <= now))
            connection.execute(insert(schema.sessions).values(row))

    def session(self, token_hash: str, now: datetime) -> Session | None:
        """The session, unless it has expired."""
        query = select(_sessions.account_id, _sessions.token_hash, _sessions.expires_at).where(
            _sessions.token_hash == token_hash, _sessions.expires_at > now
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else Session(*row)

    def close_session(self, token_hash: str) -> None:
        """Sign this browser out."""
        self._close(_sessions.token_hash == token_hash)

    def close_sessions_of(self, account_id: int) -> None:
        """Sign this person out everywhere."""
        self._close(_sessions.account_id == account_id)

    def add_api_key(self, account_id: int, label: str, key_hash: str, now: datetime) -> int:
        """Remember a key by its hash; its id."""
        row = {"account_id": account_id, "label": label, "key_hash": key_hash, "created_at": now}
        with self._database.write() as connection:
            return int(connection.execute(insert(schema.api_keys).values(row).returning(_keys.id)).scalar_one())

    def account_of_api_key(self, key_hash: str) -> Account | None:
        """Whose key it is."""
        return self._one(_accounts.id == select(_keys.account_id).where(_keys.key_hash == key_hash).scalar_subquery())

    def api_keys(self, account_id: int | None = None) -> tuple[ApiKey, ...]:
        """The keys of a person, or without one those of everybody."""
        query = select(schema.api_keys).order_by(_keys.id)
        if account_id is not None:
            query = query.where(_keys.account_id == account_id)
        with self._database.read() as connection:
            return tuple(ApiKey(**row) for row in connection.execute(query).mappings())

    def note_api_key_used(self, key_hash: str, now: datetime) -> None:
        """Remember that somebody came in with this key."""
        with self._database.write() as connection:
            connection.execute(update(schema.api_keys).where(_keys.key_hash == key_hash).values(last_used_at=now))

    def delete_api_key(self, key_id: int) -> bool:
        """Forget a key; False where there is none."""
        with self._database.write() as connection:
            return connection.execute(delete(schema.api_keys).where(_keys.id == key_id)).rowcount == 1

    def _change(self, account_id: int, **values: str) -> None:
        with self._database.write() as connection:
            connection.execute(update(schema.accounts).where(_accounts.id == account_id).values(values))

    def _one(self, condition: ColumnElement[bool]) -> Account | None:
        with self._database.read() as connection:
            row = connection.execute(_ACCOUNT.where(condition)).mappings().first()
        return None if row is None else _account(row)

    def _close(self, condition: ColumnElement[bool]) -> None:
        with self._database.write() as connection:
            connection.execute(delete(schema.sessions).where(condition))


def _account(row: RowMapping) -> Account:
    return Account(**{**row, "role": Role(row["role"])})

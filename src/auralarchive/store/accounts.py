"""Who may come in. Passwords, session tokens and keys arrive as hashes; the plain ones are never here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from auralarchive.ports.store import Account, Role, Session
from auralarchive.store import schema
from auralarchive.store.database import Database

_accounts = schema.accounts.c
_sessions = schema.sessions.c
_keys = schema.api_keys.c
_COLUMNS = (_accounts.id, _accounts.name, _accounts.password_hash, _accounts.role)
_ACCOUNT = select(*_COLUMNS)


class SqlAccounts:
    """`ports.store.Accounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def any(self) -> bool:
        """Whether anybody may sign in yet."""
        with self._database.read() as connection:
            return connection.scalar(select(_accounts.id).limit(1)) is not None

    def create(self, name: str, password_hash: str, now: datetime, role: Role = Role.ADMIN) -> Account:
        """A new account. Raises ValueError when the name is taken."""
        values = {"name": name, "password_hash": password_hash, "created_at": now, "role": role.value}
        statement = insert(schema.accounts).values(values)
        try:
            with self._database.write() as connection:
                row = connection.execute(statement.returning(*_COLUMNS)).one()
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
        statement = update(schema.accounts).where(_accounts.id == account_id).values(password_hash=password_hash)
        with self._database.write() as connection:
            connection.execute(statement)

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

    def api_keys(self, account_id: int) -> tuple[tuple[int, str, datetime], ...]:
        """Id, label and day of each of the person's keys."""
        query = select(_keys.id, _keys.label, _keys.created_at).where(_keys.account_id == account_id).order_by(_keys.id)
        with self._database.read() as connection:
            return tuple((row.id, row.label, row.created_at) for row in connection.execute(query))

    def delete_api_key(self, account_id: int, key_id: int) -> bool:
        """Forget one key of this person; False where it is not one."""
        statement = delete(schema.api_keys).where(_keys.account_id == account_id, _keys.id == key_id)
        with self._database.write() as connection:
            return connection.execute(statement).rowcount == 1

    def _one(self, condition: ColumnElement[bool]) -> Account | None:
        with self._database.read() as connection:
            row = connection.execute(_ACCOUNT.where(condition)).first()
        return None if row is None else _account(row)

    def _close(self, condition: ColumnElement[bool]) -> None:
        with self._database.write() as connection:
            connection.execute(delete(schema.sessions).where(condition))


def _account(row: Row[int, str, str, str]) -> Account:
    return Account(row.id, row.name, row.password_hash, Role(row.role))

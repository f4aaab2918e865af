"""Tells browsers what happens, by tailing the event log.

Nobody calls this to announce anything. A commit wakes it; it reads the log above the last number it
has told and sends that on. So several processes over one database need no bus between them, and
what a browser hears is always something that has really been committed.

Socket.IO may lose messages; the numbers tell. A client says on connecting which `seq` it has seen and gets
what it missed, or `resync` when that is more than a list is worth. The queue itself is the truth.
A client that does not read is let go before what it has not read fills the memory.
"""

from __future__ import annotations

import asyncio
import logging
import operator
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

import anyio
import anyio.to_thread
import socketio
from anyio.abc import TaskGroup

from auralarchive.live.connections import Connections
from auralarchive.live.guard import ASGIApp, Guard
from auralarchive.live.limits import Limits
from auralarchive.live.messages import Message, Redact, progress_rows, told
from auralarchive.pipeline.live import Live
from auralarchive.ports.door import Door
from auralarchive.ports.errors import AuralError
from auralarchive.ports.store import Store

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

#: The log is read this often even if no wake-up came, in seconds.
_SAFETY_NET = 1.0
_PROGRESS_EVERY = 1.0
_SWEEP_EVERY = 1.0
_REVALIDATE_EVERY = 30.0
#: So many lines of the log are sent before others get their turn.
_BATCH = 100
#: Threads of our own for the questions asked here: those that all share may all wait for slow neighbours.
_THREADS = 4

#: Those who have caught up with the log, and hear what happens from now on.
_ROOM = "live"


class Board(Protocol):
    """Where the moment's figures are."""

    def live_all(self) -> Mapping[int, Live]: ...


class Gateway:
    """`asgi` wraps the web application, `run` serves until cancelled; both in one event loop."""

    def __init__(self, store: Store, board: Board, door: Door, redact: Redact, limits: Limits | None = None) -> None:
        self._downloads = store.downloads
        self._board = board
        self._door = door
        self._redact = redact
        self._limits = limits or Limits()
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._seq = 0
        self._wake = asyncio.Event()
        self._tasks: TaskGroup | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_lock = threading.Lock()
        self._sio = _server(self._limits, self._connected)
        self._connections = Connections(self._sio, self._limits)
        self._sio.on("connect", self._connect)
        self._sio.on("disconnect", self._disconnected)
        self._sio.on("*", self._ignore)
        store.on_commit(self.wake)

    def asgi(self, other_app: ASGIApp) -> ASGIApp:
        """The application to serve: Socket.IO at its path, `other_app` everywhere else."""
        return Guard(socketio.ASGIApp(self._sio), other_app, self._door, self._limits, self._connections)

    async def run(self) -> None:
        """Tell what is committed from now on, until cancelled."""
        self._seq = await self._asked(self._downloads.last_seq)
        with self._loop_lock:
            self._loop = asyncio.get_running_loop()
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                tasks.start_soon(self._tail)
                tasks.start_soon(self._tell_progress)
                tasks.start_soon(self._sweep)
                tasks.start_soon(self._revalidate)
        finally:
            self._tasks = None
            with self._loop_lock:
                self._loop = None
            with anyio.CancelScope(shield=True):
                await self._connections.close_all()

    @property
    def connected(self) -> int:
        """How many browsers and programs listen at this moment."""
        return self._connections.count()

    # What other threads call. Before and after `run` there is nobody to tell.

    def wake(self) -> None:
        """Something was committed."""
        self._soon(self._wake.set)

    def close_credential(self, credential: str) -> None:
        """End the connections of a session or key."""
        self._soon(self._close_where, lambda guest: guest.credential == credential)

    def close_account(self, account_id: int) -> None:
        """End all connections of an account."""
        self._soon(self._close_where, lambda guest: guest.account_id == account_id)

    def _soon(self, call: Callable[..., object], *arguments: Any) -> None:
        with self._loop_lock:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(call, *arguments)

    def _close_where(self, test: Callable[[Any], bool]) -> None:
        if self._tasks is not None:
            self._tasks.start_soon(self._connections.close_where, test)

    # Telling.

    async def _tail(self) -> None:
        while True:
            with anyio.move_on_after(_SAFETY_NET):
                await self._wake.wait()
            self._wake.clear()
            while events := await self._asked(self._downloads.events_after, self._seq, _BATCH):
                self._seq = events[-1].seq
                await self._send(told(events, self._redact), to=_ROOM)
                await self._connections.let_drain()

    async def _tell_progress(self) -> None:
        before: Mapping[int, Live] = {}
        while True:
            await anyio.sleep(_PROGRESS_EVERY)
            now = dict(self._board.live_all())
            rows = progress_rows(now, before)
            before = now
            if rows:
                # Whoever is behind already can do without figures that the next second replaces.
                behind = self._connections.behind()
                await self._sio.emit("download:progress", {"rows": rows}, to=_ROOM, skip_sid=behind)

    async def _send(self, messages: list[Message], to: str) -> None:
        for name, data in messages:
            await self._sio.emit(name, data, to=to)

    async def _catch_up(self, sid: str, seen: int | None) -> None:
        """Tell one client what it missed. Only then it hears the rest: nothing comes twice or out of turn."""
        if seen is not None and await self._is_too_far_back(seen):
            seen = None
            await self._sio.emit("resync", {"seq": self._seq}, to=sid)
        while seen is not None and seen < self._seq:
            events = await self._asked(self._downloads.events_after, seen, _BATCH)
            known = [event for event in events if event.seq <= self._seq]
            if not known:
                break
            seen = known[-1].seq
            await self._send(told(known, self._redact), to=sid)
            await self._connections.let_drain()
        if self._sio.manager.is_connected(sid, "/"):
            await self._sio.enter_room(sid, _ROOM)
            await self._sio.emit("ready", {"seq": self._seq}, to=sid)

    async def _is_too_far_back(self, seen: int) -> bool:
        first = await self._asked(self._downloads.first_seq)
        return seen > self._seq or seen < first - 1 or self._seq - seen > self._limits.replay

    # Coming and staying.

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> None:
        if self._tasks is None:
            raise socketio.exceptions.ConnectionRefusedError("starting")
        guest = await anyio.to_thread.run_sync(self._door.admit, environ["asgi.scope"], auth, limiter=self._threads)
        if guest is None:
            raise socketio.exceptions.ConnectionRefusedError("not_signed_in")
        self._connections.name(sid, guest, _seen(auth))

    def _connected(self, sid: str) -> None:
        """Called once the client has been told that it is in."""
        if self._tasks is not None:
            self._tasks.start_soon(self._catch_up, sid, self._connections.seen(sid))

    async def _disconnected(self, sid: str, reason: str) -> None:
        self._connections.release(sid)

    async def _ignore(self, event: str, sid: str, *data: object) -> None:
        """Clients have nothing to say; the guard counts how often they try."""

    async def _sweep(self) -> None:
        while True:
            await anyio.sleep(_SWEEP_EVERY)
            await self._connections.sweep()

    async def _revalidate(self) -> None:
        """Sessions end by themselves, or in another process: their connections must end, too."""
        while True:
            await anyio.sleep(_REVALIDATE_EVERY)
            for guest in self._connections.guests():
                if not await self._asked(self._door.still_valid, guest):
                    await self._connections.close_where(partial(operator.eq, guest))

    async def _asked(self, question: Callable[..., Answer], *arguments: Any) -> Answer:
        """The store's answer. While the database is away it is asked again: a pause must not end the server."""
        while True:
            try:
                return await anyio.to_thread.run_sync(question, *arguments, limiter=self._threads)
            except AuralError as error:
                _log.warning("what happened cannot be told at the moment: %s", error)
                await anyio.sleep(_SAFETY_NET)


class _Manager(socketio.AsyncManager):  # type: ignore[misc]  # the library is not annotated
    """Says when a client is in: right after the packet that tells it so."""

    def __init__(self, on_connected: Callable[[str], None]) -> None:
        super().__init__()
        self._on_connected = on_connected

    async def connect(self, sid: str, namespace: str) -> str:
        connected: str = await super().connect(sid, namespace)
        self._on_connected(connected)
        return connected


def _server(limits: Limits, on_connected: Callable[[str], None]) -> socketio.AsyncServer:
    return socketio.AsyncServer(
        async_mode="asgi",
        client_manager=_Manager(on_connected),
        cors_allowed_origins=[],  # the guard compares origins itself, with the host that was asked for
        max_http_buffer_size=limits.message_bytes,
        ping_interval=20,
        ping_timeout=20,
        http_compression=False,
        logger=False,
        engineio_logger=False,
    )


def _seen(auth: object) -> int | None:
    """The last number that a connecting client says it has seen."""
    seen = auth.get("seq") if isinstance(auth, Mapping) else None
    return seen if isinstance(seen, int) and not isinstance(seen, bool) and 0 <= seen < 2**53 else None

"""One process that does it all: pages, live events, monitor, runner and housekeeping, side by side."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from auralarchive import web
from auralarchive.audio.ffmpeg import find_ffmpeg
from auralarchive.live.gateway import Gateway
from auralarchive.observability.health import Health
from auralarchive.observability.logs import LogSettings, configure
from auralarchive.observability.metrics import Metrics
from auralarchive.pipeline.holding import Holdings
from auralarchive.pipeline.monitor import ClientStatus
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import AuralError, Misconfigured
from auralarchive.runtime.about import VERSION, about
from auralarchive.runtime.board import fill
from auralarchive.runtime.core import Core
from auralarchive.runtime.disks import Disks
from auralarchive.runtime.folders import CandidateFolders, find_clients
from auralarchive.runtime.gauges import gauges
from auralarchive.runtime.scoring import fit
from auralarchive.runtime.supervisor import BlockingPart, Server, supervise
from auralarchive.settings import Settings
from auralarchive.web.app import create_app
from auralarchive.web.auth import Authenticator
from auralarchive.web.boundary import Boundary
from auralarchive.web.door import SocketDoor
from auralarchive.web.prefix import below
from auralarchive.web.server import server_config
from auralarchive.web.services import Demo, DemoState, Services
from auralarchive.web.upkeep import Upkeep


def configure_logging(settings: Settings, core: Core) -> None:
    """Console and a rotated file, both without secrets."""
    kind: Any = "json" if settings.logging.json_lines else "console"
    file = settings.data_dir / "logs" / "auralarchive.log"
    configure(LogSettings(settings.logging.level, kind, file), core.redactor, ring=core.ring)


#: Called once the server answers: with its address, and with the token for making the first account from
#: another machine, where that is needed.
Announce = Callable[[str, str | None], None]


class NoDemo:
    """`web.services.Demo` of a server that was put together without one."""

    def state(self) -> DemoState:
        """It does not run."""
        return DemoState(running=False)

    def start(self) -> DemoState:
        """Raises `Misconfigured`."""
        raise Misconfigured("This server has no demo.", "Start one with: auralarchive demo")

    def stop(self) -> DemoState:
        """There is nothing to end."""
        return self.state()


async def serve(
    core: Core,
    *,
    announce: Announce = lambda _url, _token: None,
    demo: Demo | None = None,
    handle_signals: bool = True,
) -> None:
    """Serve until a signal, or until a part ends.

    Raises `Misconfigured` where the port is another program's.
    """
    settings = core.holder.current.server
    with closing(listener(settings.host, settings.port)) as listening:
        server = build_server(core, announce, demo)
        await supervise(
            server.uvicorn,
            blocking_parts(core),
            (server.gateway.run,),
            handle_signals=handle_signals,
            sockets=[listening],
        )


def listener(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `Misconfigured`."""
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(2048)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise Misconfigured(
            f"{_shown(host)}:{port} cannot be listened on: {error.strerror}.",
            "Stop the program that has it, or choose another with --port or --host.",
        ) from error
    return listening


class _Built:
    """The web server with its gateway."""

    def __init__(self, server: Server, gateway: Gateway) -> None:
        self.uvicorn, self.gateway = server, gateway


def build_server(core: Core, announce: Announce, demo: Demo | None = None) -> _Built:
    """The web application over the core, ready to be served. Raises `Misconfigured`."""
    settings = core.holder.current
    keys = {"environment": settings.api_key.get_secret_value()} if settings.api_key else {}
    authenticator = Authenticator(core.store, core.clock, api_keys={**keys, "terminal": core.local_key})
    boundary = _boundary(settings)
    door = SocketDoor(boundary, authenticator)
    gateway = Gateway(core.store, core.monitor, door, core.redactor.redact_answer)
    disks = Disks(lambda: core.holder.current)
    health = Health({**probes(core), "Disks": lambda: _measured(disks)}, core.clock)
    core.herald.health = health.findings
    fill(core, lambda: gateway.connected)
    app = create_app(
        Services(
            store=core.store,
            commands=core.commands,
            editor=core.editor,
            searcher=core.searcher,
            monitor=core.monitor,
            adapters=core.adapters,
            settings=core.holder,
            payloads=core.payloads,
            authenticator=authenticator,
            boundary=boundary,
            sockets=gateway,
            metrics=Metrics(lambda: gauges(core)),
            clock=core.clock,
            health=health.findings,
            upkeep=Upkeep(health, core.ring, core.tasks, core.shelf, core.restorer, lambda: about(core.holder.current)),
            disks=lambda: disks.latest,
            files=core.files_of,
            runner_status=lambda: runner_status(core),
            redact=core.redactor.redact_answer,
            holdings=lambda: Holdings(core.store.downloads.holdings(), fit),
            library_root=lambda: core.tools.library.root,
            folders=CandidateFolders(core),
            find_clients=lambda: find_clients(core),
            demo=demo or NoDemo(),
            version=VERSION,
            static_dir=Path(web.__file__).parent / "static",
        )
    )
    config = server_config(below(boundary.base_path, gateway.asgi(app)), settings.server.host, settings.server.port)

    def started() -> None:
        url = f"http://{_shown(_reachable(settings.server.host))}:{server.port}{settings.server.base_path}"
        afar = not _loopback(settings.server.host) or settings.server.trusted_proxies
        # Told, not logged: there it would be hidden, and it would stay.
        announce(url, authenticator.setup_token if afar and authenticator.needs_setup() else None)

    server = Server(config, started)
    return _Built(server, gateway)


def _boundary(settings: Settings) -> Boundary:
    try:
        return Boundary.of(settings.server.allowed_hosts, settings.server.trusted_proxies, settings.server.base_path)
    except ValueError as error:
        raise Misconfigured(
            f"server.trusted_proxies: {error}.", "Name addresses, or networks as 10.0.0.0/8."
        ) from error


def blocking_parts(core: Core) -> tuple[BlockingPart, ...]:
    """What runs beside the web server, each in a thread of its own."""
    return (
        BlockingPart("monitor", core.monitor.run, core.monitor.stop),
        BlockingPart("runner", core.runner.run, core.runner.stop),
        BlockingPart("housekeeping", core.housekeeper.run, core.housekeeper.stop),
        BlockingPart("notifications", core.herald.run, core.herald.stop),
    )


def runner_status(core: Core) -> Mapping[str, Any]:
    return {"engine": "local", "working_on": list(core.runner.running)}


def probes(core: Core) -> Mapping[str, Callable[[], tuple[Finding, ...]]]:
    """What the health page asks."""
    return {
        "Download clients": lambda: _client_findings(core),
        "Library": core.tools.library.check,
        "FFmpeg": lambda: _ffmpeg_finding(core),
        "Disk space": lambda: _space_findings(core),
        "Housekeeping": lambda: core.housekeeper.findings,
        "Notifications": lambda: core.herald.findings,
        "Backups": core.shelf.findings,
        "Settings": lambda: (*core.adapters.problems, *core.holder.problems),
    }


def _client_findings(core: Core) -> tuple[Finding, ...]:
    status = core.monitor.status()
    if not status.clients:
        return (Finding(False, "Download clients", "No download client is enabled.", "Enable one in the settings."),)
    return tuple(
        Finding(client.reachable, client.name, _said(client), client.remedy or "")
        for client in status.clients
        if client.reachable or client.error != "Not asked yet."
    )


def _said(client: ClientStatus) -> str:
    """What is to be told of a client: its error without the remedy, which stands on a line of its own."""
    if client.error is None:
        return f"{client.type} {client.version}"
    return client.error.removesuffix(client.remedy or "").rstrip()


def _ffmpeg_finding(core: Core) -> tuple[Finding, ...]:
    try:
        found = find_ffmpeg(core.holder.current.conversion.ffmpeg)
    except AuralError as error:
        return (Finding(False, "FFmpeg", error.reason, error.remedy),)
    return (Finding(True, "FFmpeg", f"{found.version} at {found.path}"),)


def _measured(disks: Disks) -> tuple[Finding, ...]:
    """No finding of its own: what is wrong with a folder the other checks say."""
    disks.measure()
    return ()


def _space_findings(core: Core) -> tuple[Finding, ...]:
    settings = core.holder.current
    # That the downloads' folder is not there at all is told by the library, which takes books from it.
    downloads = {"Space for downloads": settings.download_root} if settings.download_root.is_dir() else {}
    folders = {
        **downloads,
        "Space for conversions": settings.work_root,
        "Space for data": settings.data_dir,
    }
    return tuple(_space(name, folder, settings.library.reserve_bytes) for name, folder in folders.items())


def _space(name: str, folder: Path, reserve: int) -> Finding:
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Finding(False, name, f"{folder} is missing or cannot be written to.", "Check the folder and its owner.")
    free = shutil.disk_usage(folder).free
    enough = free >= reserve
    return Finding(enough, name, f"{free / 1e9:.1f} GB free in {folder}.", "" if enough else "Make room on this disk.")


def _reachable(host: str) -> str:
    """An address by which this machine reaches a server that listens on all of them."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared only


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host

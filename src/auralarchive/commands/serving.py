"""The commands that serve: `auralarchive serve` and `auralarchive demo`."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from auralarchive.demo.live import LiveDemo
from auralarchive.runtime.about import VERSION
from auralarchive.runtime.api import remember_server, server_file
from auralarchive.runtime.core import Core, open_core
from auralarchive.runtime.serve import configure_logging
from auralarchive.runtime.serve import serve as serve_core
from auralarchive.terminal import Config, DataDir, err, tell


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8765")] = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Start the application: pages, monitor and runner in one process. Stop it with Ctrl-C."""
    with (
        closing(open_core({"data_dir": data_dir, **_server(host, port)}, toml=config)) as core,
        LiveDemo(core) as shared,
    ):
        _serve(core, shared)


def _server(host: str | None, port: int | None) -> dict[str, Any]:
    given = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    return {"server": given} if given else {}


def _serve(core: Core, shared: LiveDemo, also: str = "") -> None:
    settings = core.holder.current
    configure_logging(settings, core)

    def announce(url: str, setup_token: str | None) -> None:
        remember_server(settings.data_dir, url, core.local_key)
        err.print(Text.assemble(f"AuralArchive {VERSION} answers at ", (url, "bold")), soft_wrap=True)
        if setup_token is not None:
            err.print("There is no account yet. To make it from another machine, enter there this setup token:")
            tell(f"  {setup_token}", to=err)
        if also:
            tell(also, to=err)

    try:
        asyncio.run(serve_core(core, announce=announce, demo=shared))
    finally:
        server_file(settings.data_dir).unlink(missing_ok=True)


def demo(
    data_dir: Annotated[Path | None, typer.Option(help="Keep the demo here instead of a folder that goes.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8765")] = None,
) -> None:
    """Your first minute: a small spoken book, shared on this machine only, to search, download and hear.

    Everything happens on 127.0.0.1, without any account elsewhere; nothing is kept unless you name a folder.
    """
    with tempfile.TemporaryDirectory(prefix="auralarchive-demo-") as folder:
        root = data_dir or Path(folder)
        with closing(open_core({"data_dir": root, **_demo_settings(host, port)})) as core, LiveDemo(core) as shared:
            shared.start()
            _serve(
                core,
                shared,
                f"1. Open the page and make an account.\n2. Search for “{shared.info.search}” and download it.\n"
                f"3. Watch it arrive in {core.holder.current.library_root}\n"
                f"End it with Ctrl-C; {'all of it goes with it' if data_dir is None else 'the folder stays'}.",
            )


def _demo_settings(host: str | None, port: int | None) -> dict[str, Any]:
    # The book is small: at the usual pace of looking it would be there before a bar has moved.
    quick = {"download_management": {"polling_interval_seconds": 0.5}}
    alone = {"embedded": {"loopback": True, "listen_port": 0}, "free_books": {"enabled": False}}
    return {**_server(host, port), **quick, **alone}

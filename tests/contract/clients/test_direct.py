"""What only direct downloads have to prove: mirrors, wrong bytes, servers that say no, and disks that take nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.clients import direct_items
from auralarchive.clients.context import ClientContext
from auralarchive.clients.direct import DIRECT
from auralarchive.clients.payloads import Payloads
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.manifest import Manifest
from auralarchive.ports.clients import DownloadClient
from tests.contract.clients.conftest import contents, options
from tests.support.files import FileHost, Twist, book
from tests.support.processes import wait_for

BOOK = book(60_000, 40_000)


@pytest.fixture
def host() -> Iterator[FileHost]:
    with FileHost() as running:
        yield running


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DownloadClient]:
    """One without the patience that strangers deserve."""
    monkeypatch.setattr(direct_items, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(direct_items, "DISK_WAIT", 0.05)
    monkeypatch.setattr(direct_items, "QUIET", 0.0)
    made = DIRECT.build("Direct", settings(tmp_path), ClientContext(tmp_path / "state"))
    yield made
    made.close()


def settings(folder: Path, **changes: object) -> dict[str, object]:
    told = {"download_folder": str(folder / "downloads"), "loopback": True, "pause_seconds": 0, "reserve_bytes": 0}
    return {**told, **changes}


def add(client: DownloadClient, manifest: Manifest) -> str:
    return client.add(Payloads().manifest(manifest.to_bytes()), options()).id


def until(client: DownloadClient, item_id: str, *states: ItemState) -> ClientItem:
    def look() -> ClientItem | None:
        item = client.find(frozenset({item_id}))
        return item if item is not None and item.state in states else None

    return wait_for(look, timeout=30)


def mirrored(host: FileHost) -> Manifest:
    """Each file also lies elsewhere."""
    manifest = host.manifest("Emma", BOOK)
    files = (replace(f, urls=(*f.urls, host.put(f"mirror/{f.path}", BOOK[f.path]))) for f in manifest.files)
    return replace(manifest, files=tuple(files))


@pytest.mark.parametrize(
    "twist",
    [
        Twist(status=404),
        Twist(status=403),
        Twist(status=503),
        Twist(cut=10_000),
        Twist(body=b"z" * 60_000),
        Twist(length=7),
        Twist(endless=True),
        Twist(headers={"Content-Encoding": "gzip"}),
        Twist(headers={"Content-Type": "text/html"}),
        Twist(status=302, headers={"Location": "http://10.0.0.1/"}),
        Twist(status=302, headers={"Location": "/Emma/01.mp3"}),
    ],
    ids=lambda twist: str(twist.status or next(name for name in ("cut", "body", "length", "endless", "headers")
                                               if getattr(twist, name))),
)  # fmt: skip
def test_a_mirror_helps_out(client: DownloadClient, host: FileHost, twist: Twist) -> None:
    """Whatever the first server gets wrong, every time."""
    host.always("Emma/01.mp3", twist)
    item = until(client, add(client, mirrored(host)), ItemState.READY)
    assert contents(Path(client.local_path(item))) == BOOK


def test_the_last_no_is_final_and_in_the_hosts_words(client: DownloadClient, host: FileHost) -> None:
    """The rest of the book is of no use then; a person who retries after it was mended gets it."""
    host.always("Emma/02.mp3", Twist(status=403, reason="Item is dark"))
    host.always("mirror/02.mp3", Twist(status=410))
    manifest = mirrored(host)
    item_id = add(client, manifest)
    assert until(client, item_id, ItemState.FAILED).message == "02.mp3: 127.0.0.1 answers 410 Gone"
    host.always("mirror/02.mp3", None)
    assert add(client, manifest) == item_id
    item = until(client, item_id, ItemState.READY)
    assert contents(Path(client.local_path(item))) == BOOK


def test_wrong_bytes_come_once_more_and_no_oftener(client: DownloadClient, host: FileHost) -> None:
    """The file is named; nothing of it is left that could be taken for a book."""
    host.always("Emma/02.mp3", Twist(body=b"z" * 40_000))
    item_id = add(client, host.manifest("Emma", BOOK))
    assert until(client, item_id, ItemState.FAILED).message == "02.mp3: its sha1 checksum is wrong"
    assert host.starts("Emma/02.mp3") == [0, 0]
    assert not list(Path(str(until(client, item_id, ItemState.FAILED).content_path)).glob("02.mp3"))


def test_one_bad_answer_of_wrong_bytes_is_forgiven(client: DownloadClient, host: FileHost) -> None:
    host.next("Emma/01.mp3", Twist(body=b"z" * 60_000))
    until(client, add(client, host.manifest("Emma", BOOK)), ItemState.READY)


def test_a_server_in_trouble_is_told_and_waited_for(client: DownloadClient, host: FileHost) -> None:
    for name in BOOK:
        host.always(f"Emma/{name}", Twist(status=502))
    item_id = add(client, host.manifest("Emma", BOOK))
    assert "502 Bad Gateway" in (until(client, item_id, ItemState.WARNING).message or "")
    for name in BOOK:
        host.always(f"Emma/{name}", None)
    until(client, item_id, ItemState.READY)


def test_a_folder_that_takes_nothing_is_told_and_waited_for(
    client: DownloadClient, host: FileHost, tmp_path: Path
) -> None:
    """In the place of the folder lies a file: no user, not even root, can write below it."""
    (tmp_path / "downloads").write_text("in the way")
    item_id = add(client, host.manifest("Emma", BOOK))
    assert "cannot be written" in (until(client, item_id, ItemState.WARNING).message or "")
    (tmp_path / "downloads").unlink()
    until(client, item_id, ItemState.READY)


def test_in_earnest_nothing_on_this_machine_is_asked(tmp_path: Path, host: FileHost) -> None:
    """Without the switch for tests; and a neighbour is let in only by its address."""
    manifest = host.manifest("Emma", BOOK)
    client = DIRECT.build("Direct", settings(tmp_path, loopback=False), ClientContext(tmp_path / "state"))
    try:
        failed = until(client, add(client, manifest), ItemState.FAILED)
    finally:
        client.close()
    assert "private or reserved" in (failed.message or "")
    assert not host.asked
    context = ClientContext(tmp_path / "state 2", neighbours=lambda: ("127.0.0.1",))
    client = DIRECT.build("Direct", settings(tmp_path / "2", loopback=False), context)
    try:
        until(client, add(client, manifest), ItemState.READY)
    finally:
        client.close()


def test_hundreds_of_files_leave_no_thread_behind(client: DownloadClient, host: FileHost) -> None:
    many = book(*[500] * 200)
    item = until(client, add(client, host.manifest("Many", many)), ItemState.READY)
    assert contents(Path(client.local_path(item))) == many
    wait_for(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("direct-")])

"""The real server tells a real receiver: signed, once, in a storm as one, and on after a kill -9."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auralarchive.demo.demo import Demo
from tests.support.processes import wait_for
from tests.support.receiver import Receiver, receiving
from tests.support.server import Api, ApiFailure, RunningServer

SECRET = "shared between two"
#: Nothing can carry out a download: each one needs somebody at once.
NO_CLIENT = {"AURALARCHIVE_EMBEDDED__ENABLED": "false"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(tmp_path, NO_CLIENT) as running:
        yield running


def webhook(api: Api, receiver: Receiver, *topics: str, name: str = "Home") -> dict[str, Any]:
    settings = {"url": receiver.url, "secret": SECRET, **({"topics": list(topics)} if topics else {})}
    made: dict[str, Any] = api.post("/api/notifiers", {"type": "webhook", "name": name, "settings": settings})
    return made


def fail(api: Api, number: int) -> int:
    """A download that fails for want of a client."""
    return api.download(download_url=f"magnet:?xt=urn:btih:{number:040x}", title=f"Book {number}", author="Ann Author")


def test_from_download_to_message_by_both_ways(tmp_path: Path, receiver: Receiver) -> None:
    """A real book arrives: both ways tell it, the webhook signed; a test says what it found."""
    with Demo(tmp_path / "seed") as demo, RunningServer(tmp_path / "application") as server:
        api = server.api()
        made = webhook(api, receiver, "started", "imported")
        phone = {"url": f"json://127.0.0.1:{receiver.port}/apprise", "topics": ["imported"]}
        api.post("/api/notifiers", {"type": "apprise", "name": "Phone", "settings": phone})
        assert api.post(f"/api/notifiers/{made['id']}/test")["ok"]
        assert receiver.received[0].json["event"] == "test"
        api.add_indexer(demo.torznab_url, demo.api_key, name="Demo")
        release = next(one for one in api.search(demo.info.search) if "Unabridged" in one["title"])
        api.wait_for_status(api.download(release_id=release["id"]), "IMPORTED", "SEEDING", "SEEDING_COMPLETE")
        wait_for(lambda: len(receiver.received) >= 4, timeout=30)
        shown = server.log
    told = [one for one in receiver.received if one.path == "/hook"][1:]
    assert [one.json["event"] for one in told] == ["started", "imported"]
    assert all(one.is_signed_with(SECRET) for one in told)
    (by_apprise,) = [one.json for one in receiver.received if one.path == "/apprise"]
    assert by_apprise["title"] == told[1].json["title"]
    assert by_apprise["title"].startswith("In the library: ")
    assert SECRET not in shown


def test_a_storm_rings_once(server: RunningServer, receiver: Receiver) -> None:
    """Five hundred downloads fail for the same reason."""
    api = server.api()
    webhook(api, receiver)
    for number in range(1, 501):
        fail(api, number)
    wait_for(lambda: api.get("/api/downloads/status")["counts"]["DOWNLOAD_FAILED"] == 500, timeout=60)
    wait_for(lambda: receiver.received, timeout=40)
    (message,) = receiver.received
    assert message.json["title"] == "500 downloads need you"
    assert message.json["count"] == 500
    assert message.json["text"].startswith("500 times: ")
    assert message.is_signed_with(SECRET)


@pytest.mark.parametrize(("place", "copies"), [("notify.before_send", 1), ("notify.after_send", 2)])
def test_a_kill_in_the_middle_of_a_message_loses_nothing(
    tmp_path: Path, receiver: Receiver, place: str, copies: int
) -> None:
    """Before it is sent it comes once; after that, and before it is written down, twice with the same number."""
    with RunningServer(tmp_path, NO_CLIENT) as server:
        webhook(server.api(), receiver)
        server.stop()
        server.start(AURALARCHIVE_FAILPOINT=place)
        fail(server.api(), 1)
        process = server.process
        assert process is not None
        wait_for(lambda: process.poll() is not None, timeout=30)
        server.start()
        fail(server.api(), 2)
        wait_for(lambda: len(receiver.received) >= copies + 1, timeout=30)
        time.sleep(1)
        assert receiver.titles == ["Needs you: Book 1"] * copies + ["Needs you: Book 2"]
        assert len(set(receiver.seqs())) == 2
        server.fsck()


def test_one_that_fails_is_told_and_holds_up_nobody(server: RunningServer, receiver: Receiver) -> None:
    """Health says why and what to do; the other one is told at once; when it works it gets what it missed."""
    api = server.api()
    with receiving() as broken:
        broken.status = 503
        webhook(api, broken, name="Broken")
        webhook(api, receiver)
        fail(api, 1)
        wait_for(lambda: receiver.titles == ["Needs you: Book 1"], timeout=20)

        def finding() -> dict[str, Any] | None:
            found = api.get("/api/system/health")["findings"]
            return next((one for one in found if one["subject"] == "Broken"), None)

        wrong = wait_for(finding, timeout=40, every=0.5)
        assert "Broken answered 503" in wrong["message"]
        assert wrong["remedy"]
        broken.status = 200
        wait_for(lambda: broken.titles == ["Needs you: Book 1"], timeout=60)
        wait_for(lambda: finding() is None, timeout=20, every=0.5)


def test_secrets_are_written_and_never_read(server: RunningServer, receiver: Receiver) -> None:
    """They stay where a form leaves them out, and go to no other address; a URL of Apprise is one as a whole."""
    api = server.api()
    made = webhook(api, receiver)
    assert made["settings"]["secret"] == {"set": True}
    body = {"type": "webhook", "name": "Home", "settings": {"url": receiver.url, "topics": ["failed"]}}
    api.put(f"/api/notifiers/{made['id']}", body)
    fail(api, 1)
    wait_for(lambda: receiver.received, timeout=20)
    assert receiver.received[0].is_signed_with(SECRET)
    elsewhere = {**body, "settings": {"url": "http://127.0.0.1:9/elsewhere"}}
    with pytest.raises(ApiFailure) as caught:
        api.put(f"/api/notifiers/{made['id']}", elsewhere)
    assert caught.value.problem["code"] == "secret_needed"
    url = f"json://user:pass-word-1@127.0.0.1:{receiver.port}/x"
    phone = api.post("/api/notifiers", {"type": "apprise", "name": "Phone", "settings": {"url": url}})
    assert phone["settings"]["url"] == {"set": True}
    shown = str(api.get("/api/notifiers")) + server.log
    assert "pass-word-1" not in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("type_", "settings"),
    [
        ("webhook", {"url": "file:///etc/passwd"}),
        ("webhook", {"url": "http://nas/", "topics": ["everything"]}),
        ("apprise", {"url": "windows://"}),
        ("apprise", {"url": "ntfy://a\r\nntfy://b"}),
        ("script", {"path": "/bin/sh"}),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_saved(
    server: RunningServer, type_: str, settings: dict[str, object]
) -> None:
    """By its field, with words for a person."""
    with pytest.raises(ApiFailure) as caught:
        server.api().post("/api/notifiers", {"type": type_, "name": "X", "settings": settings})
    assert (caught.value.status, caught.value.problem["code"]) == (422, "invalid")


def test_metadata_of_clouds_is_not_asked(server: RunningServer) -> None:
    """Also when an administrator types it; the test says so."""
    body = {"type": "webhook", "settings": {"url": "http://169.254.169.254/latest/"}}
    report = server.api().post("/api/notifiers/test", body)
    assert not report["ok"]
    assert "private or reserved" in report["findings"][0]["message"]

"""Messages as signed JSON, posted to a real server."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auralarchive.net.http import GuardedClient
from auralarchive.notify.webhook import WEBHOOK, document, signature
from auralarchive.ports.errors import AuralError, AuthRefused, Misconfigured, RateLimited, Unreachable
from auralarchive.ports.notifiers import Item, Message, Notifier, NotifierContext, Topic
from auralarchive.ports.work import CancelToken
from auralarchive.runtime.posting import GuardedPost
from tests.support.indexing import HeldClock
from tests.support.receiver import Receiver, receiving
from tests.support.records import NOON

SECRET = "shared between two"
MESSAGE = Message(
    Topic.FAILED,
    "Needs you: <b>Emma</b>",
    "Emma: ünreachable.",
    NOON,
    items=(Item("Emma", "Jane Austen", "DOWNLOAD_FAILED", "Away.", "Wait.", 7, 3, NOON),),
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def webhook(**settings: Any) -> Notifier:
    clock = HeldClock()
    context = NotifierContext(GuardedPost(GuardedClient(), clock), clock.now)
    return WEBHOOK.build("Home", {"secret": SECRET, **settings}, context)


def test_the_receiver_can_tell_that_it_comes_from_us(receiver: Receiver) -> None:
    """By the signature of the very bytes; another secret's fits not, and no secret means no signature."""
    webhook(url=receiver.url).send(MESSAGE, CancelToken())
    webhook(url=receiver.url, secret="").send(MESSAGE, CancelToken())
    signed, plain = receiver.received
    assert signed.is_signed_with(SECRET)
    assert not signed.is_signed_with("another")
    assert not dataclasses.replace(signed, body=signed.body.replace(b"Emma", b"Anna")).is_signed_with(SECRET)
    assert not any(name.endswith("signature") for name in plain.headers)


def test_the_document_is_what_is_documented(receiver: Receiver) -> None:
    """docs/how-to/notifications.md shows it."""
    webhook(url=receiver.url).send(MESSAGE, CancelToken())
    (got,) = receiver.received
    assert got.path == "/hook"
    assert got.headers["content-type"] == "application/json; charset=utf-8"
    assert got.json == {
        "version": 1,
        "event": "failed",
        "title": "Needs you: <b>Emma</b>",
        "text": "Emma: ünreachable.",
        "count": 1,
        "sent_at": "2026-11-02T12:00:00Z",
        "items": [
            {
                "title": "Emma",
                "author": "Jane Austen",
                "status": "DOWNLOAD_FAILED",
                "reason": "Away.",
                "remedy": "Wait.",
                "seq": 7,
                "download_id": 3,
                "at": "2026-01-01T12:00:00Z",
            }
        ],
    }
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "notifications.md").read_text("utf-8")
    shown = json.loads(page.split("```json", 1)[1].split("```", 1)[0])
    assert set(shown) == set(got.json)
    assert set(shown["items"][0]) == set(got.json["items"][0])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Misconfigured),
        (307, Misconfigured),
        (400, Misconfigured),
        (401, AuthRefused),
        (403, AuthRefused),
        (404, Misconfigured),
        (429, RateLimited),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_every_refusal_has_a_remedy(receiver: Receiver, status: int, kind: type[AuralError]) -> None:
    """And names the notifier, not its address, which may hold a key."""
    receiver.status = status
    with pytest.raises(kind) as caught:
        webhook(url=receiver.url + "/key-1234567").send(MESSAGE, CancelToken())
    assert caught.value.remedy
    assert caught.value.reason.startswith(f"Home answered {status}")
    assert "key-1234567" not in str(caught.value)


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    """The message and its signature go to the address that was typed, and to none that it names."""
    with receiving() as elsewhere:
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        with pytest.raises(Misconfigured, match="sends us elsewhere"):
            webhook(url=receiver.url).send(MESSAGE, CancelToken())
        assert elsewhere.received == []


def test_too_many_are_told_how_long_to_wait(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "77"}
    with pytest.raises(RateLimited) as caught:
        webhook(url=receiver.url).send(MESSAGE, CancelToken())
    assert caught.value.retry_after == 77


def test_a_test_sends_one(receiver: Receiver) -> None:
    """And says whether it was signed."""
    report = webhook(url=receiver.url).test()
    assert [finding.ok for finding in report.findings] == [True]
    assert receiver.received[0].json["event"] == "test"
    assert "not signed" in webhook(url=receiver.url, secret="").test().findings[0].message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://nas/x",
        "http://",
        "http://user:pw@nas/",
        "http://nas/a b",
        "http://nas/\r\nX: y",
        "http://nas:99999/",
        "javascript:alert(1)",
        "http://nas:0/",
        "https://" + "n" * 3000,
    ],
)
def test_what_is_no_address_is_refused_when_it_is_saved(url: str) -> None:
    """Not at the first message."""
    with pytest.raises(ValidationError):
        WEBHOOK.plain({"url": url})


def test_the_secret_is_one() -> None:
    """Sealed at rest, and never shown."""
    assert WEBHOOK.secret_keys == {"secret"}
    assert WEBHOOK.form["properties"]["secret"]["writeOnly"]


def test_half_characters_do_not_stop_a_message() -> None:
    """They become question marks, as everywhere in answers."""
    body = json.dumps(document(dataclasses.replace(MESSAGE, text="\ud800"), NOON), ensure_ascii=False)
    assert signature(SECRET, body.encode("utf-8", "replace")).startswith("sha256=")

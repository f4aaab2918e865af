"""A message as a small JSON document, sent to an address of one's own and signed.

The document is described in docs/how-to/notifications.md. Whoever shares the secret can tell that it comes from here:
the header holds the HMAC-SHA256 of the very bytes of the body, and the body when it was sent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from auralarchive.domain.failures import FailureKind
from auralarchive.notify.topics import USUAL, Topics
from auralarchive.notify.wording import Words
from auralarchive.ports.adapters import AdapterType, adapter_type
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import AuthRefused, Misconfigured, RateLimited, Unreachable
from auralarchive.ports.notifiers import Message, Notifier, NotifierContext, NotifierReport, Topic
from auralarchive.ports.work import CancelToken

SIGNATURE = "X-AuralArchive-Signature"
_VERSION = 1


class WebhookSettings(BaseModel):
    """Where messages are posted to."""

    model_config = ConfigDict(extra="ignore")

    url: str = Field(
        title="URL",
        description="Gets each message as JSON by POST.",
        min_length=8,
        max_length=2000,
        pattern="^https?://",
    )
    secret: SecretStr = Field(
        default=SecretStr(""), title="Secret", description="Signs each message, so that its receiver can trust it."
    )
    ca_file: str | None = Field(
        default=None, title="File of its certificate authority", description="For a certificate of one's own."
    )
    topics: Topics = USUAL

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if any(sign.isspace() or not sign.isprintable() for sign in value):
            raise ValueError("An address has neither blanks nor control characters.")
        parts = urlsplit(value)
        if not parts.hostname or parts.port == 0:  # what stands for a port and is none raises by itself
            raise ValueError("The address names no server.")
        if parts.username is not None:
            raise ValueError("Leave name and password out of the address; the secret signs the messages.")
        return value


class Webhook:
    """`ports.notifiers.Notifier` by HTTP."""

    def __init__(self, name: str, settings: WebhookSettings, context: NotifierContext) -> None:
        self._name, self._settings, self._context = name, settings, context

    @property
    def name(self) -> str:
        return self._name

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset(self._settings.topics)

    def send(self, message: Message, cancel: CancelToken) -> None:
        body = json.dumps(document(message, self._context.now()), ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json; charset=utf-8"}
        secret = self._settings.secret.get_secret_value()
        if secret:
            headers[SIGNATURE] = signature(secret, body)
        reply = self._context.post(self._settings.url, body, headers, self._settings.ca_file, cancel)
        self._check(reply.status, reply.retry_after)

    def test(self) -> NotifierReport:
        self.send(Words(str).test(self._name, self._context.now()), CancelToken())
        signed = "signed" if self._settings.secret.get_secret_value() else "not signed, for there is no secret"
        return NotifierReport("Webhook", (Finding(True, self._name, f"A test message was accepted. It is {signed}."),))

    def close(self) -> None:
        """Nothing is kept open."""

    def _check(self, status: int, retry_after: float | None) -> None:
        if 200 <= status < 300:
            return
        what = f"{self._name} answered {status}"
        if status == 429:
            raise RateLimited(f"{what}: too many messages.", "It is tried again later.", retry_after=retry_after)
        if status in (401, 403):
            raise AuthRefused(f"{what}: it does not accept our messages.", "Check its address and the secret.")
        if 300 <= status < 400:
            raise Misconfigured(
                f"{what}: it sends us elsewhere, and messages are not sent on.",
                "Enter the address where it leads in the end.",
                kind=FailureKind.ADDRESS_REFUSED,
            )
        if status >= 500:
            raise Unreachable(f"{what}: something is wrong there.", "Look at its own log.")
        raise Misconfigured(f"{what}.", "Check its address.", kind=FailureKind.ADDRESS_REFUSED)


def document(message: Message, now: datetime) -> dict[str, Any]:
    """What is sent."""
    return {
        "version": _VERSION,
        "event": message.topic.value if message.topic else "test",
        "title": message.title,
        "text": message.text,
        "count": message.count,
        "sent_at": _moment(now),
        "items": [{**asdict(item), "at": _moment(item.at) if item.at else None} for item in message.items],
    }


def signature(secret: str, body: bytes) -> str:
    """`sha256=` and the HMAC of the body, in hex."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _moment(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


WEBHOOK: AdapterType[Notifier, NotifierContext] = adapter_type(
    "webhook", "Webhook (signed JSON)", WebhookSettings, Webhook
)

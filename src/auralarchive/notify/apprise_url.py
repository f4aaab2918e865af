"""Any of the services that Apprise knows, by its URL: mail, Telegram, ntfy, Matrix, Discord and a hundred others.

The library is large: it is loaded at the first message, and never by who has no such notifier. It follows no redirect
for us, loads no plugins from disk, keeps nothing there, and what only reaches the server's own desktop is refused.
"""

from __future__ import annotations

import re
from functools import cached_property
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from auralarchive.domain.failures import FailureKind
from auralarchive.notify.topics import USUAL, Topics
from auralarchive.notify.wording import Words
from auralarchive.ports.adapters import AdapterType, adapter_type
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import Misconfigured, Unreachable
from auralarchive.ports.notifiers import Message, Notifier, NotifierContext, NotifierReport, Topic
from auralarchive.ports.work import CancelToken

#: All of one message, in seconds.
_SECONDS = 15.0
#: Services of the machine that we run on: nobody sits there, and some of them start programs.
_DESKTOP = frozenset({"blink1", "dbus", "glib", "gio", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
_SCHEME = re.compile(r"([A-Za-z0-9][A-Za-z0-9+.-]{0,30})://\S+")
#: Parts of a URL that could be a key: long, with a digit, and no host name.
_KEY = re.compile(r"[A-Za-z0-9_-]{8,}")


class AppriseSettings(BaseModel):
    """Which service gets the messages."""

    model_config = ConfigDict(extra="ignore")

    url: SecretStr = Field(
        title="Apprise URL",
        description="One address as Apprise writes it, such as ntfy://topic, tgram://bottoken/ChatID or mailto://…",
    )
    topics: Topics = USUAL

    @field_validator("url")
    @classmethod
    def _is_one_address(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value().strip()
        found = _SCHEME.fullmatch(text)
        if found is None or len(text) > 2000 or not text.isprintable():
            raise ValueError("Enter one address that begins with the service, such as ntfy://topic.")
        if found[1].lower() in _DESKTOP:
            raise ValueError(f"{found[1]}:// reaches only the server's own screen; choose another service.")
        return SecretStr(text)


class AppriseUrl:
    """`ports.notifiers.Notifier` by the library of the same name."""

    def __init__(self, name: str, settings: AppriseSettings, context: NotifierContext) -> None:
        self._name, self._settings, self._context = name, settings, context
        self._url = settings.url.get_secret_value()
        for part in _KEY.findall(self._url.split("?", 1)[0].split("://", 1)[1]):
            if any(sign.isdigit() for sign in part):
                context.hide(part)  # the service quotes it back in its own addresses and errors

    @property
    def name(self) -> str:
        return self._name

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset(self._settings.topics)

    def send(self, message: Message, cancel: CancelToken) -> None:
        cancel.check()
        result = self._service.notify(
            title=message.title, body=message.text, body_format="text", interpret_escapes=False, timeout=_SECONDS
        )
        if not result:
            raise Unreachable(
                f"{self._name} did not take the message: {self._told(result)}",
                "Check its URL, and whether the service answers.",
            )

    def test(self) -> NotifierReport:
        self.send(Words(str).test(self._name, self._context.now()), CancelToken())
        (service,) = list(self._service)
        findings = [Finding(True, self._name, f"{service.service_name} took a test message.")]
        if not service.verify_certificate:
            findings.append(
                Finding(
                    False,
                    self._name,
                    "Its certificate is not verified: others on the network could read the messages.",
                    "Take verify=no out of the URL.",
                )
            )
        return NotifierReport(str(service.service_name), tuple(findings))

    def close(self) -> None:
        """Nothing is kept open."""

    @cached_property
    def _service(self) -> Any:
        apprise = import_module("apprise")
        asset = apprise.AppriseAsset(
            app_id="AuralArchive",
            app_desc="AuralArchive",
            app_url="",
            http_redirects=False,
            async_mode=False,
            secure_logging=True,
            storage_mode="memory",
        )
        service = apprise.Apprise(asset=asset)
        if not service.add(self._url):
            raise Misconfigured(
                f"Apprise does not understand the URL of {self._name}.",
                "Compare it with the page of the service in Apprise's documentation.",
                kind=FailureKind.ADDRESS_REFUSED,
            )
        return service

    def _told(self, result: Any) -> str:
        lines = [str(entry.message) for entry in result.logs()]
        return lines[-1] if lines else "it did not say why."


APPRISE: AdapterType[Notifier, NotifierContext] = adapter_type(
    "apprise", "Apprise: mail, Telegram, ntfy …", AppriseSettings, AppriseUrl
)

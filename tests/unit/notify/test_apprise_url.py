"""Messages by the library Apprise, to a real server that speaks its JSON."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from auralarchive.notify.apprise_url import APPRISE
from auralarchive.ports.errors import Misconfigured, Unreachable
from auralarchive.ports.notifiers import Message, Notifier, NotifierContext, Reply, Topic
from auralarchive.ports.work import CancelToken
from tests.support.receiver import Receiver, receiving
from tests.support.records import NOON

# The library's mail imports a module that Python 3.13 has no more; it knows what to do there.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

MESSAGE = Message(Topic.IMPORTED, "In the library: <b>Emma</b> & co", "Line one\nline two", NOON)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def nowhere(*_: Any) -> Reply:
    raise AssertionError("Apprise sends by itself")


def notifier(url: str, hidden: list[str] | None = None) -> Notifier:
    hide = hidden.append if hidden is not None else lambda _: None
    return APPRISE.build("Phone", {"url": url, "topics": ["imported"]}, NotifierContext(nowhere, lambda: NOON, hide))


def test_a_message_arrives_as_the_text_that_it_is(receiver: Receiver) -> None:
    """Nothing is read as markup, escapes or tags of the library."""
    phone = notifier(f"json://127.0.0.1:{receiver.port}/hook")
    assert phone.topics == {Topic.IMPORTED}
    phone.send(MESSAGE, CancelToken())
    (got,) = receiver.received
    assert got.json["title"] == MESSAGE.title
    assert got.json["message"] == MESSAGE.text
    assert phone.test().title == "JSON"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    """The library would; our rule is that messages go where they were sent."""
    with receiving() as elsewhere:
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        with pytest.raises(Unreachable):
            notifier(f"json://127.0.0.1:{receiver.port}/hook").send(MESSAGE, CancelToken())
        assert elsewhere.received == []


def test_a_failure_tells_what_the_service_said(receiver: Receiver) -> None:
    """With a remedy, as every error that reaches a person."""
    receiver.status = 500
    with pytest.raises(Unreachable, match=r"Phone did not take the message: .*500") as caught:
        notifier(f"json://127.0.0.1:{receiver.port}/hook").send(MESSAGE, CancelToken())
    assert caught.value.remedy


def test_nobody_there_is_a_failure_too() -> None:
    with receiving() as gone:
        port = gone.port
    with pytest.raises(Unreachable):
        notifier(f"json://127.0.0.1:{port}/").send(MESSAGE, CancelToken())


def test_a_url_that_the_library_does_not_know_is_told() -> None:
    """At the test and at the first message: to know it when it is saved would load the library."""
    with pytest.raises(Misconfigured, match="does not understand"):
        notifier("nosuchservice://somewhere").send(MESSAGE, CancelToken())


def test_an_unverified_certificate_is_a_finding(receiver: Receiver) -> None:
    report = notifier(f"json://127.0.0.1:{receiver.port}/hook?verify=no").test()
    assert [finding.ok for finding in report.findings] == [True, False]
    assert "verify=no" in report.findings[1].remedy


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ntfy",
        "ntfy://",
        "two://a two://b",
        "ntfy://a\nntfy://b",
        "macosx://",
        "MacOSX://x",
        "windows://x",
        "syslog://x",
        "dbus://x",
        "ntfy://" + "x" * 3000,
    ],
)
def test_only_one_address_of_a_real_service(url: str) -> None:
    """The desktop of a server shows nothing to anybody, and some of it starts programs."""
    with pytest.raises(ValidationError):
        APPRISE.plain({"url": url})


def test_keys_inside_the_url_are_hidden_from_logs() -> None:
    """The whole is registered by who builds adapters; services quote its parts. Host names stay readable."""
    hidden: list[str] = []
    notifier("tgram://123456789:AAbbCC11ddEEff/-10012345678/?x=1", hidden)
    assert {"123456789", "AAbbCC11ddEEff"} <= set(hidden)
    hidden.clear()
    notifier("ntfy://notify.example.org/family", hidden)
    assert hidden == []


def test_whoever_has_no_such_notifier_does_not_pay_for_it() -> None:
    """The library is loaded at the first message, not with the kinds, nor with a saved one."""
    code = (
        "import sys; from auralarchive.notify.registry import NOTIFIER_TYPES;"
        "from auralarchive.ports.notifiers import NotifierContext;"
        "made = NOTIFIER_TYPES[0].build('x', {'url': 'json://127.0.0.1/'}, NotifierContext(None, None));"
        "sys.exit(any(name.split('.')[0] in ('apprise', 'requests') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

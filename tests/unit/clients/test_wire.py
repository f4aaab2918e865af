"""HTTP to clients: answers end, errors name a remedy, refusals are remembered."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import httpx2
import pytest

from auralarchive.clients import wire
from auralarchive.clients.wire import Answer, NothingSent, Refusals, Wire
from auralarchive.ports.errors import AuthRefused, Misconfigured, Unreachable
from tests.support.certificates import SelfSigned, https_server

Reply = Callable[[httpx2.Request], httpx2.Response]


def _wire(reply: Reply) -> Wire:
    made = Wire("Client", "http://client.invalid/base/")
    made.close()
    made._http = httpx2.Client(transport=httpx2.MockTransport(reply))
    return made


def test_an_answer_as_it_came() -> None:
    """Paths go below the address that was typed; header names are in lower case, whatever the client writes."""
    seen: list[str] = []

    def reply(request: httpx2.Request) -> httpx2.Response:
        seen.append(str(request.url))
        return httpx2.Response(409, text=" no ", headers={"X-Session-Id": "7"})

    answer = _wire(reply).send("POST", "/rpc", json={"a": 1})
    assert seen == ["http://client.invalid/base/rpc"]
    assert (answer.status, answer.ok, answer.text, answer.headers["x-session-id"]) == (409, False, "no", "7")


def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded, compressed or not."""
    monkeypatch.setattr(wire, "MAX_ANSWER", 1_000)
    with pytest.raises(Unreachable, match="Client's answer does not end"):
        _wire(lambda _: httpx2.Response(200, content=b"x" * 5_000)).send("GET", "/")


@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_an_answer_that_trickles_is_cut(monkeypatch: pytest.MonkeyPatch, beginning: bytes) -> None:
    """Byte by byte no wait is ever too long: who waits for it would wait for ever, in the headers or behind them."""
    monkeypatch.setattr(wire, "_WHOLE_ANSWER", 0.5)
    enough = threading.Event()

    def trickle() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(beginning)
            for _ in range(1_000):  # not for ever: a wire that waits shall fail, and not hang
                connection.sendall(b"x")
                if enough.wait(0.02):
                    break

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as threads:
        server = threads.submit(trickle)
        line = Wire("Client", f"http://127.0.0.1:{listening.getsockname()[1]}")
        with closing(line), pytest.raises(Unreachable, match="does not end"):
            line.send("GET", "/")
        enough.set()
        server.result()


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    """A password must not wander to another host."""
    assert (
        _wire(lambda _: httpx2.Response(302, headers={"Location": "http://other.invalid/"})).send("GET", "/").status
        == 302
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ConnectError("refused"), NothingSent),
        (httpx2.ReadTimeout("late"), Unreachable),
        (httpx2.RemoteProtocolError("cut"), Unreachable),
    ],
)
def test_errors_of_the_line_in_our_words(error: Exception, kind: type[Unreachable]) -> None:
    """Whether anything can have arrived makes a difference for an add."""

    def reply(_: httpx2.Request) -> httpx2.Response:
        raise error

    with pytest.raises(Unreachable) as caught:
        _wire(reply).send("GET", "/")
    assert type(caught.value) is kind
    assert caught.value.remedy


def test_what_cannot_be_sent_is_not_quoted() -> None:
    """A header holds the password."""

    def reply(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.LocalProtocolError("Illegal header value b'Bearer secret\\n'")

    with pytest.raises(NothingSent) as caught:
        _wire(reply).send("GET", "/")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read(tmp_path: Path, content: str | None) -> None:
    """Its name is said: the error of the system does not."""
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    with pytest.raises(Misconfigured, match=r"ca\.pem"):
        Wire("Client", "https://client.invalid", str(file))


def test_certificates_are_checked(tmp_path: Path) -> None:
    """By the public authorities, by one's own, or not at all."""
    certificate = SelfSigned.make(tmp_path)
    with https_server(certificate) as port:
        for verify, known in ((True, False), (str(certificate.file), True), (False, True)):
            with closing(Wire("Client", f"https://127.0.0.1:{port}", verify)) as line:
                if known:
                    assert line.send("GET", "/").ok
                else:
                    with pytest.raises(NothingSent, match=r"(?i)certificate"):
                        line.send("GET", "/")


def test_answers_that_are_no_json() -> None:
    """Pages, cut texts and nests are all one error; wrong encodings are read around."""
    for body in (b"<html>", b'{"a": ', b"[" * 100_000, b""):
        with pytest.raises(Unreachable):
            Answer(200, body).json()
    assert Answer(200, b'{"name": "B\xfccher"}').json() == {"name": "B\N{REPLACEMENT CHARACTER}cher"}


def test_a_refusal_counts_for_a_while() -> None:
    """Clients ban who keeps knocking; half an hour later the next attempt may be right."""
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    refusals.check()
    assert isinstance(refusals.refused("Wrong password."), AuthRefused)
    raised = []
    for _ in range(3):
        with pytest.raises(AuthRefused, match="Wrong password") as caught:
            refusals.check()
        raised.append(caught.value)
    assert len({id(each) for each in raised}) == 3, "one that is raised again grows with each time"
    now[0] = wire.REFUSAL_LASTS
    refusals.check()

"""How messages leave for addresses that an administrator typed: by the guarded client, under its address rules."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from auralarchive.domain.failures import FailureKind
from auralarchive.indexers.pacing import parse_retry_after
from auralarchive.net.addresses import Reach, parse_link
from auralarchive.net.http import GuardedClient, Limits
from auralarchive.ports.errors import InvalidInput, Misconfigured
from auralarchive.ports.notifiers import Reply
from auralarchive.ports.work import CancelToken, Clock

#: Nobody reads what is answered, but it is read off the line.
_LIMITS = Limits(max_bytes=2**20, seconds=15.0)


class GuardedPost:
    """`ports.notifiers.Post`: private addresses are fine, link-local ones and clouds' metadata are not."""

    def __init__(self, client: GuardedClient, clock: Clock) -> None:
        self._client, self._clock = client, clock

    def __call__(
        self, url: str, body: bytes, headers: Mapping[str, str], ca_file: str | None, cancel: CancelToken
    ) -> Reply:
        try:
            answer = self._client.post(
                parse_link(url),
                body,
                headers=headers,
                reach=Reach.CONFIGURED,
                limits=_LIMITS,
                cancel=cancel,
                tls=_trust(ca_file) if ca_file else None,
            )
        except InvalidInput as error:
            if error.kind is not FailureKind.ADDRESS_REFUSED:
                raise
            remedy = "Enter the address of a server in your network or on the internet."
            raise Misconfigured(error.reason, remedy, kind=FailureKind.ADDRESS_REFUSED) from error
        return Reply(answer.status, parse_retry_after(answer.headers.get("retry-after"), self._clock.now()))


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"The certificate authority cannot be read from {ca_file}.",
            "Name a file in PEM format that this program may read.",
            kind=FailureKind.PERMISSION,
        ) from error

"""What the live gateway asks of whoever knows accounts: may this connection come in, and may it stay."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol


class Refused(Exception):
    """This request is not let in: `status` as in HTTP, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


@dataclass(frozen=True, slots=True)
class Guest:
    """Whose connection it is: the credential ends it when it ends, the account when its password changes."""

    credential: str
    account_id: int | None


class Door(Protocol):
    """Implemented beside the accounts. `admit` and `still_valid` block; call them from threads."""

    def peer(self, scope: MutableMapping[str, Any]) -> str:
        """The peer's name, for counting. Raises `Refused` for a Host or Origin that is not ours."""

    def admit(self, scope: MutableMapping[str, Any], auth: object) -> Guest | None:
        """Whose credentials came with the ASGI request, or else in the connecting client's `auth`."""

    def still_valid(self, guest: Guest) -> bool: ...

"""What the server and its conversion process say to one another: JSON, a line a message.

To the process goes one `Order` or `RetagOrder`; the end of its input means "stop". Back come progress, and at last
either a result or an error of the port.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from auralarchive.audio.settings import AudioSettings
from auralarchive.domain.failures import FailureKind
from auralarchive.ports import errors
from auralarchive.ports.audio import ConvertRequest, ConvertResult, Doing, RetagRequest, RetagResult
from auralarchive.ports.errors import AuralError, Cancelled


@dataclass(frozen=True, slots=True)
class Order:
    """One conversion, with the settings it is made by (keys included: never in an argument list)."""

    settings: AudioSettings
    request: ConvertRequest


@dataclass(frozen=True, slots=True)
class RetagOrder:
    """One change of tags."""

    retag: RetagRequest


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of the port, as text."""

    name: str
    kind: FailureKind
    reason: str
    remedy: str

    @classmethod
    def of(cls, error: AuralError) -> Refusal:
        return cls(type(error).__name__, error.kind, error.reason, error.remedy)

    def error(self) -> AuralError:
        """The same error again."""
        if self.name == Cancelled.__name__:
            return Cancelled()
        kind: type[AuralError] = getattr(errors, self.name)
        return kind(self.reason, self.remedy, kind=self.kind)


@dataclass(frozen=True, slots=True)
class Reply:
    """One line of the process: exactly one of these is set."""

    progress: float | None = None
    doing: Doing | None = None
    result: ConvertResult | None = None
    retagged: RetagResult | None = None
    refusal: Refusal | None = None


ORDER: TypeAdapter[Order] = TypeAdapter(Order)
RETAG_ORDER: TypeAdapter[RetagOrder] = TypeAdapter(RetagOrder)
ANY_ORDER: TypeAdapter[Order | RetagOrder] = TypeAdapter(Order | RetagOrder)
REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)

"""Reads how an AAC packet begins: its first element of sound, and the windows it was made with.

Neighbouring packets overlap by half. The halves add up to the sound only where both packets were made with
windows that fit: whoever puts packets of two encodes side by side must look here first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Element(IntEnum):
    """What a packet is made of, by its first three bits."""

    SINGLE = 0
    PAIR = 1
    DATA = 4
    FILL = 6


class WindowSequence(IntEnum):
    """One long window, eight short ones, or a long one that leads over to or from these."""

    LONG = 0
    START = 1
    SHORT = 2
    STOP = 3


#: Comments and fill before the sound are skipped up to here; more of them belong in no honest packet.
_HEAD = 2048
_ESCAPED_FILL, _ESCAPED_DATA = 15, 255


@dataclass(frozen=True, slots=True)
class Windows:
    """Element, its number, window sequence and window shape; for a pair, those of both its channels."""

    element: Element
    tag: int
    sequence: WindowSequence
    shape: int

    @property
    def begins_short(self) -> bool:
        return self.sequence in (WindowSequence.SHORT, WindowSequence.STOP)

    @property
    def ends_short(self) -> bool:
        return self.sequence in (WindowSequence.SHORT, WindowSequence.START)


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._length = len(data) * 8
        self.at = 0

    def take(self, count: int) -> int:
        self.at += count
        if self.at > self._length:
            raise ValueError("the packet is cut")
        return self._value >> self._length - self.at & (1 << count) - 1


def windows_of(packet: bytes) -> Windows | None:
    """The windows of `packet`; None where it is cut, of another kind, or a pair with windows of its own each."""
    bits = _Bits(packet[:_HEAD])
    try:
        element = bits.take(3)
        while element in (Element.FILL, Element.DATA):
            _skip(bits, element)
            element = bits.take(3)
        return _windows(bits, element)
    except ValueError:
        return None


def _windows(bits: _Bits, element: int) -> Windows | None:
    tag = bits.take(4)
    if element == Element.SINGLE:
        bits.take(8)  # the global gain
    elif element != Element.PAIR or not bits.take(1):
        return None
    bits.take(1)
    return Windows(Element(element), tag, WindowSequence(bits.take(2)), bits.take(1))


def _skip(bits: _Bits, element: int) -> None:
    """Over the content of a fill or data element."""
    if element == Element.FILL:
        count = bits.take(4)
        if count == _ESCAPED_FILL:
            count += bits.take(8) - 1
    else:
        bits.take(4)
        aligned = bits.take(1)
        count = bits.take(8)
        if count == _ESCAPED_DATA:
            count += bits.take(8)
        if aligned:
            bits.take(-bits.at % 8)
    bits.take(8 * count)

"""AudioSpecificConfig: the few bytes that tell an AAC decoder what it gets."""

from __future__ import annotations

from dataclasses import dataclass

RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
AAC_LC = 2
_SBR, _PS = 5, 29
_SYNC_EXTENSION = 0x2B7


@dataclass(frozen=True, slots=True)
class AacConfig:
    """`rate` and `frame` describe the core coder; `sbr` says that decoders double the rate (HE-AAC)."""

    object_type: int
    rate: int
    channels: int
    sbr: bool = False
    frame: int = 1024

    @property
    def output_rate(self) -> int:
        return self.rate * 2 if self.sbr else self.rate


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self.left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self.left:
            raise ValueError("the AAC configuration is cut")
        self.left -= count
        return self._value >> self.left & (1 << count) - 1


def parse(data: bytes) -> AacConfig:
    """Read an AudioSpecificConfig. Raises ValueError where it is cut or of an unknown rate."""
    bits = _Bits(data)
    kind, rate, channels = _object_type(bits), _rate(bits), bits.take(4)
    sbr = kind in (_SBR, _PS)
    if sbr:
        _rate(bits)
        kind = _object_type(bits)
    frame = 960 if kind == AAC_LC and bits.left and bits.take(1) else 1024
    if kind == AAC_LC and not sbr:
        sbr = _sbr_extension(bits)
    return AacConfig(kind, rate, 8 if channels == 7 else channels, sbr, frame)


def _sbr_extension(bits: _Bits) -> bool:
    """HE-AAC that old decoders can play says so after the end of the plain configuration."""
    if bits.left < 2 + 17:
        return False
    if bits.take(1):
        bits.take(min(14, bits.left))
    bits.take(1)
    if bits.left < 17 or bits.take(11) != _SYNC_EXTENSION or _object_type(bits) != _SBR:
        return False
    return bits.left > 0 and bool(bits.take(1))


def _object_type(bits: _Bits) -> int:
    kind = bits.take(5)
    return 32 + bits.take(6) if kind == 31 else kind


def _rate(bits: _Bits) -> int:
    index = bits.take(4)
    if index == 15:
        return bits.take(24)
    if index >= len(RATES):
        raise ValueError("the AAC configuration names no sample rate")
    return RATES[index]


def build(rate: int, channels: int) -> bytes:
    """The two bytes of plain AAC-LC. Raises ValueError for a rate that has no index."""
    return (AAC_LC << 11 | RATES.index(rate) << 7 | channels << 3).to_bytes(2, "big")

"""What a person can set about the audio engine."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from auralarchive.ports.audio import Joints

#: What is proved of copied packets.
ProofOfCopies = Literal["decode", "packets"]
#: How FFmpeg chooses where bits go; `auto`: whichever measured better for the bitrate.
Coders = Literal["auto", "fast", "twoloop"]


@dataclass(frozen=True, slots=True)
class AaxcKey:
    """Key and IV of one of the owner's own AAXC books, 16 bytes each. Never shown, never logged."""

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")  # on its way to a process

    key: bytes = field(repr=False)
    iv: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != 16 or len(self.iv) != 16:
            raise ValueError("key and iv of an AAXC book are 32 hexadecimal digits each")

    @classmethod
    def parse(cls, text: str) -> AaxcKey:
        """`key:iv` in hexadecimal digits, or `label=key:iv`. Raises ValueError, which does not show it."""
        match = re.fullmatch(r"(?:[^=]*=)?\s*([0-9a-fA-F]{32})\s*:\s*([0-9a-fA-F]{32})\s*", text)
        if match is None:
            raise ValueError("32 hexadecimal digits of the key, a colon, and 32 of the IV")
        return cls(bytes.fromhex(match[1]), bytes.fromhex(match[2]))


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """The engine's settings, with what suits most people.

    `aax_activation_bytes` are 8 hexadecimal digits each; `aaxc_keys` are tried on every AAXC file that
    has no voucher beside it. Bit rates in kbit/s a channel. `memory_limit` in bytes is each FFmpeg's.
    `stall_seconds`: an FFmpeg that moves no data for so long is ended. `proof` of copied packets: decode
    them all, or only compare their bytes with the sources'. `coder` of FFmpeg's AAC encoder:
    the one that was measured to do, or always the same.
    """

    ffmpeg: Path | None = None
    aax_activation_bytes: tuple[str, ...] = field(default=(), repr=False)
    aaxc_keys: tuple[AaxcKey, ...] = field(default=(), repr=False)
    ceiling_kbps: int = 128
    lossless_kbps: int = 96
    jobs: int | None = None
    nice: int = 10
    memory_limit: int = 4 * 1024**3
    stall_seconds: float = 120.0
    max_files: int = 10_000
    joints: Joints = "gapless"
    proof: ProofOfCopies = "decode"
    coder: Coders = "auto"

    def __post_init__(self) -> None:
        for secret in self.aax_activation_bytes:
            if not re.fullmatch(r"[0-9a-fA-F]{8}", secret):
                raise ValueError("activation bytes are 8 hexadecimal digits")

"""One conversion by our engine in a process of its own, and what it tells of it as JSON.

    python -m bench.audio.ours WORK [--kbps N] [--coder NAME] […] SOURCE...

`seconds` and `cpu` (user and system, of this process and of all that it started) are those of `Engine.convert` alone;
the process around it also starts Python and looks FFmpeg over. An error of the engine ends it with one line.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from auralarchive.audio.engine import Engine
from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.ports.audio import ConvertRequest, ConvertResult
from auralarchive.ports.errors import AuralError
from auralarchive.ports.work import CancelToken
from bench.audio.cost import Runner


@dataclass(frozen=True, slots=True)
class Ours:
    """How our engine is asked. None and "": as it decides itself.

    `unlock` are key and IV of an AAXC book, 32 hexadecimal digits each, with a colon between. An engine that
    does not know a setting goes on without it.
    """

    kbps: int | None = None
    coder: str = ""
    joints: str = ""
    proof: str = ""
    unlock: str = ""

    def convert(self, runner: Runner, sources: tuple[Path, ...], work: Path) -> dict[str, Any]:
        """Convert in a process of its own; what it told. Raises `CommandFailed`."""
        work.mkdir(parents=True, exist_ok=True)
        asked = [f"--{name}={value}" for name, value in asdict(self).items() if value]
        (printed,) = runner.run([sys.executable, "-m", "bench.audio.ours", *asked, work, *sources])
        told: dict[str, Any] = json.loads(printed)
        return told

    def settings(self) -> AudioSettings:
        """At the peers' priority."""
        wanted: dict[str, Any] = {"nice": 0, "coder": self.coder, "joints": self.joints, "proof": self.proof}
        known = {field.name for field in fields(AudioSettings)}
        key, _, iv = self.unlock.partition(":")
        keys = (AaxcKey(bytes.fromhex(key), bytes.fromhex(iv)),) if self.unlock else ()
        return AudioSettings(
            aaxc_keys=keys, **{name: value for name, value in wanted.items() if value != "" and name in known}
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Convert once and tell what it took.")
    parser.add_argument("work", type=Path)
    parser.add_argument("sources", type=Path, nargs="+")
    for name, kind in (("kbps", int), ("coder", str), ("joints", str), ("proof", str), ("unlock", str)):
        parser.add_argument(f"--{name}", type=kind)
    given = vars(parser.parse_args())
    work, sources = given.pop("work"), tuple(given.pop("sources"))
    ours = Ours(**{name: value for name, value in given.items() if value is not None})
    try:
        print(json.dumps(_converted(ours, work, sources)))
    except AuralError as error:
        sys.exit(f"{type(error).__name__}: {error}")


def _converted(ours: Ours, work: Path, sources: tuple[Path, ...]) -> dict[str, Any]:
    engine = Engine(ours.settings())
    request = ConvertRequest(sources, work, bitrate_kbps=ours.kbps)
    started, before = time.perf_counter(), _cpu()
    result = engine.convert(request, lambda part: None, CancelToken())
    return {"seconds": time.perf_counter() - started, "cpu": _cpu() - before, **_told(result)}


def _cpu() -> float:
    return sum(os.times()[:4])


def _told(result: ConvertResult) -> dict[str, Any]:
    told = {name: result.recipe.get(name, {}) for name in ("timing", "decisions", "verification")}
    return told | {
        "mode": result.mode,
        "path": str(result.path),
        "warnings": result.warnings,
        "kbps": result.bitrate_kbps,
        "duration": result.duration_seconds,
        "chapters": [chapter.start for chapter in result.chapters],
    }


if __name__ == "__main__":
    main()

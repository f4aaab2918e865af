"""The recipe of a result: everything needed to tell later how it was made, and from what, and to make it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from auralarchive.audio.cover import Cover
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.mp4.config import RATES
from auralarchive.audio.mp4.writer import Movie
from auralarchive.audio.plan import Coder, Decision, Format, Wishes, decide
from auralarchive.audio.probe import Probe
from auralarchive.audio.proof import Proof
from auralarchive.audio.settings import AudioSettings
from auralarchive.audio.sources import printable
from auralarchive.domain.book import Book
from auralarchive.ports.audio import ConvertRequest, ConvertResult, Joints, Mode, Section
from auralarchive.ports.errors import InvalidInput

FORMAT = 3
_MOST_INPUTS = 100_000
_ANEW = "Convert the files anew, without the recipe."


def recipe_of(
    *,
    decision: Decision,
    ffmpeg: Ffmpeg,
    originals: Sequence[Probe],
    hashes: Sequence[str],
    movie: Movie,
    cover: Cover | None,
    proof: Proof,
    size: int,
    details: Mapping[str, Any],
    wishes: Mapping[str, Any],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """As JSON can hold it; no keys, no absolute paths.

    `hashes` are the originals', `details` those of the way that was gone, `seconds` those of each phase.
    """
    return {
        "format": FORMAT,
        "mode": decision.mode,
        "ffmpeg": {"version": ffmpeg.version, "origin": ffmpeg.origin},
        "inputs": [_input(each, sha256) for each, sha256 in zip(originals, hashes, strict=True)],
        "wishes": dict(wishes),
        "decisions": {
            "reason": decision.reason,
            "copied": list(decision.copied),
            "cover": _cover(cover),
            "chapters": {"count": len(movie.chapters), "sha256": _sha256(json.dumps(movie.chapters).encode())},
            **details,
        },
        "verification": proof.as_json(),
        "timing": dict(seconds),
        "output": {"sha256": proof.sha256, "size": size, "samples": movie.playing, "rate": movie.timescale},
    }


def wishes_of(request: ConvertRequest, settings: AudioSettings) -> dict[str, Any]:
    """What was asked for, by a person or by the settings, as far as it changes the result."""
    return {
        "bitrate_kbps": request.bitrate_kbps,
        "joints": request.joints or settings.joints,
        "accept_damage": request.accept_damage,
        "only": request.only,
        "together": request.together,
        "book": asdict(request.book) if request.book else None,
        "cover": request.cover is not None,
        "chapters": request.chapters_file is not None,
        "sections": [asdict(section) for section in request.sections],
    }


def _input(source: Probe, sha256: str) -> dict[str, Any]:
    return {
        "name": printable(str(source.source.relative)),
        "size": source.source.size,
        "sha256": sha256,
        "codec": source.codec,
        "rate": source.rate,
        "channels": source.channels,
        "bitrate_kbps": round(source.bitrate_kbps, 1),
        "seconds": round(source.seconds, 3),
        "samples": source.samples,
        "encrypted": source.encrypted,
    }


def _cover(cover: Cover | None) -> dict[str, Any] | None:
    if cover is None:
        return None
    kind = "png" if cover.suffix == ".png" else "jpeg"
    return {"format": kind, "size": len(cover.data), "sha256": _sha256(cover.data)}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# To make it again


_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class _Input:
    name: Annotated[str, Field(max_length=4096)]
    sha256: _Digest


@dataclass(frozen=True, slots=True)
class _Target:
    """A `Format` that may not be one."""

    rate: int | None = None
    channels: Annotated[int, Field(ge=1, le=2)] = 1
    bitrate_kbps: Annotated[int, Field(ge=8, le=1024)] = 64
    coder: Coder = "twoloop"

    @property
    def format(self) -> Format | None:
        return Format(self.rate, self.channels, self.bitrate_kbps, self.coder) if self.rate in RATES else None


@dataclass(frozen=True, slots=True)
class _Content:
    sha256: _Digest


@dataclass(frozen=True, slots=True)
class _Decisions(_Target):
    reason: Annotated[str, Field(max_length=1000)] = ""
    copied: tuple[bool, ...] = ()
    cover: _Content | None = None
    chapters: _Content | None = None
    encoded: tuple[_Target, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wishes:
    joints: Joints = "gapless"
    accept_damage: bool = False
    only: Annotated[str | None, Field(max_length=1000)] = None
    together: bool = False
    book: Book | None = None
    cover: bool = False
    chapters: bool = False
    sections: Annotated[tuple[Section, ...], Field(max_length=_MOST_INPUTS)] = ()


@dataclass(frozen=True, slots=True)
class _Version:
    version: Annotated[str, Field(max_length=200)]


@dataclass(frozen=True, slots=True)
class Recipe:
    """An earlier conversion, to be done again."""

    format: Literal[3]
    mode: Mode
    ffmpeg: _Version
    inputs: Annotated[tuple[_Input, ...], Field(min_length=1, max_length=_MOST_INPUTS)]
    decisions: _Decisions
    wishes: _Wishes
    output: _Content

    def wanted(self, request: ConvertRequest) -> ConvertRequest:
        """The same request with what was asked for then."""
        wishes = self.wishes
        return replace(
            request,
            book=request.book or wishes.book,
            only=request.only or wishes.only,
            together=request.together or wishes.together,
            sections=request.sections or wishes.sections,
            joints=wishes.joints,
            accept_damage=request.accept_damage or wishes.accept_damage,
        )

    def order(self, originals: Sequence[Probe], hashes: Sequence[str]) -> list[int]:
        """Where each input of the recipe stands among these files. Raises `InvalidInput` naming one that differs."""
        places: dict[str, list[int]] = {}
        for at, sha256 in enumerate(hashes):
            places.setdefault(sha256, []).append(at)
        names = {printable(str(each.source.relative)) for each in originals}
        found = []
        for one in self.inputs:
            if not places.get(one.sha256):
                raise _other(one.name) if one.name in names else _missing(one.name)
            found.append(places[one.sha256].pop(0))
        for at in sorted(set(range(len(originals))) - set(found)):
            raise InvalidInput(f"{originals[at].source.name} is not in the recipe.", "Leave it out.")
        return found

    def decision(self, probes: Sequence[Probe]) -> Decision:
        """What was decided then. Raises `InvalidInput` where that cannot be done with these files.

        Anything can be encoded; but what is copied must be what can be: a recipe may have been changed by hand.
        """
        made = Decision(self.mode, self.decisions.reason, self.decisions.copied)
        ours = decide(probes, Wishes(rewritten=self.mode != "keep"))
        if made.mode == "encode" and self.target is not None:
            return replace(made, copied=(False,) * len(probes))
        if (made.mode, made.copied) != (ours.mode, ours.copied) or (made.mode == "mixed" and self.target is None):
            raise InvalidInput(f"The recipe's way ({made.mode}) cannot be gone with these files.", _ANEW)
        return made

    @property
    def target(self) -> Format | None:
        """The encode; None where nothing was encoded."""
        odd = self.decisions.encoded[0] if self.decisions.encoded else self.decisions
        return odd.format

    def chosen(self, ours: Format) -> Format:
        """The encode of then, where today `ours` would be chosen; among copied packets some of it is settled."""
        then = self.target or ours
        return replace(then, rate=ours.rate, channels=ours.channels) if self.mode == "mixed" else then

    def judged(self, result: ConvertResult) -> ConvertResult:
        """The result, telling whether it is the same again, and if not, why that may be."""
        same = result.sha256 == self.output.sha256
        why = () if same else tuple(self._differences(result.recipe))
        if not same:
            told = f"The result is not the recipe's, bit for bit: {'; '.join(why) or 'another version made it'}."
            result = replace(result, warnings=(*result.warnings, told))
        return replace(result, recipe={**result.recipe, "rerun": {"same": same, "differences": list(why)}})

    def _differences(self, made: Mapping[str, Any]) -> list[str]:
        found = []
        if made["ffmpeg"]["version"] != self.ffmpeg.version:
            found.append(f"it was made with FFmpeg {self.ffmpeg.version}, this is {made['ffmpeg']['version']}")
        for what in ("cover", "chapters"):
            then: _Content | None = getattr(self.decisions, what)
            now = made["decisions"][what]
            if (then and then.sha256) != (now and now["sha256"]):
                given = getattr(self.wishes, what)
                found.append(f"its {what} differ{'s' if what == 'cover' else ''}{f' (give --{what})' if given else ''}")
        return found


_RECIPE: TypeAdapter[Recipe] = TypeAdapter(Recipe)


def read_recipe(data: Mapping[str, Any]) -> Recipe:
    """A recipe, or a report or record that holds one. Raises `InvalidInput`."""
    inner = data.get("recipe", data)
    try:
        return _RECIPE.validate_python(inner)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "recipe"
        raise InvalidInput(f"That is no recipe that can be followed: {where}: {problem['msg']}.", _ANEW) from error


def _other(name: str) -> InvalidInput:
    return InvalidInput(
        f"{name} is not the file of the recipe: its SHA-256 differs.", "Bring back the file as it was, or convert anew."
    )


def _missing(name: str) -> InvalidInput:
    return InvalidInput(f"{name} of the recipe is not among the files.", "Add it.")

"""One conversion, step by step."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from auralarchive.audio import chapters as chapter_choice
from auralarchive.audio import cover as cover_choice
from auralarchive.audio.chapters import Chosen, Marks, Part
from auralarchive.audio.cover import Cover
from auralarchive.audio.drm import unlock
from auralarchive.audio.encoding import EncodeRoute
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.lists import lists_beside, own_list
from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.copying import copy
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.mp4.writer import Movie, aac_description, write
from auralarchive.audio.ordering import in_order
from auralarchive.audio.plan import choose_format, may_copy, may_keep
from auralarchive.audio.probe import Probe, probe
from auralarchive.audio.process import Limits
from auralarchive.audio.progress import Meter
from auralarchive.audio.proof import Expectation, Proof, Prover
from auralarchive.audio.recipe import recipe_of
from auralarchive.audio.remux import plan_copy
from auralarchive.audio.settings import AudioSettings
from auralarchive.audio.silence import Pause, pauses
from auralarchive.audio.sources import Found, find_sources
from auralarchive.audio.tags import book_tags, metadata
from auralarchive.audio.workspace import Workspace
from auralarchive.domain.chapters import ChapterSource
from auralarchive.ports.audio import Chapter, ConvertRequest, ConvertResult, Mode
from auralarchive.ports.work import CancelToken

MAKER = "AuralArchive"
_PROBED, _COPIED, _ENCODED, _PROVED = 0.02, 0.3, 0.9, 0.999
_CPU_RESERVE_SECONDS = 900
_FILE_RESERVE = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Draft:
    """A finished file in the making: what it will be, and who writes its packets."""

    mode: Mode
    expected: Expectation
    copy_packets: Callable[[int], None]
    done: float
    decisions: dict[str, Any]


@dataclass(slots=True)
class Conversion:
    """All that belongs to one call of the engine."""

    settings: AudioSettings
    ffmpeg: Ffmpeg
    request: ConvertRequest
    work: Workspace
    meter: Meter
    cancel: CancelToken
    jobs: int
    found: Found = field(default_factory=Found)
    originals: tuple[Probe, ...] = ()
    probes: tuple[Probe, ...] = ()
    warnings: list[str] = field(default_factory=list)
    chapters_from: ChapterSource = ChapterSource.NONE

    def run(self) -> ConvertResult:
        """The whole way. Raises the port's errors."""
        self._look()
        if self._keeps():
            return self._keep()
        self._unlock()
        return self._finish(self._copy()) if self._copies() else self._encode()

    # What is there

    def _look(self) -> None:
        self.found = find_sources(self.request.sources, max_files=self.settings.max_files)
        step = self.meter.span(0.0, _PROBED, len(self.found.audio))
        probes = []
        for source in self.found.audio:
            probes.append(probe(source))
            step(1)
        self.originals = self.probes = in_order(probes)
        self.warnings += self.found.warnings
        for each in self.probes:
            self.warnings += [*each.warnings, *(f"{each.source.name}: {text}" for text in each.tags.warnings)]

    def _unlock(self) -> None:
        locked = [each for each in self.probes if each.encrypted]
        if locked:
            self.work.need(2 * sum(each.source.size for each in locked))
        self.probes = tuple(
            self._unlocked(number, each) if each.encrypted else each for number, each in enumerate(self.probes)
        )

    def _unlocked(self, number: int, locked: Probe) -> Probe:
        path = self.work.scratch / f"{number:05d}.m4a"
        fd = self.work.create(path)
        try:
            return unlock(locked, self.settings, path, fd, self._heartbeat)
        finally:
            os.close(fd)

    def _heartbeat(self, _count: int) -> None:
        self.cancel.check()

    # Which way

    def _keeps(self) -> bool:
        asked = self.request.retag or self.request.chapters_file is not None
        return may_keep(self.probes) and not asked and not self._must_shrink() and not self._lacks_chapters()

    def _lacks_chapters(self) -> bool:
        """It has none, but some lie beside it or in the catalogue: worth a copy of its packets."""
        only = self.probes[0]
        if len(only.chapters) > 1 or only.aac is None:
            return False
        part = Part(only, 0, only.aac.playing)
        return len(self._choose([part], only.aac.timescale, listen=None).marks) > 1

    def _copies(self) -> bool:
        mended = self.request.seamless and len(self.probes) > 1
        return may_copy(self.probes) and not mended and not self._must_shrink()

    def _must_shrink(self) -> bool:
        """A person wants fewer bits than there are: the only reason to encode AAC again."""
        wanted = self.request.bitrate_kbps
        return wanted is not None and any(each.bitrate_kbps > 1.1 * wanted for each in self.probes)

    # The three ways

    def _keep(self) -> ConvertResult:
        only = self.probes[0]
        with only.source.open() as fd:
            found = reader.read(fd)
            track = found.audio[0]
            part = Part(only, 0, track.playing[1])
            proof = self._prover(_PROBED).kept(fd, found, part, only.source)
        chosen = chapter_choice.choose([part], track.timescale)
        marks, self.chapters_from = chosen.marks, chosen.source
        movie = Movie(b"", track.timescale, track.packets.sizes, track.deltas, *track.playing, marks)
        recipe = recipe_of("keep", self.ffmpeg, self.originals, proof, only.source.size, {})
        return self._result("keep", movie, proof, recipe, self._cover())

    def _copy(self) -> _Draft:
        plan = plan_copy(self.probes)
        self.work.need(plan.total_bytes)
        first = self.probes[0].aac
        assert first is not None
        config = first.config
        bits = plan.total_bytes * 8 * plan.timescale // plan.playing
        description = aac_description(first.config_bytes, config.output_rate, config.channels, bits)
        marks = self._chapters(plan.parts, plan.timescale)
        movie = Movie(description, plan.timescale, plan.sizes, plan.deltas, plan.skip, plan.playing, marks)
        step = self.meter.span(_PROBED, _COPIED, plan.total_bytes)
        expected = Expectation(movie, plan.parts, copied=lambda: plan.digest(self._heartbeat))
        return _Draft("remux", expected, lambda out: plan.copy(out, step), _COPIED, {})

    def _encode(self) -> ConvertResult:
        target = choose_format(self.probes, self.settings, self.request.bitrate_kbps)
        seconds = sum(each.seconds for each in self.probes)
        self.work.need(int(2.2 * seconds * target.bitrate_kbps * 1000 / 8))
        route = EncodeRoute(self.ffmpeg, self._limits(seconds), target, self.jobs, self.cancel)
        own, fed = route.work(self.probes)
        fd = self.work.create(self.work.scratch / "packets")
        try:
            encoded = route.run(self.probes, fd, own, self.meter.span(_PROBED, _ENCODED, fed))
            movie = encoded.movie(self._chapters(encoded.parts, target.rate))
            packets = Packets(np.cumsum(movie.sizes) - movie.sizes, movie.sizes)
            decisions = {
                "rate": target.rate,
                "channels": target.channels,
                "bitrate_kbps": target.bitrate_kbps,
                "coder": target.coder,
                "arguments": list(encoded.arguments),
                "segment_joints": list(encoded.joints),
                "joints_without_agreement": encoded.disagreeing,
            }
            expected = Expectation(movie, encoded.parts, loudness=encoded.loudness)
            draft = _Draft("encode", expected, lambda out: copy(fd, packets, out, self._heartbeat), _ENCODED, decisions)
            return self._finish(draft)
        finally:
            os.close(fd)

    # From packets to the result

    def _finish(self, draft: _Draft) -> ConvertResult:
        cover = self._cover()
        tags = book_tags(self.request.book, [each.tags for each in self.probes], self.probes[0].source.path.parent.name)
        movie = replace(draft.expected.movie, metadata=metadata(tags, cover.data if cover else None, MAKER))
        expected = replace(draft.expected, movie=movie)
        out = self.work.create(self.work.result)
        try:
            write(out, movie, draft.copy_packets)
            os.fsync(out)
            proof = self._prover(draft.done).made(out, expected, [each.source for each in self.originals])
            size = os.fstat(out).st_size
        finally:
            os.close(out)
        for each in self.originals:
            each.source.check_unchanged()
        recipe = recipe_of(draft.mode, self.ffmpeg, self.originals, proof, size, draft.decisions)
        return self._result(draft.mode, movie, proof, recipe, cover)

    def _prover(self, done: float) -> Prover:
        seconds = sum(each.seconds for each in self.probes)
        return Prover(self.ffmpeg, self._limits(seconds), self.cancel, self.meter, (done, _PROVED))

    def _limits(self, seconds: float) -> Limits:
        """Bounds of every child, from the length of the book: a header that lies costs no endless work."""
        return Limits(
            memory=self.settings.memory_limit,
            cpu_seconds=_CPU_RESERVE_SECONDS + int(seconds),
            file_bytes=_FILE_RESERVE,
            nice=self.settings.nice,
            stall_seconds=self.settings.stall_seconds,
        )

    def _chapters(self, parts: Sequence[Part], timescale: int) -> Marks:
        chosen = self._choose(parts, timescale, lambda: self._pauses(timescale))
        self.chapters_from = chosen.source
        self.warnings += chosen.notes
        return chosen.marks

    def _choose(self, parts: Sequence[Part], timescale: int, listen: Callable[[], Sequence[Pause]] | None) -> Chosen:
        return chapter_choice.choose(
            parts,
            timescale,
            own=own_list(self.request.chapters_file),
            beside=lists_beside(
                [*self.found.companions, *self.found.lists], [each.source.path for each in self.originals]
            ),
            catalogue=self.request.catalogue,
            listen=listen,
        )

    def _pauses(self, timescale: int) -> Sequence[Pause]:
        only = self.probes[0]
        return pauses(only, timescale, ffmpeg=self.ffmpeg, limits=self._limits(only.seconds), cancel=self.cancel)

    def _cover(self) -> Cover | None:
        embedded = (picture for each in self.originals for picture in each.tags.pictures[:4])
        return cover_choice.choose(self.request.cover, embedded, self.found.companions, self.warnings)

    def _result(
        self, mode: Mode, movie: Movie, proof: Proof, recipe: dict[str, Any], cover: Cover | None
    ) -> ConvertResult:
        seconds = movie.playing / movie.timescale
        return ConvertResult(
            path=self.probes[0].source.path if mode == "keep" else self.work.result,
            mode=mode,
            duration_seconds=seconds,
            chapters=_chapter_times(movie),
            sha256=proof.sha256,
            size=recipe["output"]["size"],
            codec="aac",
            bitrate_kbps=round(movie.audio_bytes * 8 / max(seconds, 0.001) / 1000),
            chapters_from=self.chapters_from,
            cover=self.work.save(f"cover{cover.suffix}", cover.data) if cover else None,
            companions=tuple(self.found.companions),
            warnings=tuple(self.warnings),
            recipe=recipe,
        )


def _chapter_times(movie: Movie) -> tuple[Chapter, ...]:
    starts = [start for start, _ in movie.chapters]
    ends = [*starts[1:], movie.playing]
    return tuple(
        Chapter(title, start / movie.timescale, end / movie.timescale)
        for (start, title), end in zip(movie.chapters, ends, strict=True)
    )

"""One conversion, step by step."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from auralarchive.audio import chapters as chapter_choice
from auralarchive.audio import cover as cover_choice
from auralarchive.audio.chapters import Marks, Part
from auralarchive.audio.cover import Cover
from auralarchive.audio.digests import Digests, digests
from auralarchive.audio.drm import unlock
from auralarchive.audio.encoding import EncodeRoute
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.lists import book_list, cue_beside
from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.writer import Movie, aac_description, write
from auralarchive.audio.ordering import in_order
from auralarchive.audio.plan import choose_format, may_copy, may_keep
from auralarchive.audio.probe import Probe, probe
from auralarchive.audio.process import Limits
from auralarchive.audio.progress import Meter
from auralarchive.audio.proof import Copied, Expectation, Proof, Prover, Sounded
from auralarchive.audio.recipe import recipe_of
from auralarchive.audio.remux import plan_copy
from auralarchive.audio.results import Results
from auralarchive.audio.settings import AudioSettings
from auralarchive.audio.sources import Found, find_sources
from auralarchive.audio.sourcetags import read_pictures
from auralarchive.audio.tags import book_tags, metadata
from auralarchive.audio.timing import Timing
from auralarchive.audio.workspace import Workspace
from auralarchive.ports.audio import Chapter, ConvertRequest, ConvertResult, Mode
from auralarchive.ports.errors import Cancelled, PermanentError
from auralarchive.ports.work import CancelToken

MAKER = "AuralArchive"
_PROBED, _COPIED, _ENCODED, _PROVED = 0.02, 0.2, 0.93, 0.999
_CPU_RESERVE_SECONDS = 900
_FILE_RESERVE = 256 * 1024 * 1024


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
    timing: Timing = field(default_factory=Timing)
    digests: Digests = field(default_factory=lambda: Digests(()))

    def run(self) -> ConvertResult:
        """The whole way. Raises the port's errors."""
        with self.timing.phase("probe"):
            self._look()
        with digests([each.source for each in self.originals], self.cancel.check) as self.digests:
            if self._keeps():
                return self._keep()
            self._unlock()
            return self._copy() if self._copies() else self._encode()

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
        return may_keep(self.probes) and not asked and not self._must_shrink()

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
            marks = chapter_choice.choose([part], track.timescale)
            movie = Movie(b"", track.timescale, track.packets.sizes, track.deltas, *track.playing, marks)
            with self.timing.phase("verify"):
                proof = self._prover(_PROBED).kept(fd, found, Expectation(movie, [part]))
        return self._result("keep", movie, proof, only.source.size, {}, self._cover())

    def _copy(self) -> ConvertResult:
        with self.timing.phase("plan"):
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

        def prove(out: int, movie: Movie) -> Proof:
            expected = Copied(movie, plan.parts, lambda fd, track: plan.same(fd, track, self.cancel.check))
            return self._prover(_COPIED).copied(out, expected)

        return self._finish("remux", movie, lambda out: plan.copy(out, step), prove, {})

    def _encode(self) -> ConvertResult:
        target = choose_format(self.probes, self.settings, self.request.bitrate_kbps)
        seconds = sum(each.seconds for each in self.probes)
        self.work.need(int(2.2 * seconds * target.bitrate_kbps * 1000 / 8))
        results = Results(self.request.resume_dir or self.work.scratch / "units")
        route = EncodeRoute(
            ffmpeg=self.ffmpeg,
            limits=self._limits(seconds),
            target=target,
            jobs=self.jobs,
            scratch=self.work.scratch,
            results=results,
            cancel=self.cancel,
            warnings=self.warnings,
            tolerant=self.request.accept_damage,
        )
        try:
            with self.timing.phase("encode"):
                hashes = self.digests.all()
                encoded = route.run(self.probes, hashes, lambda total: self.meter.span(_PROBED, _ENCODED, total))
            movie = encoded.movie(self._chapters(encoded.parts, target.rate))

            def prove(out: int, movie: Movie) -> Proof:
                expected = Sounded(movie, encoded.parts, encoded.prints, encoded.stride)
                return self._prover(_ENCODED).encoded(out, expected)

            def copy_packets(out: int) -> None:
                encoded.joined.copy(out, lambda count: self.cancel.check())

            result = self._finish("encode", movie, copy_packets, prove, encoded.decisions())
        except (Cancelled, PermanentError):
            results.forget()
            raise
        results.forget()
        return result

    # From packets to the result

    def _finish(
        self,
        mode: Mode,
        movie: Movie,
        copy_packets: Callable[[int], None],
        prove: Callable[[int, Movie], Proof],
        decisions: dict[str, Any],
    ) -> ConvertResult:
        """Write the file that `movie` describes, prove it, and tell of it."""
        cover = self._cover()
        folder = self.originals[0].source.path.parent.name
        tags = book_tags(self.request.book, [each.tags for each in self.originals], folder)
        movie = replace(movie, metadata=metadata(tags, cover.data if cover else None, MAKER))
        out = self.work.create(self.work.result)
        try:
            with self.timing.phase("write"):
                write(out, movie, copy_packets)
                os.fsync(out)
            with self.timing.phase("verify"):
                proof = prove(out, movie)
            size = os.fstat(out).st_size
        finally:
            os.close(out)
        return self._result(mode, movie, proof, size, decisions, cover)

    def _prover(self, done: float) -> Prover:
        return Prover(
            ffmpeg=self.ffmpeg,
            limits=self._limits(sum(each.seconds for each in self.probes)),
            cancel=self.cancel,
            meter=self.meter,
            span=(done, _PROVED),
            jobs=self.jobs,
            complete=self.settings.proof == "decode",
            warnings=self.warnings,
            tolerant=self.request.accept_damage,
        )

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
        chosen = book_list(self.request.chapters_file)
        cue = cue_beside(self.found.companions, parts[0].probe.source.path) if len(parts) == 1 else ()
        return chapter_choice.choose(parts, timescale, chosen=chosen, cue=cue)

    def _cover(self) -> Cover | None:
        embedded = (picture for each in self.originals for picture in _pictures(each))
        return cover_choice.choose(self.request.cover, embedded, self.found.companions, self.warnings)

    def _result(
        self, mode: Mode, movie: Movie, proof: Proof, size: int, decisions: dict[str, Any], cover: Cover | None
    ) -> ConvertResult:
        hashes = self.digests.all()
        for each in self.originals:
            each.source.check_unchanged()
        recipe = recipe_of(mode, self.ffmpeg, self.originals, hashes, proof, size, decisions, self.timing.seconds)
        seconds = movie.playing / movie.timescale
        return ConvertResult(
            path=self.probes[0].source.path if mode == "keep" else self.work.result,
            mode=mode,
            duration_seconds=seconds,
            chapters=_chapter_times(movie),
            sha256=proof.sha256,
            size=size,
            codec="aac",
            bitrate_kbps=round(movie.audio_bytes * 8 / max(seconds, 0.001) / 1000),
            cover=self.work.save(f"cover{cover.suffix}", cover.data) if cover else None,
            companions=tuple(self.found.companions),
            warnings=tuple(self.warnings),
            recipe=recipe,
        )


def _pictures(original: Probe) -> tuple[bytes, ...]:
    """Read only now, and only of files that have some: kept with the tags, they would fill the memory."""
    if not original.tags.picture_sizes:
        return ()
    with original.source.open() as fd:
        return read_pictures(fd, original.source.kind)[:4]


def _chapter_times(movie: Movie) -> tuple[Chapter, ...]:
    starts = [start for start, _ in movie.chapters]
    ends = [*starts[1:], movie.playing]
    return tuple(
        Chapter(title, start / movie.timescale, end / movie.timescale)
        for (start, title), end in zip(movie.chapters, ends, strict=True)
    )

"""One conversion, step by step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from auralarchive.audio import chapters as chapter_choice
from auralarchive.audio import cover as cover_choice
from auralarchive.audio.arrangement import Arrangement, Group, arrange, listed, only, select, several_books, together
from auralarchive.audio.chapters import Chosen, Marks, Part
from auralarchive.audio.coder import Choice, cache_folder, choose
from auralarchive.audio.cover import Cover
from auralarchive.audio.digests import Digests, digests
from auralarchive.audio.drm import unlock
from auralarchive.audio.encoding import Encoded, EncodeRoute
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.lists import lists_beside, own_list
from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.writer import Movie, aac_description, write
from auralarchive.audio.plan import Decision, Format, Wishes, choose_format, decide, matching_format, most_kbps
from auralarchive.audio.probe import Probe, probe
from auralarchive.audio.process import Limits
from auralarchive.audio.progress import LISTEN_SHARE, Meter, copy_share, encode_share
from auralarchive.audio.proof import Copied, Expectation, Proof, Prover, Sounded
from auralarchive.audio.recipe import Recipe, recipe_of, wishes_of
from auralarchive.audio.remux import plan_copy
from auralarchive.audio.results import Results
from auralarchive.audio.seam import Joint, Workshop, make_seams, plan_seams
from auralarchive.audio.settings import AudioSettings
from auralarchive.audio.silence import Pause, pauses
from auralarchive.audio.sources import Found, Source, find_sources, printable, staged
from auralarchive.audio.sourcetags import read_pictures
from auralarchive.audio.tags import book_tags, gapless_item, metadata
from auralarchive.audio.timing import Timing
from auralarchive.audio.trials import Bench
from auralarchive.audio.workspace import Workspace
from auralarchive.domain.chapters import ChapterSource
from auralarchive.ports.audio import Chapter, ConvertRequest, ConvertResult
from auralarchive.ports.errors import Cancelled, PermanentError
from auralarchive.ports.work import CancelToken

MAKER = "AuralArchive"
_PROBED, _PROVED = 0.005, 0.985
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
    recipe: Recipe | None = None
    found: Found = field(default_factory=Found)
    originals: tuple[Probe, ...] = ()
    probes: tuple[Probe, ...] = ()
    warnings: list[str] = field(default_factory=list)
    chapters_from: ChapterSource = ChapterSource.NONE
    timing: Timing = field(default_factory=Timing)
    order: dict[str, str] = field(default_factory=dict)
    done: float = _PROBED
    decision: Decision = field(default_factory=lambda: Decision("keep", "", ()))
    digests: Digests = field(default_factory=lambda: Digests(tuple))
    coder: Choice | None = None

    @property
    def seconds(self) -> float:
        """How long the sources sound, as far as they have been looked at."""
        return sum(each.seconds for each in self.originals)

    def run(self) -> ConvertResult:
        """The whole way. Raises the port's errors."""
        with self.timing.phase("probe"):
            self._look()
        with digests([each.source for each in self.originals], self.cancel.check) as self.digests:
            with self.timing.phase("plan"):
                self.decision = self._follow(self.recipe) if self.recipe else self._decide()
                self._unlock()
                self._mend_joints()
            return {"keep": self._keep, "remux": self._copy, "mixed": self._mix, "encode": self._encode}[
                self.decision.mode
            ]()

    # What is there

    def _look(self) -> None:
        self.found = find_sources(self.request.sources, max_files=self.settings.max_files)
        step = self.meter.span(0.0, _PROBED, len(self.found.audio))
        probes = []
        for source in self.found.audio:
            probes.append(probe(source, tolerant=self.request.accept_damage))
            step(1)
        group = self._wanted(self._arranged(probes))
        self.originals = self.probes = group.probes
        self.order = {"because": group.reason, "by": group.ordering}
        self.warnings += self.found.warnings
        for each in self.probes:
            self.warnings += [*each.warnings, *(f"{each.source.name}: {text}" for text in each.tags.warnings)]

    def _arranged(self, probes: Sequence[Probe]) -> Arrangement:
        told = listed(probes, self.request.sections)
        return told or (together(probes) if self.request.together else arrange(probes))

    def _decide(self) -> Decision:
        asked = self.request.retag or self.request.chapters_file is not None or self._lacks_chapters()
        return decide(self.probes, Wishes(self.request.bitrate_kbps, asked))

    def _follow(self, recipe: Recipe) -> Decision:
        """The same files in the same order, and what was decided of them then."""
        order = recipe.order(self.originals, self.digests.all())
        self.originals = self.probes = tuple(self.originals[at] for at in order)
        self.digests = self.digests.ordered(order)
        return recipe.decision(self.probes)

    def _wanted(self, found: Arrangement) -> Group:
        """The one book, or of several the one that is asked for. Raises `InvalidInput` that lists them."""
        group: Group | None = found.groups[0]
        if len(found.groups) > 1:
            book = self.request.book
            if self.request.only is not None:
                group = only(found.groups, self.request.only)
            else:
                group = select(found.groups, book.title, book.author) if book else None
        if group is None:
            raise several_books(found.groups)
        others = tuple(f"{each.title}: " for each in found.groups if each is not group)
        self.warnings += [text for text in found.warnings if not text.startswith(others)]
        return group

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

    def _lacks_chapters(self) -> bool:
        """It has none, but some lie beside it or in the catalogue: worth a copy of its packets."""
        only = self.probes[0]
        if len(self.probes) > 1 or len(only.chapters) > 1 or only.aac is None:
            return False
        part = Part(only, 0, only.aac.playing)
        return len(self._choose([part], only.aac.timescale, listen=None).marks) > 1

    def _mend_joints(self) -> None:
        """Rather than leave a gap, where the tables show that one would stay, a book may be encoded."""
        rule = self.request.joints or self.settings.joints
        if self.decision.mode in ("keep", "encode") or rule != "seamless":
            return
        gaps = self.decision.mode == "mixed" or any(
            isinstance(plan, Joint) and plan.gap for plan in plan_seams(self.probes)
        )
        if gaps:
            self.decision = Decision("encode", "joints without any gap are wanted", (False,) * len(self.probes))

    def _joints(self, probes: Sequence[Probe]) -> list[Joint]:
        rule = self.request.joints or self.settings.joints
        plans = plan_seams(probes, "gapless" if rule == "seamless" else rule)
        with self.timing.phase("joints"):
            limits = self._limits(sum(each.seconds for each in probes))
            return make_seams(plans, Workshop(self.ffmpeg, limits, self.cancel, self.jobs))

    # The four ways

    def _keep(self) -> ConvertResult:
        only = self.probes[0]
        with only.source.open() as fd:
            found = reader.read(fd)
            track = found.audio[0]
            part = Part(only, 0, track.playing[1])
            chosen = chapter_choice.choose([part], track.timescale)
            marks, self.chapters_from = chosen.marks, chosen.source
            movie = Movie(b"", track.timescale, track.packets.sizes, track.deltas, *track.playing, marks)
            with self.timing.phase("verify"):
                proof = self._prover(_PROBED).kept(fd, found, Expectation(movie, [part]))
        return self._result(movie, proof, only.source.size, {}, self._cover())

    def _copy(self) -> ConvertResult:
        return self._copied(self.probes, {})

    def _copied(self, probes: Sequence[Probe], encoded: Mapping[Source, Encoded]) -> ConvertResult:
        """One track of all packets; in `encoded` are those of the `probes` that stand for several sources."""
        joints = self._joints(probes)
        with self.timing.phase("plan"):
            plan = plan_copy(probes, joints)
            self.work.need(plan.total_bytes)
            first = probes[0].aac
            assert first is not None
            config = first.config
            bits = plan.total_bytes * 8 * plan.timescale // plan.playing
            description = aac_description(first.config_bytes, config.output_rate, config.channels, bits)
            parts = tuple(inner for part in plan.parts for inner in _inside(part, encoded))
            marks = self._chapters(parts, plan.timescale)
            movie = Movie(description, plan.timescale, plan.sizes, plan.deltas, plan.skip, plan.playing, marks)
        left = _PROVED - self.done
        step = self.meter.span(self.done, self.done + left * copy_share(self.settings.proof), plan.total_bytes)

        def prove(out: int, movie: Movie) -> Proof:
            expected = Copied(movie, parts, lambda fd, track: plan.same(fd, track, self.cancel.check))
            return self._prover(_PROVED - left * LISTEN_SHARE).copied(out, expected)

        places = zip(joints, plan.parts[1:], strict=True)
        decisions: dict[str, Any] = {"joints": [_told(joint, part, plan.timescale) for joint, part in places]}
        if encoded:
            decisions["encoded"] = [each.decisions() for each in encoded.values()]
            ours = (stretch for stretch in plan.stretches if stretch.source in encoded)
            decisions["encoded_packets"] = sum(len(stretch.packets) for stretch in ours)
        return self._finish(movie, lambda out: plan.copy(out, step), prove, decisions)

    def _mix(self) -> ConvertResult:
        """Encode each run of odd sources to a file of its own, which then is a source like the others."""
        copied = [each for each, same in zip(self.probes, self.decision.copied, strict=True) if same]
        odd = [each for each, same in zip(self.probes, self.decision.copied, strict=True) if not same]
        target = self._coded(matching_format(odd, copied, self.settings))
        together = sum(each.seconds for each in odd)
        share = encode_share(target.coder, together / self.seconds)
        probes: list[Probe] = []
        encoded: dict[Source, Encoded] = {}
        with self._results() as results:
            for same, run in groupby(zip(self.probes, self.decision.copied, strict=True), key=lambda pair: pair[1]):
                sources = [each for each, _ in run]
                if same:
                    probes += sources
                    continue
                part = share * sum(each.seconds for each in sources) / together
                end = self.done + part
                made = self._encoded(sources, target, results, end - part * (1 - encode_share(target.coder)))
                staged_probe = self._staged(made, sources[0], len(encoded), end)
                self.done = end
                probes.append(staged_probe)
                encoded[staged_probe.source] = made
            return self._copied(probes, encoded)

    def _staged(self, encoded: Encoded, first: Probe, number: int, done: float) -> Probe:
        """An encode as a work file, proved, in the place of its sources; the progress then stands at `done`."""
        path = self.work.scratch / f"odd-{number:05d}.m4a"
        movie = encoded.movie(())
        fd = self.work.create(path)
        try:
            write(fd, movie, lambda out: encoded.joined.copy(out, lambda count: self.cancel.check()))
            with self.timing.phase("verify"):
                expected = Sounded(movie, encoded.parts, encoded.prints, encoded.stride)
                self._prover(self.done, done).encoded(fd, expected)
        finally:
            os.close(fd)
        return probe(staged(path, first.source))

    def _encode(self) -> ConvertResult:
        target = self._coded(choose_format(self.probes, self.settings, self.request.bitrate_kbps))
        with self._results() as results:
            done = _PROBED + (1 - _PROBED) * encode_share(target.coder)
            encoded = self._encoded(self.probes, target, results, done)
            movie = encoded.movie(self._chapters(encoded.parts, target.rate))

            def prove(out: int, movie: Movie) -> Proof:
                expected = Sounded(movie, encoded.parts, encoded.prints, encoded.stride)
                return self._prover(self.done).encoded(out, expected)

            def copy_packets(out: int) -> None:
                encoded.joined.copy(out, lambda count: self.cancel.check())

            return self._finish(movie, copy_packets, prove, encoded.decisions())

    def _coded(self, plain: Format) -> Format:
        """The same with the coder that was measured to do, and the bits that it needs; or all as a recipe says."""
        if self.recipe:
            return self.recipe.chosen(plain)
        with self.timing.phase("coder"):
            bench = Bench(self.ffmpeg, self._limits(60), self.cancel, self.jobs, self.work.scratch)
            most = most_kbps(plain, self.settings, self.request.bitrate_kbps)
            self.coder = choose(plain, most, bench, self.settings.coder, cache_folder())
        return self.coder.target

    @contextmanager
    def _results(self) -> Iterator[Results]:
        """Where finished units lie: kept where the work may go on later, gone when it is done or given up."""
        results = Results(self.request.resume_dir or self.work.scratch / "units")
        try:
            yield results
        except (Cancelled, PermanentError):
            results.forget()
            raise
        results.forget()

    def _encoded(self, probes: Sequence[Probe], target: Format, results: Results, done: float) -> Encoded:
        """These sources, encoded; the progress then stands at `done`."""
        seconds = sum(each.seconds for each in probes)
        self.work.need(int(2.2 * seconds * target.bitrate_kbps * 1000 / 8))
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
        with self.timing.phase("encode"):
            hashes = dict(zip([each.source for each in self.originals], self.digests.all(), strict=True))
            known = [hashes.get(each.source, "") for each in probes]
            encoded = route.run(probes, known, lambda total: self.meter.span(self.done, done, total))
        self.done = done
        return encoded

    # From packets to the result

    def _finish(
        self,
        movie: Movie,
        copy_packets: Callable[[int], None],
        prove: Callable[[int, Movie], Proof],
        decisions: dict[str, Any],
    ) -> ConvertResult:
        """Write the file that `movie` describes, prove it, and tell of it."""
        cover = self._cover()
        folder = self.originals[0].source.path.parent.name
        tags = book_tags(self.request.book, [each.tags for each in self.originals], folder)
        note = gapless_item(movie.skip, movie.media_duration - movie.skip - movie.playing, movie.playing)
        movie = replace(movie, metadata=metadata(tags, cover.data if cover else None, MAKER, [note]))
        out = self.work.create(self.work.result)
        try:
            with self.timing.phase("write"):
                write(out, movie, copy_packets)
                self.digests.begin()
                os.fsync(out)
            with self.timing.phase("verify"):
                proof = prove(out, movie)
            size = os.fstat(out).st_size
        finally:
            os.close(out)
        return self._result(movie, proof, size, decisions, cover)

    def _prover(self, done: float, end: float = _PROVED) -> Prover:
        return Prover(
            ffmpeg=self.ffmpeg,
            limits=self._limits(sum(each.seconds for each in self.probes)),
            cancel=self.cancel,
            meter=self.meter,
            span=(done, end),
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
        # Pauses are heard only by a decode of the whole book: who wants none of copies, wants none for this.
        listens = self.settings.proof == "decode" or self.decision.mode == "encode"
        chosen = self._choose(parts, timescale, (lambda: self._pauses(timescale)) if listens else None)
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
            sections=self.request.sections,
            catalogue=self.request.catalogue,
            listen=listen,
        )

    def _pauses(self, timescale: int) -> Sequence[Pause]:
        only = self.probes[0]
        return pauses(only, timescale, ffmpeg=self.ffmpeg, limits=self._limits(only.seconds), cancel=self.cancel)

    def _cover(self) -> Cover | None:
        embedded = (picture for each in self.originals for picture in _pictures(each))
        return cover_choice.choose(self.request.cover, embedded, self.found.companions, self.warnings)

    def _result(
        self, movie: Movie, proof: Proof, size: int, decisions: dict[str, Any], cover: Cover | None
    ) -> ConvertResult:
        mode = self.decision.mode
        if self.coder is not None:
            decisions["coder_choice"] = self.coder.decisions()
        hashes = (proof.sha256,) if mode == "keep" else self.digests.all()
        for each in self.originals:
            each.source.check_unchanged()
        recipe = recipe_of(
            decision=self.decision,
            ffmpeg=self.ffmpeg,
            originals=self.originals,
            hashes=hashes,
            movie=movie,
            cover=cover,
            proof=proof,
            size=size,
            details={"order": self.order, **decisions},
            wishes=wishes_of(self.request, self.settings),
            seconds=self.timing.seconds,
        )
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
            chapters_from=self.chapters_from,
            cover=self.work.save(f"cover{cover.suffix}", cover.data) if cover else None,
            companions=tuple(self.found.companions),
            warnings=tuple(self.warnings),
            recipe=recipe,
        )


def _told(joint: Joint, after: Part, timescale: int) -> dict[str, Any]:
    """`at` is where the part `after` begins, in seconds of the book."""
    return {
        "at": after.start / timescale,
        "next": printable(after.probe.source.name),
        "kind": joint.kind,
        "gap": joint.gap,
        "touched": joint.touched,
        "reason": joint.reason,
    }


def _inside(part: Part, encoded: Mapping[Source, Encoded]) -> Iterator[Part]:
    """The sources that a part stands for."""
    if part.probe.source not in encoded:
        yield part
        return
    for inner in encoded[part.probe.source].parts:
        yield Part(inner.probe, part.start + inner.start, inner.length)


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

"""How good a release is, whatever book it holds: a score, what it is made of, and what rules it out.

Points: form 40, bitrate 20, size 15, availability 20, and 5 for what it costs. Unknown has a value of
its own in each part, between good and bad: a feed that says little is no bad release, and no good one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from auralarchive.domain.release import Reason, Release
from auralarchive.domain.status import DownloadType
from auralarchive.domain.vocabulary import AUDIO_FORMATS

MIB = 2**20

#: What becomes of each form: kept as it is, repacked, or encoded once more.
_FORM_POINTS: Mapping[str, float] = MappingProxyType(
    {
        "m4b": 40,
        "m4a": 34,
        "mp3": 30,
        "flac": 28,
        "alac": 28,
        "wav": 24,
        "opus": 24,
        "aac": 24,
        "ogg": 22,
        "ape": 18,
        "wavpack": 18,
        "wma": 10,
        "aax": 10,
        "aaxc": 10,
    }
)
_UNKNOWN_FORM = 20.0
_LOSSLESS = frozenset({"flac", "alac", "wav", "ape", "wavpack"})
#: From kbit/s on: points. Speech is clear at 64; far above that only the download grows.
_BITRATE_STEPS = ((321, 12.0), (193, 16.0), (64, 20.0), (48, 16.0), (32, 10.0), (0, 3.0))
#: Seeders from this number on: points.
_SEEDER_STEPS = ((20, 20.0), (5, 17.0), (2, 12.0), (1, 8.0))
_MIB_PER_HOUR = (8.0, 700.0)  # below: 18 kbit/s, above: more than any lossless recording of speech
_USUAL_MIB = (20.0, 4_000.0)


@dataclass(frozen=True, slots=True)
class QualityPreferences:
    """What its owner prefers and refuses.

    `form_points` replaces points of single forms (0 to 40). Bitrates in kbit/s, `maximum_size` in
    bytes, `usenet_retention_days` in days.
    """

    form_points: Mapping[str, float] = field(default_factory=dict)
    refused_forms: frozenset[str] = frozenset({"wma"})
    minimum_bitrate_kbps: int = 24
    maximum_size: int | None = None
    minimum_seeders: int = 1
    usenet_retention_days: int = 4_000
    refuse_abridged: bool = False


def quality_score(
    release: Release,
    preferences: QualityPreferences,
    *,
    now: datetime | None = None,
    duration_seconds: float | None = None,
) -> tuple[float, tuple[Reason, ...], tuple[str, ...]]:
    """Score (0 to 100), its parts, and the reasons why the release must not be taken by itself.

    `now` lets its age count, `duration_seconds` of the book its size an hour.
    """
    reasons = (
        _form(release, preferences),
        _bitrate(release, duration_seconds),
        _size(release, duration_seconds),
        _availability(release, now),
        _cost(release),
    )
    score = sum(reason.points for reason in reasons)
    return round(min(100.0, max(0.0, score)), 1), reasons, _rejections(release, preferences, now, duration_seconds)


def _form(release: Release, preferences: QualityPreferences) -> Reason:
    form = release.parsed.file_format
    if form is None:
        return Reason("format", _UNKNOWN_FORM, "Its format is unknown.")
    points = preferences.form_points.get(form, _FORM_POINTS.get(form, 0.0))
    return Reason("format", float(points), f"Its format is {form.upper()}.")


def _bitrate(release: Release, seconds: float | None) -> Reason:
    if release.parsed.file_format in _LOSSLESS:
        return Reason("bitrate", 18.0, "It is lossless.")
    rate, how = release.parsed.bitrate_kbps, "Its bitrate is"
    if rate is None and release.size and seconds and seconds > 0:
        rate, how = int(release.size * 8 / seconds / 1000), "Its size gives about"
    if rate is None:
        return Reason("bitrate", 10.0, "Its bitrate is unknown.")
    points = next(points for least, points in _BITRATE_STEPS if rate >= least)
    return Reason("bitrate", points, f"{how} {rate} kbit/s.")


def _size(release: Release, seconds: float | None) -> Reason:
    if not release.size:
        return Reason("size", 7.0, "Its size is unknown.")
    size = release.size / MIB
    if seconds and seconds > 0:
        hourly = size / (seconds / 3600)
        plausible = _MIB_PER_HOUR[0] <= hourly <= _MIB_PER_HOUR[1]
        return Reason("size", 15.0 if plausible else 2.0, f"It has {hourly:.0f} MiB for each hour.")
    plausible = _USUAL_MIB[0] <= size <= _USUAL_MIB[1]
    return Reason(
        "size", 12.0 if plausible else 3.0, f"It has {size:,.0f} MiB." if size >= 1 else "It has less than 1 MiB."
    )


def _availability(release: Release, now: datetime | None) -> Reason:
    if release.download_type is DownloadType.HTTP:
        return Reason("availability", 18.0, "It is downloaded directly: nobody has to share it.")
    if release.download_type is DownloadType.NZB:
        return _usenet_age(release, now)
    if release.seeders is None:
        return Reason("availability", 10.0, "How many share it is unknown.")
    points = next((points for least, points in _SEEDER_STEPS if release.seeders >= least), 0.0)
    return Reason("availability", points, f"{release.seeders} share it.")


def _usenet_age(release: Release, now: datetime | None) -> Reason:
    days = _age_days(release, now)
    if days is None:
        return Reason("availability", 14.0, "Its age is unknown.")
    return Reason("availability", 18.0 if days < 1_000 else 13.0, f"It was posted {days:,} days ago.")


def _cost(release: Release) -> Reason:
    if release.download_type is DownloadType.HTTP:
        return Reason("cost", 5.0, "It is free for everybody.")
    factor = release.download_volume_factor
    if factor is None:
        return Reason("cost", 3.0, "Whether it counts against your ratio is unknown.")
    if factor == 0:
        return Reason("cost", 5.0, "It is free: it does not count against your ratio.")
    return Reason("cost", 4.0 if factor < 1 else 2.0, f"It counts {factor:.0%} against your ratio.")


def _rejections(
    release: Release, preferences: QualityPreferences, now: datetime | None, seconds: float | None
) -> tuple[str, ...]:
    found = [*release.rejections, *_form_rejections(release, preferences), *_size_rejections(release, preferences)]
    if release.seeders is not None and release.seeders < preferences.minimum_seeders and not release.rejections:
        found.append(f"Only {release.seeders} share it; at least {preferences.minimum_seeders} are asked for.")
    days = _age_days(release, now)
    if release.download_type is DownloadType.NZB and days is not None and days > preferences.usenet_retention_days:
        found.append(f"It was posted {days:,} days ago, longer than your server keeps articles.")
    if release.size and seconds and release.size / MIB / (seconds / 3600) < _MIB_PER_HOUR[0] / 2:
        found.append("It is far too small for the length of the book.")
    return tuple(dict.fromkeys(found))


def _form_rejections(release: Release, preferences: QualityPreferences) -> list[str]:
    parsed = release.parsed
    found = []
    if parsed.file_format is not None and parsed.file_format not in AUDIO_FORMATS:
        found.append(f"{parsed.file_format.upper()} is no audio.")
    elif parsed.file_format in preferences.refused_forms:
        found.append(f"{str(parsed.file_format).upper()} is refused by your preferences.")
    if parsed.bitrate_kbps is not None and parsed.bitrate_kbps < preferences.minimum_bitrate_kbps:
        found.append(f"{parsed.bitrate_kbps} kbit/s is below your minimum of {preferences.minimum_bitrate_kbps}.")
    if parsed.abridged and preferences.refuse_abridged:
        found.append("It is an abridged edition.")
    return found


def _size_rejections(release: Release, preferences: QualityPreferences) -> list[str]:
    if not release.size:
        return []
    if preferences.maximum_size is not None and release.size > preferences.maximum_size:
        return [f"It is larger than your maximum of {preferences.maximum_size // MIB:,} MiB."]
    return []


def _age_days(release: Release, now: datetime | None) -> int | None:
    if now is None or release.published_at is None:
        return None
    return max(0, (now - release.published_at).days)

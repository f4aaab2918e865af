"""What the settings mean to each part, in that part's own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from auralarchive import settings as tree
from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.domain.observe import Timers
from auralarchive.domain.schedule import RetryPolicy
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.speed_plan import DAYS, Span, SpeedPlan, minute_of
from auralarchive.domain.status import Stage
from auralarchive.library.filesystem import LibrarySettings
from auralarchive.pipeline.monitor import MonitorSettings
from auralarchive.pipeline.tools import StageSettings
from auralarchive.ports.store import AdapterRow
from auralarchive.runtime.backup import Plan


def audio_settings(settings: tree.Settings) -> AudioSettings:
    """The engine's settings."""
    conversion = settings.conversion
    return AudioSettings(
        ffmpeg=conversion.ffmpeg,
        aax_activation_bytes=tuple(secret.get_secret_value() for secret in conversion.aax_activation_bytes),
        aaxc_keys=tuple(_aaxc_keys(conversion)),
        jobs=conversion.jobs,
        ceiling_kbps=conversion.ceiling_kbps,
        lossless_kbps=conversion.lossless_kbps,
        nice=conversion.nice,
        joints=conversion.joints,
        proof=conversion.proof,
        coder=conversion.coder,
    )


def _aaxc_keys(conversion: tree.ConversionSection) -> Iterator[AaxcKey]:
    """The list, and the one key that may be given apart from its IV."""
    for secret in conversion.aaxc_keys:
        yield AaxcKey.parse(secret.get_secret_value())
    key, iv = conversion.audible_key, conversion.audible_iv
    if key and iv:
        yield AaxcKey(bytes.fromhex(key.get_secret_value()), bytes.fromhex(iv.get_secret_value()))


def general_goal(settings: tree.Settings) -> SeedGoal:
    """The seeding goal where no indexer has one of its own."""
    management = settings.download_management
    if not management.seeding_enabled:
        return SeedGoal(ratio=0.0)
    minutes = management.seed_time_minutes
    return SeedGoal(management.seed_ratio, None if minutes is None else minutes * 60)


def stage_settings(settings: tree.Settings) -> StageSettings:
    """What stages need to know."""
    return StageSettings(
        work_root=settings.work_root,
        instance=settings.instance,
        bitrate_kbps=settings.conversion.bitrate_kbps,
        jobs=settings.conversion.jobs,
        minimum_match_score=settings.search.minimum_match_score,
        remove_unseeded=settings.download_management.remove_unseeded_after_import,
    )


def retry_policy(settings: tree.Settings) -> RetryPolicy:
    """How often each stage is tried again."""
    management = settings.download_management
    limits = {
        Stage.SEARCH: management.retry_search_max,
        Stage.DOWNLOAD: management.retry_download_max,
        Stage.CONVERSION: management.retry_conversion_max,
        Stage.IMPORT: management.retry_import_max,
    }
    return RetryPolicy(limits, management.retry_backoff_scale)


def monitor_settings(settings: tree.Settings) -> MonitorSettings:
    """Intervals and timers; read anew at each poll, so that a change is in force at once."""
    management = settings.download_management
    return MonitorSettings(
        polling_interval=management.polling_interval_seconds,
        idle_seconds=management.idle_after_minutes * 60,
        timers=Timers(
            metadata_fail=management.metadata_timeout_hours * 3600,
            stall_fail=management.stall_timeout_hours * 3600,
            missing_seconds=management.missing_after_seconds,
        ),
        remove_after_import=management.delete_source_after_import,
        instance=settings.instance,
    )


def speed_plan(settings: tree.Settings) -> SpeedPlan:
    """The week of speed limits; the general limits hold where no entry does."""
    speed = settings.speed
    spans = tuple(
        Span(
            frozenset(DAYS.index(day) for day in entry.days),
            minute_of(entry.begins),
            minute_of(entry.ends),
            SpeedLimits(entry.download_limit, entry.upload_limit),
        )
        for entry in speed.plan
    )
    general = SpeedLimits(speed.download_limit, speed.upload_limit)
    zone = ZoneInfo(speed.time_zone) if speed.time_zone else None
    return SpeedPlan(spans, None if general == SpeedLimits() else general, zone)


def library_settings(settings: tree.Settings) -> LibrarySettings:
    """How books are laid out. Raises `BadTemplate` where the library is made with it."""
    return LibrarySettings(
        template=settings.library.template,
        reserve_bytes=settings.library.reserve_bytes,
        download_folders=(settings.download_root,),
    )


def used_folders(settings: tree.Settings, clients: Iterable[AdapterRow]) -> tuple[Path, ...]:
    """Where enabled clients put what they fetch, as far as their settings tell it: what the doctor looks at."""
    enabled = [row for row in clients if row.enabled]
    used = {Path(row.settings["download_folder"]) for row in enabled if row.settings.get("download_folder")}
    root = settings.download_root
    # A mapping may well name a folder above: that one is not the folder of the downloads, ours below it is.
    if any(path.is_relative_to(root) or root.is_relative_to(path) for row in enabled for path in _named(row)):
        used.add(root)
    return tuple(sorted(used))


def _named(client: AdapterRow) -> Iterator[Path]:
    """The folders here that the settings of a client of its own name."""
    if client.settings.get("save_path"):
        yield Path(client.settings["save_path"])
    for mapping in client.settings.get("path_mappings") or ():
        yield Path(mapping["local"])


def backup_plan(settings: tree.Settings) -> Plan:
    """How often backups are made by themselves, how many stay, and where."""
    wanted = settings.backup
    passphrase = wanted.passphrase.get_secret_value() if wanted.passphrase else None
    return Plan(wanted.interval_days, wanted.keep, settings.backup_root, passphrase or None)

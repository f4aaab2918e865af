"""Speed limits and the order of the queue, as they are wanted here: handed to the clients, and put back.

Three things are compared with what a client has, and mended where they differ: the limits of single items, as
soon as somebody has set one here; the order of its queue; and its general limits, for as long as a plan wants
any. Each comparison has its own pace, since a client that rounds, lags or ignores a call must not be called at
every poll; what somebody changed there and we put back is told once, not each time.

Before a client's general limits are changed for the first time, what it had is written down. Once no plan wants
any, it gets that back: whoever never configured a limit here never finds one of theirs touched.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.download import Download
from auralarchive.domain.schedule import backoff
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.speed_plan import SpeedPlan, limits_at
from auralarchive.domain.status import DownloadStatus
from auralarchive.failpoints import failpoint
from auralarchive.ports.clients import Ability, DownloadClient
from auralarchive.ports.errors import AuralError, AuthRefused
from auralarchive.ports.store import SavedSettings
from auralarchive.ports.work import Clock

_log = logging.getLogger(__name__)

#: A client's general limits are looked at this often.
LOOK_SECONDS = 60.0
#: Limits that do not stay are put back after growing waits.
FIRST_WAIT, LONGEST_WAIT = 5.0, 600.0

#: A download with its item in the client.
Pair = tuple[Download, ClientItem]


class OwnLimits:
    """What clients had before us, kept across restarts among the saved settings."""

    SECTION = "own_speed_limits"

    def __init__(self, saved: SavedSettings) -> None:
        self._saved = saved
        self._known: dict[str, SpeedLimits | None] | None = None

    def of(self, client: str) -> SpeedLimits | None:
        """None: this client's limits are its own at the moment."""
        return self._read().get(client)

    def keep(self, client: str, limits: SpeedLimits | None) -> None:
        values = None if limits is None else {"download": limits.download, "upload": limits.upload}
        self._saved.save(self.SECTION, {client: values})
        self._known = {**self._read(), client: limits}

    def _read(self) -> Mapping[str, SpeedLimits | None]:
        if self._known is None:
            saved = self._saved.all().get(self.SECTION, {})
            self._known = {name: SpeedLimits(**values) if values else None for name, values in saved.items()}
        return self._known


@dataclass(slots=True)
class _Item:
    """What is remembered of one download's limits."""

    wanted: SpeedLimits
    handed: bool = False
    tries: int = 0
    again_at: float = 0.0
    told: bool = False


@dataclass(slots=True)
class _General:
    """What is remembered of one client's general limits."""

    wanted: SpeedLimits | None = None
    look_at: float = 0.0
    told: bool = False
    failing: bool = False


@dataclass(slots=True)
class Steering:
    """Called by the monitor after each poll, for one client at a time and for each in its own thread.

    `plan` is read anew each time; `may_steer` says whether a client's general limits are ours to set.
    """

    clock: Clock
    own: OwnLimits
    plan: Callable[[], SpeedPlan] = SpeedPlan
    may_steer: Callable[[str], bool] = lambda _client: True
    _items: dict[int, _Item] = field(default_factory=dict)
    _ranks: dict[str, Mapping[str, int]] = field(default_factory=dict)
    _general: dict[str, _General] = field(default_factory=dict)

    def forget(self, download_id: int) -> None:
        """It is followed no longer."""
        self._items.pop(download_id, None)

    def forget_client(self, name: str) -> None:
        """It was replaced, or is gone: whatever it has now, nobody knows."""
        self._ranks.pop(name, None)
        self._general.pop(name, None)

    def begin_anew(self, name: str, rows: Sequence[Download]) -> None:
        """It was away: after a restart a client may have forgotten what it was told."""
        self._general.pop(name, None)
        for row in rows:
            if row.download_client == name:
                self._items.pop(row.id, None)

    # --- single items -------------------------------------------------------------------------

    def items(self, client: DownloadClient, pairs: Sequence[Pair]) -> None:
        """Hand over what differs. Raises what the client's methods raise."""
        if Ability.ITEM_LIMITS in client.abilities:
            for row, item in pairs:
                if row.limited:
                    self._limit(client, row, item)
        if Ability.PRIORITY in client.abilities:
            self._arrange(client, [(row, item) for row, item in pairs if _in_line(row, item)])

    def _limit(self, client: DownloadClient, row: Download, item: ClientItem) -> None:
        wanted = SpeedLimits(row.download_limit, row.upload_limit)
        known = self._items.get(row.id)
        if known is None or known.wanted != wanted:
            known = self._items[row.id] = _Item(wanted)
        if known.handed if item.limits is None else item.limits.alike(wanted):
            known.handed, known.tries = True, 0
            return
        now = self.clock.monotonic()
        if now < known.again_at:
            return
        if known.handed and not known.told:
            known.told = True
            _log.info("download %s: its speed limits were changed in %s; ours are put back", row.id, client.name)
        known.tries += 1
        known.again_at = now + backoff(known.tries, first=FIRST_WAIT, most=LONGEST_WAIT)
        client.set_limits(item.id, wanted.download, wanted.upload)
        known.handed = True

    # --- the order of the queue ---------------------------------------------------------------

    def _arrange(self, client: DownloadClient, pairs: Sequence[Pair]) -> None:
        """Most clients only know "to the top" and "to the end", so the order in which they are told makes theirs.

        Upwards from the last that has changed, downwards from the first: whoever is told last stands outermost.
        """
        preferred = sorted(pairs, key=lambda pair: (-pair[0].priority, pair[0].id))
        ranks = {item.id: row.priority for row, item in preferred}
        before = self._ranks.get(client.name, {})
        if ranks == before:
            return
        above = [item.id for row, item in preferred if row.priority > 0]
        below = [item.id for row, item in preferred if row.priority <= 0]
        for item_id in (*_upwards(above, before, ranks), *_downwards(below, before, ranks)):
            client.set_priority(item_id, ranks[item_id])
        self._ranks[client.name] = ranks

    # --- general limits -----------------------------------------------------------------------

    def general(self, client: DownloadClient) -> None:
        """Give the client what the plan wants now. Raises `AuthRefused`; other failures are tried again."""
        if Ability.GLOBAL_LIMITS not in client.abilities:
            return
        known = self._general.setdefault(client.name, _General())
        wanted = limits_at(self.plan(), self.clock.now()) if self.may_steer(client.name) else None
        now = self.clock.monotonic()
        if known.wanted == wanted and now < known.look_at:
            return
        known.look_at = now + LOOK_SECONDS
        try:
            if wanted is None:
                self._give_back(client)
            else:
                self._keep_up(client, wanted, known)
        except AuthRefused:
            raise
        except AuralError as error:  # its items are followed all the same
            if not known.failing:
                _log.warning("the general speed limits of %s cannot be set at the moment: %s", client.name, error)
            known.failing = True
        else:
            known.wanted, known.failing = wanted, False

    def _keep_up(self, client: DownloadClient, wanted: SpeedLimits, known: _General) -> None:
        present = client.global_limits()
        if self.own.of(client.name) is None:
            self.own.keep(client.name, present)
            failpoint("steering.own_kept")
        if present.alike(wanted):
            return
        changed_there = known.wanted == wanted
        if not changed_there:
            known.told = False
            _log.info("the general speed limits of %s are now %s", client.name, _spoken(wanted))
        elif not known.told:
            known.told = True
            _log.info("the general speed limits were changed in %s; ours are put back", client.name)
        client.set_global_limits(wanted)
        failpoint("steering.limits_set")

    def _give_back(self, client: DownloadClient) -> None:
        before = self.own.of(client.name)
        if before is None:
            return
        client.set_global_limits(before)
        failpoint("steering.given_back")
        self.own.keep(client.name, None)
        _log.info("the general speed limits of %s are its own again: %s", client.name, _spoken(before))


def _in_line(row: Download, item: ClientItem) -> bool:
    """Whether its place in the queue matters. What stands still gets its place as it goes on: some would be woken."""
    return row.acquisition is DownloadStatus.DOWNLOADING and not item.paused and item.state is not ItemState.PAUSED


def _upwards(above: Sequence[str], before: Mapping[str, int], ranks: Mapping[str, int]) -> list[str]:
    """Those from the last changed one up to the first: each ends on top of the one told before it."""
    changed = [place for place, item in enumerate(above) if before.get(item, 0) != ranks[item]]
    return list(reversed(above[: changed[-1] + 1])) if changed else []


def _downwards(below: Sequence[str], before: Mapping[str, int], ranks: Mapping[str, int]) -> list[str]:
    """Those from the first changed one to the last. A client puts a new item at its end, behind what is to be last."""
    changed = [place for place, item in enumerate(below) if before.get(item, 0) != ranks[item]]
    if any(item not in before for item in below):
        changed += [place for place, item in enumerate(below) if ranks[item] < 0]
    return list(below[min(changed) :]) if changed else []


def _spoken(limits: SpeedLimits) -> str:
    def one(limit: int | None) -> str:
        return "no limit" if limit is None else f"{limit / 1000:g} kB/s"

    return f"{one(limits.download)} down, {one(limits.upload)} up"

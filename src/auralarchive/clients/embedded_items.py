"""One torrent of the embedded client, and how it looks from outside."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import libtorrent as lt

from auralarchive.clients.display import display_text
from auralarchive.clients.embedded_state import Record
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.speed import SpeedLimits

_States = lt.torrent_status.states
_CHECKING = {
    _States.checking_files: "checking",
    _States.checking_resume_data: "checking",
    _States.queued_for_checking: "waiting to be checked",
    _States.allocating: "allocating",
}
_NO_CONTENT = lt.file_storage.flag_pad_file | lt.file_storage.flag_symlink


@dataclass(slots=True)
class Torrent:
    """What we wish of a torrent (`record`), and what libtorrent last said of it (`status`).

    `trouble` is an error that is tried again at `retry_at` (monotonic seconds), `held` one that waits
    for a person. `flushed` says that no complete piece is left in libtorrent's own cache.
    """

    record: Record
    handle: lt.torrent_handle
    status: lt.torrent_status
    seen_at: float = field(default_factory=time.monotonic)
    unsaved: bool = True
    saving: bool = False
    saved_at: float = field(default_factory=time.monotonic)
    flushed: bool = False
    flush_asked: bool = False
    trouble: str | None = None
    retry_at: float = 0.0
    held: str | None = None
    gone: bool = False
    size: int | None = None
    content: str | None = None

    def learn(self, status: lt.torrent_status) -> None:
        """Take over what libtorrent says now."""
        # Being saved is a change to libtorrent: without a look at the bytes we would save for ever.
        self.unsaved = self.unsaved or _moved(self.status, status)
        self.status, self.seen_at = status, time.monotonic()
        if status.flags & lt.torrent_flags.upload_mode and not self.trouble:
            self.trouble = "The disk refuses to take data."  # the alert that said why is long gone

    def let_go_on(self) -> None:
        """Start it, whatever stopped it."""
        self.handle.clear_error()
        self.handle.unset_flags(lt.torrent_flags.upload_mode)
        self.handle.resume()

    @property
    def complete(self) -> bool:
        return bool(self.status.is_finished)

    @property
    def stopped(self) -> bool:
        return bool(self.status.flags & lt.torrent_flags.paused)

    @property
    def ratio(self) -> float:
        received = self.status.all_time_download or self.status.total_done
        return self.status.all_time_upload / received if received else 0.0

    @property
    def seeding_seconds(self) -> int:
        """libtorrent is silent on torrents where nothing but time goes on: that time is added here."""
        since = 0.0 if self.stopped or not self.complete else time.monotonic() - self.seen_at
        return int(self.status.seeding_duration.total_seconds() + since)


def as_item(torrent: Torrent) -> ClientItem:
    """The torrent in our words."""
    record, status = torrent.record, torrent.status
    state, raw = state_of(torrent)
    return ClientItem(
        id=record.id,
        name=record.name,
        state=state,
        hashes=frozenset(record.hashes),
        progress=status.progress_ppm / 1_000_000,
        size=torrent.size,
        downloaded=status.total_done,
        uploaded=status.all_time_upload,
        download_speed=status.download_payload_rate,
        upload_speed=status.upload_payload_rate,
        eta=_eta(torrent),
        ratio=torrent.ratio,
        seeding_seconds=torrent.seeding_seconds,
        content_path=torrent.content,
        save_path=record.folder,
        limits=SpeedLimits(record.download_limit, record.upload_limit),
        paused=torrent.stopped,
        message=torrent.held or torrent.trouble,
        raw_state=raw,
        tags=frozenset({record.tag}),
    )


def state_of(torrent: Torrent) -> tuple[ItemState, str]:
    """The state in our words and in libtorrent's."""
    state = torrent.status.state
    if torrent.held or torrent.trouble:
        return ItemState.WARNING, "error"
    if state in _CHECKING:
        return ItemState.BUSY, _CHECKING[state]
    if torrent.complete:
        # Complete pieces may still be in libtorrent's cache: nobody may read the files before they are out.
        return (ItemState.READY, "seeding") if torrent.flushed else (ItemState.BUSY, "writing")
    if torrent.stopped:
        return ItemState.PAUSED, "paused"
    if state == _States.downloading_metadata:
        return ItemState.METADATA, "downloading metadata"
    if state == _States.downloading:
        connected = torrent.status.num_peers > 0
        return (ItemState.WAITING, "downloading") if connected else (ItemState.STALLED, "no peers")
    return ItemState.UNKNOWN, str(state)


def learn_metadata(torrent: Torrent) -> bool:
    """Take over size and place of the content once libtorrent knows its files; whether it does."""
    files = listed_files(torrent)
    if not files:
        return False
    torrent.size = sum(file.size for file in files)
    torrent.content = content_path(torrent.record.folder, files)
    return True


def content_path(folder: str, files: tuple[ClientFile, ...]) -> str:
    """The single file, or the folder around all of them, by the names that libtorrent gave them on disk."""
    first = files[0].path.split("/")[0]
    return f"{folder}/{first}"


def listed_files(torrent: Torrent) -> tuple[ClientFile, ...]:
    """The files on disk, without padding and links; empty before the metadata is there."""
    info = torrent.handle.torrent_file()
    if info is None:
        return ()
    layout = info.layout()
    done = torrent.handle.file_progress(lt.torrent_handle.piece_granularity)
    return tuple(
        ClientFile(layout.file_path(index), size := layout.file_size(index), progress=_share(done, index, size))
        for index in range(layout.num_files())
        if not layout.file_flags(index) & _NO_CONTENT
    )


def name_of(torrent: Torrent) -> str | None:
    """The torrent's own name once its metadata is there, as text."""
    info = torrent.handle.torrent_file()
    return display_text(info.name()) or None if info else None


def _moved(before: lt.torrent_status, after: lt.torrent_status) -> bool:
    kept = (before.total_done, before.all_time_upload, before.flags)
    return kept != (after.total_done, after.all_time_upload, after.flags)


def _share(done: list[int], index: int, size: int) -> float:
    return done[index] / size if size and index < len(done) else 1.0


def _eta(torrent: Torrent) -> int | None:
    speed = torrent.status.download_payload_rate
    missing = torrent.status.total_wanted - torrent.status.total_wanted_done
    return missing // speed if speed > 0 and missing > 0 else None

"""What every download client does, proved on the real ones: one suite for all of them.

A test marked `of_kinds` is about something that not every client has (a magnet, an address, a speed limit of its own):
it exists for the others only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auralarchive.clients.context import ClientContext
from auralarchive.clients.payloads import Payloads
from auralarchive.domain.client_item import ItemState
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability, DownloadClient, Finding, Payload
from auralarchive.ports.errors import AuthRefused, InvalidInput, Misconfigured, Unreachable
from tests.contract.clients.conftest import (
    add_book,
    contents,
    followed,
    in_state,
    item_of,
    options,
    polled,
    ready,
)
from tests.contract.clients.rig import Kind, RemoteRig, Rig, Source
from tests.contract.clients.sources import TorrentSource, torrent_of
from tests.support.processes import free_port, wait_for
from tests.support.relay import Relay

torrents_only = pytest.mark.of_kinds.with_args(lambda kind: kind.torrents)
hybrids_only = pytest.mark.of_kinds.with_args(lambda kind: kind.hybrids)
remote_only = pytest.mark.of_kinds.with_args(lambda kind: kind.remote)


def able_to(ability: Ability) -> pytest.MarkDecorator:
    return pytest.mark.of_kinds.with_args(lambda kind: ability in kind.abilities)


def unable_to(ability: Ability) -> pytest.MarkDecorator:
    return pytest.mark.of_kinds.with_args(lambda kind: ability not in kind.abilities)


ACTIONS: list[Callable[[DownloadClient, str], object]] = [
    lambda client, item_id: client.pause(item_id),
    lambda client, item_id: client.resume(item_id),
    lambda client, item_id: client.set_limits(item_id, 1, 1),
    lambda client, item_id: client.set_seed_goal(item_id, SeedGoal(1.0)),
    lambda client, item_id: client.set_priority(item_id, 1),
    lambda client, item_id: client.files(item_id),
    lambda client, item_id: client.remove(item_id, with_data=True),
]
#: A book that takes a while. Of a web seed some clients count whole files only.
PARTS = (500_000,) * 6
NOBODY = {DownloadType.TORRENT: "ab" * 20, DownloadType.NZB: "2000000001", DownloadType.HTTP: "ab" * 20}


# --- from a release to its files --------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(700_000, 300_000), (400_000,)], ids=["folder", "file"])
def test_a_book_from_bytes_to_content(rig: Rig, source: Source, sizes: tuple[int, ...]) -> None:
    """Added by bytes, followed to the end, found on disk byte for byte."""
    book = source.book(*sizes)
    added = add_book(rig, book)
    assert not added.adopted
    item = followed(rig, source, book, added.id, ready)
    assert item.progress == 1.0
    assert book.name in item.name
    assert book.tag in item.tags
    assert book.payload.hashes & item.hashes
    assert contents(Path(rig.client.local_path(item))) == book.contents
    listed = {Path(file.path).name: file.size for file in rig.client.files(added.id)}
    assert listed == {name: len(content) for name, content in book.contents.items()}


@torrents_only
def test_a_book_from_magnet_to_content(rig: Rig, source: TorrentSource) -> None:
    """The metadata comes from a peer; until then the item says so, and names and sizes are unknown."""
    book = source.book(400_000)
    added = rig.client.add(Payloads().magnet(str(book.magnet)), options(tag=book.tag))
    in_state(rig, added.id, ItemState.METADATA)
    item = followed(rig, source, book, added.id, ready)
    assert (item.name, item.size) == (book.name, 400_000)
    assert contents(Path(rig.client.local_path(item))) == book.contents


# --- adding -----------------------------------------------------------------------------------------


def test_a_repeated_add_finds_its_item(rig: Rig, source: Source) -> None:
    """The same add twice, as after a lost answer, finds the item instead of failing or doubling it; it stays ours."""
    book = source.book(50_000)
    first = add_book(rig, book, paused=True)
    again = add_book(rig, book, paused=True)
    assert (again.id, again.adopted) == (first.id, False)
    assert [item.id for item in rig.client.poll(frozenset({first.id})) if book.tag in item.tags] == [first.id]


def test_an_add_repeated_after_the_end_finds_its_item(rig: Rig, source: Source) -> None:
    """Its client may have moved it to a history by then: it is not loaded a second time."""
    book = source.book(50_000)
    first = add_book(rig, book)
    followed(rig, source, book, first.id, ready)
    again = add_book(rig, book)
    assert (again.id, again.adopted) == (first.id, False)
    assert item_of(rig, first.id).state is ItemState.READY


@torrents_only
def test_a_repeated_add_by_magnet_finds_its_item(rig: Rig, source: Source) -> None:
    """The same release by another way is the same item."""
    book = source.book(50_000)
    first = add_book(rig, book, paused=True)
    again = rig.client.add(Payloads().magnet(str(book.magnet)), options(tag=book.tag))
    assert (again.id, again.adopted) == (first.id, False)


@torrents_only
@remote_only
def test_what_somebody_else_added_is_adopted_without_stealing(rig: RemoteRig, source: Source) -> None:
    """It keeps its category or labels, and goes on to be polled although they are not ours."""
    book = source.book(50_000)
    item_id = rig.hand.add(book)
    before = rig.hand.look(item_id)
    added = add_book(rig, book)
    assert (added.id, added.adopted) == (item_id, True)
    assert add_book(rig, book).adopted
    after = rig.hand.look(item_id)
    assert before is not None
    assert after is not None
    assert after.get("category") == before.get("category")
    assert book.tag not in item_of(rig, item_id).tags, "or an attempt after a crash would take it for ours"


def test_what_no_client_could_load_is_refused(rig: Rig, kind: Kind) -> None:
    """Another kind of payload, or bytes that the client cannot read, is refused with a remedy, and nothing is left."""
    other = DownloadType.NZB if kind.torrents else DownloadType.TORRENT
    before = {item.id for item in rig.client.poll()}
    for payload in (
        Payload(other, "x", data=b"<nzb/>", info_hash_v1=None if kind.torrents else "cd" * 20),
        Payload(kind.protocol, "x", data=b"d4:infod4:name1:aee", info_hash_v1="ab" * 20 if kind.torrents else None),
    ):
        with pytest.raises(InvalidInput) as caught:
            rig.client.add(payload, options(tag="auralarchive-test-1"))
        assert caught.value.remedy
    assert {item.id for item in rig.client.poll()} == before


# --- torrents of both versions ----------------------------------------------------------------------


@hybrids_only
def test_a_hybrid_is_known_by_all_its_hashes(rig: Rig, source: TorrentSource) -> None:
    """Clients differ in which hash they show; looking up by any of them finds the item."""
    book = source.hybrid(200_000, 100_000)
    torrent = torrent_of(book)
    added = add_book(rig, book)
    followed(rig, source, book, added.id, ready)
    for known in (torrent.info_hash, torrent.info_hash_v2, torrent.info_hash_v2[:40]):
        found = rig.client.find(frozenset({known}))
        assert found is not None
        assert found.id == added.id


@hybrids_only
def test_a_hybrid_by_its_short_magnet_stays_known(rig: Rig, source: TorrentSource) -> None:
    """The link names only the v1 hash; with the metadata comes a second one, and a client may change its id."""
    book = source.hybrid(120_000, 80_000)
    info_hash = torrent_of(book).info_hash
    added = rig.client.add(Payloads().magnet(f"magnet:?xt=urn:btih:{info_hash}"), options(tag=book.tag))

    def complete() -> bool:
        try:
            found = rig.client.find(frozenset({info_hash}))
        except Unreachable:
            # Now and then qBittorrent 5 itself dies of such metadata. Started again, it goes on, and so do we.
            assert rig.revive()
            return False
        assert found is not None
        source.push(book)
        return ready(found)

    assert wait_for(complete, every=0.5)
    assert len(rig.client.files(added.id)) == 2
    rig.client.remove(added.id, with_data=True)
    assert rig.client.find(frozenset({info_hash})) is None


# --- steering ---------------------------------------------------------------------------------------


def test_pause_and_resume(rig: Rig, source: Source) -> None:
    """A paused item stays where it is, from the start or from the middle, and goes on to the end when told to."""
    book = source.book(*PARTS, limit=400_000)
    added = add_book(rig, book, paused=True)
    assert in_state(rig, added.id, ItemState.PAUSED).paused
    rig.client.resume(added.id)
    followed(rig, source, book, added.id, lambda item: 0 < item.progress < 1)
    rig.client.pause(added.id)
    assert in_state(rig, added.id, ItemState.PAUSED).progress < 1
    source.release(book)
    rig.client.resume(added.id)
    item = followed(rig, source, book, added.id, ready)
    assert contents(Path(rig.client.local_path(item))) == book.contents


def test_abilities_are_what_the_client_can(rig: Rig, kind: Kind) -> None:
    """The pages offer what it can and nothing else."""
    rig.client.test()  # some can do more since a version, which has to be asked for
    assert rig.client.abilities == kind.abilities
    assert rig.client.protocols == {kind.protocol}
    assert rig.client.seeds == kind.torrents


@able_to(Ability.ITEM_LIMITS)
def test_an_item_keeps_to_its_limit(rig: Rig, source: Source) -> None:
    """Set with the add, shown by the poll, changed, and taken off. Clients count in steps of 1,000 or 1,024 bytes."""
    book = source.book(*PARTS)
    added = add_book(rig, book, paused=True, download_limit=256_000, upload_limit=128_000)
    assert in_state(rig, added.id, ItemState.PAUSED).limits == SpeedLimits(256_000, 128_000)
    rig.client.resume(added.id)
    assert followed(rig, source, book, added.id, lambda item: item.progress > 0).progress < 1
    rig.client.set_limits(added.id, 512_000, None)
    wait_for(lambda: item_of(rig, added.id).limits == SpeedLimits(512_000, None))
    rig.client.set_limits(added.id, None, None)
    wait_for(lambda: item_of(rig, added.id).limits == SpeedLimits())
    followed(rig, source, book, added.id, ready)


@remote_only
@able_to(Ability.ITEM_LIMITS)
def test_a_limit_changed_by_hand_shows(rig: RemoteRig, source: Source) -> None:
    """So that it can be put back: the desired limit is ours."""
    added = add_book(rig, source.book(50_000), paused=True, download_limit=256_000)
    in_state(rig, added.id, ItemState.PAUSED)
    rig.hand.limit(added.id, 128_000)
    wait_for(lambda: (limits := item_of(rig, added.id).limits) is not None and limits.download == 128_000)


@unable_to(Ability.ITEM_LIMITS)
def test_a_limit_that_it_cannot_keep_is_accepted(rig: Rig, source: Source) -> None:
    """It changes nothing, and the poll does not claim one."""
    book = source.book(50_000)
    added = add_book(rig, book, download_limit=1)
    rig.client.set_limits(added.id, 1, 1)
    assert followed(rig, source, book, added.id, ready).limits is None


@able_to(Ability.GLOBAL_LIMITS)
def test_the_general_limit_is_set_and_read(rig: Rig) -> None:
    """And taken off again: None is no limit, whatever number or switch the client has for that."""
    assert rig.client.global_limits() == SpeedLimits()
    rig.client.set_global_limits(SpeedLimits(download=1_024_000))
    assert rig.client.global_limits().download == 1_024_000
    rig.client.set_global_limits(SpeedLimits())
    assert rig.client.global_limits() == SpeedLimits()


@remote_only
@able_to(Ability.GLOBAL_LIMITS)
def test_a_general_limit_changed_by_hand_shows(rig: RemoteRig) -> None:
    """As above, for all items together."""
    rig.hand.limit_all(2_048_000)
    wait_for(lambda: rig.client.global_limits().download == 2_048_000)
    rig.client.set_global_limits(SpeedLimits())
    assert rig.client.global_limits().download is None


@able_to(Ability.SEQUENTIAL)
def test_sequential_order(rig: Rig, source: Source) -> None:
    """With sequential order the beginning of the book is there before its end."""
    book = source.book(600_000, 600_000, 600_000, limit=200_000)
    added = add_book(rig, book, sequential=True)
    followed(rig, source, book, added.id, lambda item: item.progress > 0.3)
    shares = [file.progress for file in sorted(rig.client.files(added.id), key=lambda file: file.path)]
    assert shares[0] > shares[2]
    source.release(book)
    followed(rig, source, book, added.id, ready)


@pytest.mark.parametrize("priority", [5, -5, 0])
def test_goal_and_priority_are_taken(rig: Rig, source: Source, priority: int) -> None:
    """Each client wants them in another form, or has no such thing; neither disturbs the item."""
    # Slow, for SABnzbd wakes a paused job until our next call.
    added = add_book(rig, source.book(50_000, limit=25_000), paused=True, priority=priority)
    rig.client.set_seed_goal(added.id, SeedGoal(1.5, 3600))
    rig.client.set_priority(added.id, priority)
    assert in_state(rig, added.id, ItemState.PAUSED)


# --- removing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_data", [True, False])
def test_remove(rig: Rig, source: Source, with_data: bool) -> None:
    """The item goes, its data only when asked for; removing what is gone is no error."""
    book = source.book(60_000)
    added = add_book(rig, book)
    content = Path(rig.client.local_path(followed(rig, source, book, added.id, ready)))
    rig.client.remove(added.id, with_data=with_data)
    assert rig.client.find(frozenset({added.id}) | book.payload.hashes) is None
    assert polled(rig, added.id) is None
    wait_for(lambda: content.exists() != with_data)
    if not with_data:
        assert contents(content) == book.contents
    rig.client.remove(added.id, with_data=with_data)


def test_remove_in_the_middle_leaves_nothing(rig: Rig, source: Source) -> None:
    """A cancelled download leaves neither its item nor a part of a file."""
    before = _files(rig)
    book = source.book(*PARTS, limit=400_000)
    added = add_book(rig, book)
    followed(rig, source, book, added.id, lambda item: 0 < item.progress < 1)
    rig.client.remove(added.id, with_data=True)
    assert rig.client.find(frozenset({added.id}) | book.payload.hashes) is None
    source.release(book)
    wait_for(lambda: _files(rig) <= before)


def _files(rig: Rig) -> set[Path]:
    return {path for folder in rig.folders for path in folder.rglob("*") if not path.is_dir()}


# --- the client's own days --------------------------------------------------------------------------


def test_a_restart_in_the_middle_loses_nothing(rig: Rig, source: Source) -> None:
    """Progress, tag and pause survive, and it goes on to the end."""
    waiting = source.book(50_000)
    paused = add_book(rig, waiting, paused=True)
    book = source.book(*PARTS, limit=500_000)
    added = add_book(rig, book)
    before = followed(rig, source, book, added.id, lambda item: 0.3 < item.progress < 1)
    rig.restart()
    after = in_state(rig, added.id, ItemState.WAITING, ItemState.STALLED)
    assert after.progress >= before.progress - 0.2
    assert book.tag in after.tags
    assert in_state(rig, paused.id, ItemState.PAUSED)
    source.release(book)
    item = followed(rig, source, book, added.id, ready)
    assert contents(Path(rig.client.local_path(item))) == book.contents


# --- ids --------------------------------------------------------------------------------------------


def test_an_empty_id_is_refused_before_anything_is_sent(rig: Rig) -> None:
    """To some clients no id means every item."""
    for action in ACTIONS:
        with pytest.raises(ValueError, match="id"):
            action(rig.client, "")
    with pytest.raises(ValueError, match=r"hash|id|key"):
        rig.client.find(frozenset())


@pytest.mark.parametrize("item_id", ["all", "*", " ", "-1", "0", "a,b", "../x", "1|2"])
def test_an_id_that_is_none_of_ours_touches_nothing(rig: Rig, source: Source, item_id: str) -> None:
    """Whatever an id of nonsense may mean to a client: everybody's items are as before."""
    added = add_book(rig, source.book(50_000), paused=True)
    before = in_state(rig, added.id, ItemState.PAUSED)
    for action in ACTIONS:
        try:
            action(rig.client, item_id)
        except ValueError:
            continue
    after = item_of(rig, added.id)
    assert (after.state, after.paused, after.limits, after.tags) == (
        before.state,
        before.paused,
        before.limits,
        before.tags,
    )


def test_an_item_that_is_gone_is_no_error(rig: Rig, kind: Kind) -> None:
    """Somebody removed it by hand between two polls: nothing is left to do."""
    nobody = NOBODY[kind.protocol]
    for action in ACTIONS:
        action(rig.client, nobody)
    assert rig.client.files(nobody) == ()
    assert rig.client.find(frozenset({nobody})) is None


# --- other people's hands ---------------------------------------------------------------------------


@remote_only
def test_foreign_items_are_neither_shown_nor_touched(rig: RemoteRig, source: Source) -> None:
    """What is nobody's business of ours is as it was after all that we do to our own items."""
    foreign = rig.hand.add(source.book(50_000))
    before = rig.hand.look(foreign)
    assert before is not None
    book = source.book(50_000)
    added = add_book(rig, book, paused=True)
    for action in ACTIONS:
        assert foreign not in {item.id for item in rig.client.poll(frozenset({added.id}))}
        action(rig.client, added.id)
    assert rig.hand.look(foreign) == before


@remote_only
def test_an_item_removed_by_hand_is_gone(rig: RemoteRig, source: Source) -> None:
    """It is missing from a healthy list, or the client's own record says so: what that means is not for it to say."""
    added = add_book(rig, source.book(50_000), paused=True)
    in_state(rig, added.id, ItemState.PAUSED)
    rig.hand.remove(added.id)

    def gone() -> bool:
        item = polled(rig, added.id)
        return item is None or item.state is ItemState.REMOVED

    wait_for(gone)


@remote_only
def test_a_category_changed_by_hand_loses_nothing(rig: RemoteRig, source: Source) -> None:
    """The item goes on to be followed to its end, and is known at the next add."""
    book = source.book(60_000)
    added = add_book(rig, book, paused=True)
    in_state(rig, added.id, ItemState.PAUSED)
    rig.hand.recategorise(added.id)
    rig.client.resume(added.id)
    item = followed(rig, source, book, added.id, ready)
    assert contents(Path(rig.client.local_path(item))) == book.contents
    found = rig.client.find(book.payload.hashes)
    assert found is not None
    assert found.id == added.id


@remote_only
def test_a_pause_by_hand_shows(rig: RemoteRig, source: Source) -> None:
    """So that nobody takes it for a stall."""
    book = source.book(*PARTS, limit=200_000)
    added = add_book(rig, book)
    followed(rig, source, book, added.id, lambda item: item.state is not ItemState.BUSY)
    rig.hand.pause(added.id)
    assert in_state(rig, added.id, ItemState.PAUSED).paused
    rig.client.remove(added.id, with_data=True)
    source.release(book)


# --- the connection ---------------------------------------------------------------------------------


@remote_only
def test_a_wrong_password_is_tried_once(rig: RemoteRig) -> None:
    """Some clients ban an address that goes on trying; until somebody changes the settings it is left alone."""
    with Relay(rig.port) as relay:
        client = rig.connected(**{**rig.wrong_secret, "port": relay.port})
        spent = []
        for _ in range(3):
            with pytest.raises(AuthRefused) as caught:
                client.poll()
            assert caught.value.remedy
            spent.append(relay.sent)
        client.close()
    assert spent[0] > 0
    assert spent == [spent[0]] * 3
    rig.client.poll()


@remote_only
def test_nobody_there_is_unreachable(rig: RemoteRig, source: Source) -> None:
    """A refused connection is said with address and remedy, at once."""
    client = rig.connected(port=free_port())
    book = source.book(1_000)
    for attempt in (client.poll, client.test, lambda: client.add(book.payload, options(tag=book.tag))):
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1") as caught:
            attempt()
        assert caught.value.remedy
    client.close()


# --- paths and report -------------------------------------------------------------------------------


@remote_only
def test_path_mapping_leads_to_the_files(rig: RemoteRig, source: Source, tmp_path: Path) -> None:
    """A client that names its folder otherwise than we: mapped it works, wrongly mapped it is explained."""
    book = source.book(30_000, 30_000)
    added = add_book(rig, book)
    item = followed(rig, source, book, added.id, ready)
    remote = str(rig.save_path)
    (tmp_path / "here").symlink_to(remote)
    mapped = rig.connected(path_mappings=[{"remote": remote, "local": str(tmp_path / "here")}])
    local = mapped.local_path(item)
    assert local.startswith(str(tmp_path / "here"))
    assert contents(Path(local)) == book.contents
    wrong = rig.connected(path_mappings=[{"remote": remote, "local": str(tmp_path / "nowhere")}])
    with pytest.raises(Misconfigured, match="does not exist here"):
        wrong.local_path(item)
    assert not all(finding.ok for finding in wrong.test().findings)
    mapped.close()
    wrong.close()


def test_the_report_names_a_version(rig: Rig) -> None:
    """`test` answers with what is there, and each finding that is not well has a remedy."""
    report = rig.client.test()
    assert any(character.isdigit() for character in report.version)
    assert all(finding.ok or finding.remedy for finding in report.findings)
    assert [finding for finding in report.findings if not finding.ok] == []


@remote_only
def test_downloads_inside_the_library_are_reported(rig: RemoteRig) -> None:
    """Imported books would be downloads again, or be deleted with them."""
    client = rig.connected(ClientContext(Path("/nonexistent"), (rig.save_path.parent,)))
    wrong = [finding for finding in client.test().findings if not finding.ok]
    client.close()
    assert any(str(rig.save_path.parent) in finding.message for finding in wrong)
    assert all(finding.remedy for finding in wrong)


@remote_only
def test_whether_books_are_linked_is_told_of_what_seeds(rig: RemoteRig, kind: Kind) -> None:
    """Of the folder as we see it, by whoever knows the library; what never seeds is moved out anyway."""

    def linked(folder: Path) -> Finding:
        return Finding(True, "Download folder", f"From {folder} they are linked.")

    client = rig.connected(ClientContext(Path("/nonexistent"), link_finding=linked))
    findings = client.test().findings
    client.close()
    assert (linked(rig.save_path) in findings) == kind.torrents

"""What stands in the way of a file, and how an item looks from outside: all without a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.clients.direct_fetch import part_of
from auralarchive.clients.direct_items import (
    DISK_WAIT,
    FIRST_WAIT,
    LONGEST_WAIT,
    QUIET,
    STATES,
    Item,
    Transfer,
    as_item,
    content_of,
    host_of,
    listed_files,
)
from auralarchive.clients.direct_state import Record
from auralarchive.domain.client_item import ItemState
from auralarchive.domain.manifest import Manifest, ManifestFile
from auralarchive.domain.speed import SpeedLimits
from auralarchive.ports.work import CancelToken

URLS = ("https://archive.org/1.mp3", "https://mirror.example.org/1.mp3")


def transfer(*urls: str) -> Transfer:
    return Transfer(ManifestFile("1.mp3", urls or URLS, size=1_000), Path("/d/1.mp3"))


def an_item(folder: Path, *files: ManifestFile, **changes: object) -> Item:
    manifest = Manifest("Emma: a novel", files or (ManifestFile("1.mp3", URLS, size=1_000),))
    record = Record("ab", "Emma", ("cd",), "auralarchive-main-1", str(folder / "ab"))
    record = replace(record, **changes)  # type: ignore[arg-type] # names of its fields
    item = Item(record, manifest, content_of(record, manifest))
    item.look()
    return item


# --- one file -------------------------------------------------------------------------------------


def test_a_link_that_says_no_leaves_the_others() -> None:
    """The last one's no is final."""
    one = transfer()
    assert one.refused()
    assert one.url == URLS[1]
    assert not one.refused()


def test_a_mirror_is_tried_at_once_and_then_there_is_a_growing_while() -> None:
    """Only after all have failed; the first time is nobody's business."""
    one = transfer()
    one.later("down", None, now=100)
    assert (one.url, one.due, one.trouble) == (URLS[1], 0, None)
    one.later("down", None, now=100)
    assert (one.url, one.due, one.trouble) == (URLS[0], 100 + FIRST_WAIT, None)
    dues = []
    for _ in range(9):
        one.later("down", None, now=0)
        one.later("down as well", None, now=0)
        dues.append(one.due)
    assert dues[:3] == [FIRST_WAIT * 2, FIRST_WAIT * 4, FIRST_WAIT * 8]
    assert dues[-1] == LONGEST_WAIT
    assert one.trouble == "down as well"


def test_the_wait_that_a_server_asks_for_is_kept() -> None:
    """A long one is told at once; one of no time at all is still a pause."""
    one = transfer(URLS[0])
    one.later("busy", 1_800, now=100)
    assert (one.due, one.trouble) == (1_900, "busy")
    one = transfer(URLS[0])
    one.later("busy", 0, now=100)
    assert (one.due, one.trouble) == (100 + FIRST_WAIT, None)


def test_more_bytes_than_ever_mean_that_all_is_well_again() -> None:
    one = transfer(URLS[0])
    for _ in range(3):
        one.later("down", None, now=100)
    assert one.failing_for(150) == 50
    assert one.moved(10)
    assert (one.trouble, one.rounds, one.failing_for(150)) == (None, 0, 0)


def test_a_server_that_begins_anew_each_time_gets_nowhere() -> None:
    """The same bytes again are no progress: the waits grow, and in the end it is given up."""
    one = transfer(URLS[0])
    assert one.moved(500)
    one.later("broke off", None, now=100)
    one.have = 0
    assert not one.moved(500)
    one.later("broke off", None, now=200)
    assert (one.rounds, one.trouble, one.failing_for(300)) == (2, "broke off", 200)


def test_wrong_bytes_are_worth_one_more_try() -> None:
    """From the next link, where there is one."""
    one = transfer()
    assert one.spoilt()
    assert one.url == URLS[1]
    assert not one.spoilt()
    alone = transfer(URLS[0])
    assert alone.spoilt()
    assert alone.url == URLS[0]


def test_a_disk_that_is_full_is_no_fault_of_the_link() -> None:
    one = transfer()
    one.blocked("the disk is full", now=100)
    assert (one.url, one.due, one.trouble, one.rounds) == (URLS[0], 100 + DISK_WAIT, "the disk is full", 0)


def test_a_person_lets_it_begin_again() -> None:
    one = transfer()
    one.refused()
    one.refused()
    one.spoilt()
    one.later("down", 999, now=100)
    one.begin_again()
    assert one == transfer()


@pytest.mark.parametrize("url", ["https://Archive.org/a", "https://archive.org/b?c=http://x.org"])
def test_the_host_of_a_link(url: str) -> None:
    assert host_of(url) == "archive.org"


# --- on the disk ----------------------------------------------------------------------------------


def test_what_is_there_is_found_on_the_disk(tmp_path: Path) -> None:
    """A file with its name is done, where its size is right; a part has what it has; a link is nothing."""
    files = [ManifestFile(f"{number}.mp3", URLS, size=10) for number in range(5)]
    item = an_item(tmp_path, *files, ManifestFile("5.mp3", URLS))
    item.content.mkdir(parents=True)
    for name, size in (("0.mp3", 10), ("1.mp3", 9), ("2.mp3.part", 4), ("5.mp3", 7)):
        (item.content / name).write_bytes(b"x" * size)
    (item.content / "3.mp3").symlink_to(item.content / "0.mp3")
    item.look()
    assert [(each.file.path, each.have) for each in item.pending] == [
        ("1.mp3", 0), ("2.mp3", 4), ("3.mp3", 0), ("4.mp3", 0),
    ]  # fmt: skip
    assert (item.done, item.have, item.missing) == (17, 21, 36)
    listed = {file.path.removeprefix("Emma - a novel/"): (file.size, file.progress) for file in listed_files(item)}
    assert listed["0.mp3"] == (10, 1.0)
    assert listed["2.mp3"] == (10, 0.4)
    assert listed["5.mp3"] == (7, 1.0)


def test_the_books_folder_is_named_by_the_sanitiser(tmp_path: Path) -> None:
    item = an_item(tmp_path)
    assert item.content == tmp_path / "ab" / "Emma - a novel"
    assert part_of(item.content / "1.mp3").name == "1.mp3.part"


# --- from outside ---------------------------------------------------------------------------------


def in_trouble(item: Item) -> None:
    item.pending[0].trouble = "1.mp3: archive.org answers 503"
    item.grown_at -= QUIET


def loading(item: Item) -> None:
    item.pending[0].active = CancelToken()


def complete(item: Item) -> None:
    item.pending.clear()


def held(item: Item) -> None:
    item.held = "gone"


@pytest.mark.parametrize(
    ("changes", "prepare", "raw", "state", "message"),
    [
        ({}, None, "waiting", ItemState.WAITING, None),
        ({}, loading, "downloading", ItemState.WAITING, None),
        ({}, in_trouble, "in trouble", ItemState.WARNING, "1.mp3: archive.org answers 503"),
        ({"paused": True}, None, "paused", ItemState.PAUSED, None),
        ({"paused": True}, in_trouble, "paused", ItemState.PAUSED, None),
        ({"complete": True}, complete, "complete", ItemState.READY, None),
        ({"complete": True, "paused": True}, complete, "complete", ItemState.READY, None),
        ({"complete": True}, held, "held", ItemState.WARNING, "gone"),
        ({"failed": "no"}, None, "failed", ItemState.FAILED, "no"),
        ({"failed": "no", "paused": True}, in_trouble, "failed", ItemState.FAILED, "no"),
    ],
)
def test_every_state(
    tmp_path: Path, changes: dict[str, object], prepare: object, raw: str, state: ItemState, message: str | None
) -> None:
    item = an_item(tmp_path, **changes)
    if callable(prepare):
        prepare(item)
    shown = as_item(item)
    assert (shown.raw_state, shown.state, shown.message) == (raw, state, message)


def test_the_table_of_states_is_whole() -> None:
    """Each is shown by a test above, and none completes or fails that must not."""
    assert set(STATES) == {"waiting", "downloading", "in trouble", "held", "paused", "complete", "failed"}
    assert [raw for raw, state in STATES.items() if state is ItemState.READY] == ["complete"]
    assert [raw for raw, state in STATES.items() if state is ItemState.FAILED] == ["failed"]


def test_trouble_waits_until_nothing_has_come_for_a_while(tmp_path: Path) -> None:
    """One file may wait while the others of the book get on well."""
    item = an_item(tmp_path)
    item.pending[0].trouble = "down"
    assert as_item(item).raw_state == "waiting"


def test_figures_where_all_is_known(tmp_path: Path) -> None:
    item = an_item(tmp_path, download_limit=77)
    item.pending[0].moved(250)
    item.meter.count(250)
    shown = as_item(item)
    assert shown.id == "ab"
    assert shown.hashes == {"cd"}
    assert shown.tags == {"auralarchive-main-1"}
    assert (shown.size, shown.downloaded, shown.progress) == (1_000, 250, 0.25)
    assert shown.download_speed == 250
    assert shown.eta == 3
    assert (shown.limits, shown.uploaded) == (SpeedLimits(77), None)
    assert (shown.content_path, shown.save_path) == (str(item.content), str(tmp_path / "ab"))


def test_figures_where_a_size_is_not_known(tmp_path: Path) -> None:
    """Files are counted instead of bytes; what is complete has the size that came."""
    item = an_item(tmp_path, ManifestFile("1.mp3", URLS), ManifestFile("2.mp3", URLS))
    item.pending[0].moved(250)
    shown = as_item(item)
    assert (shown.size, shown.progress, shown.eta) == (None, 0.0, None)
    item.pending.pop(0)
    item.done = 300
    assert as_item(item).progress == 0.5
    item.pending.clear()
    item.record = replace(item.record, complete=True)
    shown = as_item(item)
    assert (shown.size, shown.progress) == (300, 1.0)


def test_an_item_that_stands_still_has_no_speed(tmp_path: Path) -> None:
    item = an_item(tmp_path, paused=True)
    item.meter.count(10**6)
    assert as_item(item).download_speed == 0

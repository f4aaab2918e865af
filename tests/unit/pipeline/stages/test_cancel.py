"""What is cancelled leaves the client, and only what is ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.status import DownloadStatus, Removal
from auralarchive.pipeline.stages import cancel
from auralarchive.pipeline.tools import Job
from auralarchive.pipeline.work import JobKind
from auralarchive.ports.clients import AddOptions
from auralarchive.ports.errors import Unreachable
from auralarchive.ports.work import CancelToken
from tests.support.scripted import Bench, ScriptedClient, a_torrent

S = DownloadStatus


def test_the_item_goes_with_its_data(bench: Bench) -> None:
    download = bench.at(S.DOWNLOADING)
    bench.commands.cancel(download.id)
    bench.work()
    assert bench.client.items == {}
    assert bench.row(download.id).removal is Removal.DONE


def test_what_was_there_before_us_stays(bench: Bench) -> None:
    bench.client.add(a_torrent(), AddOptions("somebody"))
    download = bench.at(S.DOWNLOADING)
    assert download.adopted
    bench.commands.cancel(download.id)
    bench.work()
    assert len(bench.client.items) == 1
    assert bench.row(download.id).removal is Removal.DONE


def test_an_item_that_lost_our_tag_stays(bench: Bench) -> None:
    """Somebody took it over in the client: it is theirs now."""
    download = bench.at(S.DOWNLOADING)
    bench.client.change(download.download_client_id or "", tags=frozenset())
    bench.commands.cancel(download.id)
    bench.work()
    assert len(bench.client.items) == 1


def test_in_the_midst_of_a_grab_any_client_may_have_it(bench: Bench, tmp_path: Path) -> None:
    """Cancelled before it was known which client got it: each that could is asked."""
    second = ScriptedClient(tmp_path / "second", "Second")
    bench.clients.clients.append(second)
    download = bench.manual()
    second.add(a_torrent(), AddOptions(bench.tools.tag(download.id)))
    bench.commands.cancel(download.id)
    bench.work()
    assert second.items == {}


def test_what_earlier_releases_left_goes_too(bench: Bench) -> None:
    download = bench.at(S.DOWNLOADING)
    bench.client.add(a_torrent(2), AddOptions(bench.tools.tag(download.id)))
    bench.commands.cancel(download.id)
    bench.work()
    assert bench.client.items == {}


def test_an_item_without_hashes_goes_by_its_id(bench: Bench) -> None:
    download = replace(bench.at(S.DOWNLOADING), info_hash_v1=None)
    bench.client.change(download.download_client_id or "", tags=frozenset())
    assert cancel.run(Job(download, "token", CancelToken()), bench.tools) == e.CleanedUp()
    assert bench.client.items == {}


def test_an_id_that_has_become_another_downloads_removes_nothing(bench: Bench) -> None:
    """NZBGet's numbers begin anew once somebody has emptied its folders."""
    download = replace(bench.at(S.DOWNLOADING), info_hash_v1=None)
    bench.client.change(download.download_client_id or "", tags=frozenset({bench.tools.tag(download.id + 1)}))
    assert cancel.run(Job(download, "token", CancelToken()), bench.tools) == e.CleanedUp()
    assert len(bench.client.items) == 1


def test_a_client_that_is_away_is_waited_for(bench: Bench) -> None:
    """There is no failing to clean up: it is tried again until it is done."""
    download = bench.at(S.DOWNLOADING)
    bench.commands.cancel(download.id)
    bench.client.faults["remove"] = Unreachable("Nobody answers.")
    assert bench.work() == 1
    assert bench.row(download.id).removal is Removal.WANTED
    bench.client.faults.clear()
    assert bench.work() == 0
    bench.held.forward(61)
    assert bench.work() == 1
    assert bench.client.items == {}


@pytest.mark.parametrize("configured", [True, False])
def test_a_client_that_is_no_longer_configured_holds_up_nothing(bench: Bench, configured: bool) -> None:
    download = bench.at(S.DOWNLOADING)
    if not configured:
        bench.clients.clients.clear()
    bench.commands.cancel(download.id)
    bench.work(JobKind.CLEANUP)
    assert bench.row(download.id).removal is Removal.DONE
    assert len(bench.client.items) == (0 if configured else 1)

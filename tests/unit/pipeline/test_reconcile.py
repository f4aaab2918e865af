"""Database, clients and disk against one another: ours is mended, what is not ours is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.status import DownloadStatus, Removal
from auralarchive.pipeline.reconcile import Reconciler
from auralarchive.pipeline.work import JobKind
from auralarchive.ports.clients import AddOptions
from auralarchive.ports.errors import Unreachable
from tests.support.scripted import Bench, ScriptedClient, a_torrent

S = DownloadStatus


@pytest.fixture
def reconciler(bench: Bench) -> Reconciler:
    return Reconciler(bench.tools, bench.workshop)


def test_what_is_in_order_stays_as_it_is(bench: Bench, reconciler: Reconciler) -> None:
    rows = [bench.at(S.IMPORTED, 3), bench.at(S.CONVERTED, 2), bench.at(S.DOWNLOADING, 1)]
    assert reconciler.run() == ()
    assert [bench.row(row.id) for row in rows] == rows
    assert Path(rows[1].converted_file_path or "").is_file()
    assert len(bench.client.items) == 3


def test_a_stray_of_a_cancelled_download_goes(bench: Bench, reconciler: Reconciler) -> None:
    """Its add came through after the clean-up, and the process died before it could tell."""
    download = bench.manual()
    bench.commands.cancel(download.id)
    bench.work()
    bench.client.add(a_torrent(), AddOptions(bench.tools.tag(download.id)))
    assert reconciler.run() == ()
    assert bench.row(download.id).removal is Removal.WANTED
    reconciler.run()
    bench.work()
    assert bench.client.items == {}


@pytest.mark.parametrize("number", ["4711", "9" * 40, "٣"])
def test_an_orphan_is_shown_and_never_removed(bench: Bench, reconciler: Reconciler, number: str) -> None:
    """An item with our tag that no download knows: an older database, or another's. Odd numbers hurt nobody."""
    bench.client.items["x"] = ClientItem(
        "x", "Lost", ItemState.READY, tags=frozenset({f"auralarchive-test-{number}", "other"})
    )
    findings = reconciler.run()
    assert list(bench.client.items) == ["x"]
    if number == "4711":
        (finding,) = findings
        assert (finding.ok, finding.subject) == (False, "Scripted")
        assert "Lost" in finding.message
        assert finding.remedy
    else:
        assert findings == ()


def test_an_item_that_another_client_stood_in_for_is_shown(bench: Bench, reconciler: Reconciler) -> None:
    """A lost answer left it there. It is not removed: two entries of the settings may be one and the same server."""
    download = bench.at(S.DOWNLOADING)
    second = ScriptedClient(bench.folder / "second", "Second")
    second.add(a_torrent(), AddOptions(bench.tools.tag(download.id)))
    bench.clients.clients.append(second)
    (finding,) = reconciler.run()
    assert (finding.ok, finding.subject) == (False, "Second")
    assert "followed in Scripted" in finding.message
    assert second.items


def test_items_of_other_instances_are_none_of_ours(bench: Bench, reconciler: Reconciler) -> None:
    tags = frozenset({"auralarchive-tester-1", "auralarchive-test2-1", "auralarchive-test-"})
    bench.client.items["x"] = ClientItem("x", "Theirs", ItemState.READY, tags=tags)
    assert reconciler.run() == ()


@pytest.mark.parametrize("error", [Unreachable("Nobody answers."), KeyError("bug")])
def test_a_client_that_fails_does_not_keep_the_others_from_it(
    bench: Bench, reconciler: Reconciler, tmp_path: Path, error: Exception
) -> None:
    bench.client.faults["poll"] = error
    second = ScriptedClient(tmp_path / "second", "Second")
    second.add(a_torrent(), AddOptions("auralarchive-test-99"))
    bench.clients.clients.append(second)
    assert [finding.subject for finding in reconciler.run()] == ["Second"]


def test_a_client_in_trouble_is_left_alone(bench: Bench, reconciler: Reconciler) -> None:
    bench.health.note("Scripted", "The password is wrong.")
    reconciler.run()
    assert bench.client.calls["poll"] == 0


def test_work_folders_go_when_nobody_needs_them(bench: Bench, reconciler: Reconciler) -> None:
    """Of a living claim, a finished conversion and what is not ours at all: they stay."""
    needed, converting = bench.at(S.CONVERTED, 1), bench.at(S.COMPLETE, 2)
    claim = bench.claim(converting.id)
    cancelled = bench.manual(3)
    bench.commands.cancel(cancelled.id)
    work = bench.folder / "work"
    living = work / f"{converting.id}-{claim.token}"
    foreign = work / "my own notes"
    swept = [work / f"{number}-{'ab' * 8}" for number in (cancelled.id, 99)]
    for folder in (living, foreign, *swept):
        folder.mkdir()
    reconciler.run()
    assert Path(needed.converted_file_path or "").parent.is_dir()
    assert (living.is_dir(), foreign.is_dir()) == (True, True)
    assert [folder.exists() for folder in swept] == [False, False]


def test_staging_is_swept_when_nobody_imports(bench: Bench, reconciler: Reconciler) -> None:
    """While an import is waiting, or its taking back, what is staged tells what was published."""
    staging = bench.library.root / ".auralarchive" / "0123456789abcdef"
    staging.mkdir(parents=True)
    download = bench.at(S.CONVERTED)
    reconciler.run()
    assert staging.is_dir()
    bench.commands.cancel(download.id)
    reconciler.run()
    assert staging.is_dir()
    bench.work(JobKind.CLEANUP)
    reconciler.run()
    assert not staging.exists()


def test_a_library_that_is_not_mounted_hinders_nothing(bench: Bench, reconciler: Reconciler) -> None:
    bench.library.root.rmdir()
    assert reconciler.run() == ()


def test_a_claim_that_ran_out_needs_no_help(bench: Bench, reconciler: Reconciler) -> None:
    job = bench.claim(bench.automatic().id)
    bench.held.forward(61)
    reconciler.run()
    assert bench.row(job.download.id).acquisition is S.SEARCHING
    assert bench.work() == 1

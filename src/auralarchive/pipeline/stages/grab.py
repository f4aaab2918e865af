"""FOUND: fetch the release once, keep its bytes, and hand them to a download client.

Two steps, each its own claim: first the bytes become ours and their info-hashes are recorded, so
that the database can refuse a torrent that is already active; then a client gets them. A crash
between any two of these leads back here: kept bytes are not fetched again, and adding again adopts
what is already there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from auralarchive.domain import events as e
from auralarchive.domain.choice import Candidate, Chosen, NoClient, Wait, Why, choose
from auralarchive.domain.download import Download
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.seeding import SeedGoal
from auralarchive.failpoints import failpoint
from auralarchive.pipeline.tools import Job, Tools
from auralarchive.ports.clients import Added, AddOptions, DownloadClient, Payload
from auralarchive.ports.errors import AuthRefused, Misconfigured, PermanentError, Unreachable
from auralarchive.ports.store import Conflict


def run(job: Job, tools: Tools) -> e.Event:
    """`PayloadStored` when the bytes are new, else `SentToClient`.

    Raises `ports.errors.AuralError` for whatever went wrong.
    """
    # Kept bytes are those of the release at hand: the choice of another one lets go of them.
    payload = tools.store.payloads.get(job.download.id) or _fetch(job, tools)
    if not job.download.fetched:
        return e.PayloadStored(payload.download_type, payload.info_hash_v1, payload.info_hash_v2, payload.size)
    return _send(job, payload, tools)


def _fetch(job: Job, tools: Tools) -> Payload:
    download = job.download
    if not download.download_url:
        raise PermanentError("The uploaded file is no longer there.", "Upload it again.", kind=FailureKind.SOURCE_LOST)
    _check_link(download, tools)
    failpoint("grab.before_fetch")
    payload = tools.fetcher.fetch(download.download_url, indexer=download.indexer, cancel=job.cancel)
    failpoint("grab.after_fetch")
    tools.store.payloads.save(download.id, payload, token=job.token)
    failpoint("grab.payload_saved")
    return payload


def _check_link(download: Download, tools: Tools) -> None:
    """Raises `Conflict` where another download has the very same release: nobody is asked for it twice.

    Of two that come here at once the first goes on, or neither would.
    """
    other = tools.store.downloads.active_link(download.download_url or "", but_not=download.id)
    if other is not None and (other.fetched or other.id < download.id):
        raise duplicate(Conflict(other.id, "link"))


def _send(job: Job, payload: Payload, tools: Tools) -> e.Event:
    download = job.download
    client, why = choose_client(download, tools)
    options = AddOptions(
        tag=tools.tag(download.id),
        sequential=download.sequential,
        download_limit=download.download_limit,
        upload_limit=download.upload_limit,
        seed_goal=download.seed_goal,
        priority=download.priority,
    )
    job.cancel.check()
    try:
        with _trouble_noted(client, tools):
            added = _added(client, payload, options)
    except Unreachable:
        if isinstance(choose(download, candidates(tools)), Chosen):
            return e.Released()  # somebody else takes it: claimed again, it goes there
        raise
    failpoint("grab.after_add")
    return e.SentToClient(client.name, added.id, added.adopted, why)


def _added(client: DownloadClient, payload: Payload, options: AddOptions) -> Added:
    _make_room(payload, options.tag, client)
    failpoint("grab.before_add")
    added = client.add(payload, options)
    if not added.adopted and options.seed_goal != SeedGoal():
        # One that was left there by an earlier download of ours still has the goal of that one.
        client.set_seed_goal(added.id, options.seed_goal)
    return added


@contextmanager
def _trouble_noted(client: DownloadClient, tools: Tools) -> Iterator[None]:
    """Whoever refuses our password, or does not answer, is in trouble at once, not only from the monitor's next poll
    on: until then the download would be tried there again and again."""
    try:
        yield
    except (AuthRefused, Unreachable) as error:
        tools.health.note(client.name, str(error))
        raise


def _make_room(payload: Payload, tag: str, client: DownloadClient) -> None:
    """Remove what a release that this download has tried before left in the client."""
    for item in client.poll():
        if tag in item.tags and item.hashes and not item.hashes & payload.hashes:
            client.remove(item.id, with_data=True)
            failpoint("grab.room_made")


def choose_client(download: Download, tools: Tools) -> tuple[DownloadClient, Why]:
    """The client that `choice.choose` names, and why it is that one.

    Raises `Misconfigured` where a setting has to be mended first; `Unreachable` where the last one has just gone.
    """
    choice = choose(download, candidates(tools))
    if isinstance(choice, NoClient):
        raise Misconfigured(choice.reason, choice.remedy, kind=FailureKind.NO_CLIENT)
    client = tools.clients.get(choice.client) if isinstance(choice, Chosen) else None
    if client is None or not isinstance(choice, Chosen):
        raise Unreachable(choice.reason if isinstance(choice, Wait) else "The client was switched off this moment.")
    return client, choice.why


def waiting_for(download: Download, tools: Tools) -> str | None:
    """Why the grab has to wait: whoever may take it is in trouble, or is not there. None: it may begin."""
    choice = choose(download, candidates(tools))
    return choice.reason if isinstance(choice, Wait) else None


def candidates(tools: Tools) -> tuple[Candidate, ...]:
    """The clients that are switched on, as the choice sees them."""
    return tuple(
        Candidate(client.name, client.protocols, row.priority, row.rule, tools.health.trouble(client.name))
        for client, row in tools.clients.configured()
    )


def duplicate(conflict: Conflict) -> PermanentError:
    """The failure of a release that turned out to be another download's."""
    return PermanentError(
        f"The same release is already download {conflict.existing_id}.",
        "Nothing is to be done: see that download.",
        kind=FailureKind.DUPLICATE,
    )

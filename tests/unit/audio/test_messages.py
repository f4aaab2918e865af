"""What crosses between server and conversion process."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.audio.messages import ORDER, REPLY, Order, Refusal, Reply
from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.domain.book import Book
from auralarchive.domain.chapters import CatalogueChapters
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.audio import ConvertRequest
from auralarchive.ports.errors import AuralError, Cancelled, Damaged, Misconfigured, NoSpace


def test_an_order_crosses_whole_with_keys_of_any_bytes() -> None:
    keys = (AaxcKey(bytes(range(240, 256)), b"\x00" * 16),)
    book = Book("AA-1", "Emma", "Jane Austen", series="Novels", year=1815)
    order = Order(AudioSettings(aaxc_keys=keys), ConvertRequest((Path("/a b/ü.mp3"),), Path("/conversions"), book))
    assert ORDER.validate_json(ORDER.dump_json(order)) == order
    assert b"\n" not in ORDER.dump_json(order)


@pytest.mark.parametrize(
    "error",
    [
        NoSpace("The disk is full.", "Make room."),
        Damaged("01.mp3 is cut at 3:07.", "Choose another release."),
        Misconfigured("The key is wrong.", "Enter yours.", kind=FailureKind.KEY_WRONG),
        Cancelled(),
    ],
)
def test_errors_of_the_port_arrive_as_what_they_were(error: AuralError) -> None:
    reply = REPLY.validate_json(REPLY.dump_json(Reply(refusal=Refusal.of(error))))
    assert reply.refusal is not None
    arrived = reply.refusal.error()
    assert (type(arrived), arrived.failure) == (type(error), error.failure)


def test_a_catalogue_s_chapters_reach_the_process() -> None:
    listed = CatalogueChapters(((0, "A"), (5000, "B 👨\u200d👩")), 9000, 1000, 500, accurate=False)
    order = Order(AudioSettings(), ConvertRequest((Path("/x"),), Path("/w"), catalogue=listed))
    assert ORDER.validate_json(ORDER.dump_json(order)).request.catalogue == listed

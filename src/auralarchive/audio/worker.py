"""The conversion process: reads one order, does it, ends. Started by `isolated.py`.

python -m auralarchive.audio.worker
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

from auralarchive.audio.engine import Engine
from auralarchive.audio.messages import ANY_ORDER, REPLY, Order, Refusal, Reply, RetagOrder
from auralarchive.audio.retag import retag
from auralarchive.ports.errors import AuralError
from auralarchive.ports.work import CancelToken


def main() -> None:
    """Serve one order from standard input."""
    orders, replies = sys.stdin.buffer, sys.stdout.buffer
    lock = threading.Lock()

    def reply(one: Reply) -> None:
        with lock:
            replies.write(REPLY.dump_json(one, exclude_none=True) + b"\n")
            replies.flush()

    order = ANY_ORDER.validate_json(orders.readline())
    cancel = CancelToken()
    threading.Thread(target=_cancel_at_end, args=(orders.fileno(), cancel), daemon=True).start()
    try:
        reply(_done(order, reply, cancel))
    except AuralError as error:
        reply(Reply(refusal=Refusal.of(error)))


def _done(order: Order | RetagOrder, reply: Callable[[Reply], None], cancel: CancelToken) -> Reply:
    """The last word of an order that went well."""
    if isinstance(order, RetagOrder):
        return Reply(retagged=retag(order.retag, cancel))
    result = Engine(order.settings).convert(
        order.request,
        lambda part: reply(Reply(progress=part)),
        cancel,
        lambda doing: reply(Reply(doing=doing)),
    )
    return Reply(result=result)


def _cancel_at_end(orders: int, cancel: CancelToken) -> None:
    """Read until the other side closes, or dies; by descriptor, since a reader's lock would outlive us."""
    while os.read(orders, 4096):
        pass
    cancel.cancel()


if __name__ == "__main__":
    main()

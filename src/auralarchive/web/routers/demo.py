"""The demo inside the running server: one book, its swarm and an indexer, all on 127.0.0.1."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from auralarchive.web.access import CurrentServices
from auralarchive.web.responses import problems
from auralarchive.web.services import DemoState
from auralarchive.web.views import Json, View

router = APIRouter(prefix="/api/demo", tags=["system"])


class DemoView(View):
    """Whether it runs, and what to search for then."""

    running: bool
    search: str


@router.get("", response_model=DemoView)
def demo(services: CurrentServices) -> Response:
    """Whether the demo runs."""
    return _view(services.demo.state())


@router.post("", response_model=DemoView, responses=problems(409, 503))
def start(services: CurrentServices) -> Response:
    """Start it: its indexer is among the others until it is ended. Starting it twice does no harm."""
    return _view(services.demo.start())


@router.delete("", response_model=DemoView)
def stop(services: CurrentServices) -> Response:
    """End it: its indexer and its unfinished downloads go; a book that has come into the library stays."""
    return _view(services.demo.stop())


def _view(state: DemoState) -> Response:
    return Json({"running": state.running, "search": state.search})

"""The OpenAPI document's words for problems."""

from __future__ import annotations

from auralarchive.web.errors import KINDS
from auralarchive.web.responses import AT_THE_GATE, ProblemView, problems


def test_every_status_of_a_problem_can_be_described() -> None:
    """A route can name any status that a problem has."""
    statuses = {kind.status for kind in KINDS.values()}
    assert set(problems(*statuses)) == statuses
    assert set(problems(*AT_THE_GATE)) == set(AT_THE_GATE)
    assert all(response["description"] for response in problems(*statuses).values())


def test_the_schema_names_code_and_remedy() -> None:
    """Whoever reads the document knows what every problem carries."""
    assert {"code", "detail", "remedy", "status"} <= set(ProblemView.model_json_schema()["required"])

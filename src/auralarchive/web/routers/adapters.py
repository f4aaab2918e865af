"""Clients, indexers and notifiers: the same five calls for each kind, over the same forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, JsonValue, ValidationError
from starlette.responses import Response

from auralarchive.domain.choice import Rule
from auralarchive.ports.adapters import AdapterType
from auralarchive.ports.errors import AuralError
from auralarchive.ports.store import AdapterRow
from auralarchive.web import secrets
from auralarchive.web.access import CurrentServices
from auralarchive.web.errors import Problem
from auralarchive.web.fields import Body, Id, Tags, Text
from auralarchive.web.responses import problems
from auralarchive.web.services import AdapterReport, Services
from auralarchive.web.versions import IfMatch, check_version, version_of
from auralarchive.web.views import Json, View

Kind = Literal["client", "indexer", "notifier"]
Settings = Annotated[dict[str, JsonValue], Field(max_length=100)]


class RuleFields(Body):
    """Which downloads a client is for. Each part that is not empty has to fit; within a part, one of its values.

    A category such as 3000 stands for all of its thousand.
    """

    indexers: Annotated[list[Text], Field(max_length=100)] = Field(default_factory=list)
    categories: Annotated[list[Annotated[int, Field(ge=1, le=999_999_999)]], Field(max_length=100)] = Field(
        default_factory=list
    )
    tags: Tags = Field(default_factory=list)

    @property
    def rule(self) -> Rule:
        return Rule(frozenset(self.indexers), frozenset(self.categories), frozenset(self.tags))


class AdapterBody(Body):
    """One client, indexer or notifier as its form sends it. `version` does what the header `If-Match` does.

    Of a client, `rule` says which downloads it is for, and `steered` whether the general speed limits of the settings
    are set there; without them both stay as they are.
    """

    type: Text
    name: Text
    enabled: bool = True
    priority: Annotated[int, Field(ge=0, le=1000)] = 1
    settings: Settings = Field(default_factory=dict)
    rule: RuleFields | None = None
    steered: bool | None = None
    version: Annotated[str, Field(max_length=100)] | None = None


class TestBody(Body):
    """Settings to try. With `id`, secrets left out are those stored for it."""

    __test__ = False  # not a test case, whatever its name says

    type: Text
    settings: Settings = Field(default_factory=dict)
    id: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None


class AdapterView(View):
    """One client, indexer or notifier; secrets show as `{"set": true}`. `version` goes back as `If-Match`."""

    id: int
    version: str
    type: str
    name: str
    enabled: bool
    priority: int
    settings: dict[str, JsonValue]
    rule: RuleFields | None = Field(description="Only of clients.")
    steered: bool | None = Field(description="Only of clients: whether general speed limits are set there.")


class AdapterList(View):
    items: list[AdapterView]
    total: int
    next_cursor: str | None


class TypeView(View):
    type: str
    title: str
    settings_schema: dict[str, JsonValue]


class TypeList(View):
    types: list[TypeView]


class FindingView(View):
    ok: bool
    subject: str
    message: str
    remedy: str


class ReportView(View):
    """What a test found out. `ok` is false where anything is wrong."""

    ok: bool
    version: str
    findings: list[FindingView]


def adapters_router(kind: Kind, plural: str) -> APIRouter:
    """The routes of one kind."""
    router = APIRouter(prefix=f"/api/{plural}", tags=[plural])

    @router.get("", response_model=AdapterList, name=f"list_{plural}")
    def list_all(services: CurrentServices) -> Response:
        """All of them, also those that are switched off."""
        items = [_view(services, row) for row in services.store.adapters.list(kind)]
        return Json({"items": items, "total": len(items), "next_cursor": None})

    @router.get("/schema", response_model=TypeList, name=f"{kind}_schema")
    def schema(services: CurrentServices) -> Response:
        """Which types there are, with the JSON schema of their settings."""
        types = services.adapters.types(kind)
        return Json({"types": [{"type": t.type, "title": t.title, "settings_schema": t.form} for t in types]})

    @router.post("", status_code=201, response_model=AdapterView, responses=problems(409, 422), name=f"add_{kind}")
    def add(body: AdapterBody, services: CurrentServices) -> Response:
        """Configure one more."""
        made = _type(services, kind, body.type)
        row = AdapterRow(0, kind, body.type, body.name, body.enabled, body.priority, _plain(made, body.settings))
        row = _used(row, body)
        saved = _saved(services.store.adapters.add, row, made)
        services.adapters.reload(kind)
        return Json(_view(services, saved), 201)

    @router.post("/test", response_model=ReportView, responses=problems(404, 422), name=f"test_{kind}")
    def test(body: TestBody, services: CurrentServices) -> Response:
        """Try settings without saving them."""
        made = _type(services, kind, body.type)
        stored = _existing(services, kind, body.id).settings if body.id is not None else None
        settings = _plain(made, secrets.merged(body.settings, stored, made.secret_keys))
        return _tried(services, kind, body.type, settings, body.id)

    @router.get("/{adapter_id}", response_model=AdapterView, responses=problems(404, 422), name=f"get_{kind}")
    def one(adapter_id: Id, services: CurrentServices) -> Response:
        """One of them."""
        return Json(_view(services, _existing(services, kind, adapter_id)))

    @router.put(
        "/{adapter_id}", response_model=AdapterView, responses=problems(404, 409, 412, 422), name=f"save_{kind}"
    )
    def save(adapter_id: Id, body: AdapterBody, services: CurrentServices, if_match: IfMatch = None) -> Response:
        """Change it. Secrets that are left out, or sent back as they were shown, stay."""
        with services.store.downloads.exclusive("settings"):
            before = _existing(services, kind, adapter_id)
            check_version(if_match or body.version, _view(services, before)["version"])
            saved = _changed(services, kind, before, body)
        services.adapters.reload(kind)
        return Json(_view(services, saved))

    @router.delete("/{adapter_id}", status_code=204, responses=problems(404, 422), name=f"delete_{kind}")
    def delete(adapter_id: Id, services: CurrentServices) -> Response:
        """Remove it from here; what it has stays as it is."""
        if not services.store.adapters.delete(kind, adapter_id):
            raise Problem("not_found")
        services.adapters.reload(kind)
        return Response(status_code=204)

    @router.post(
        "/{adapter_id}/test", response_model=ReportView, responses=problems(404, 422), name=f"test_saved_{kind}"
    )
    def test_saved(adapter_id: Id, services: CurrentServices) -> Response:
        """Try it as it is saved."""
        row = _existing(services, kind, adapter_id)
        return _tried(services, kind, row.type, row.settings, adapter_id)

    return router


def _existing(services: Services, kind: Kind, adapter_id: int) -> AdapterRow:
    row = services.store.adapters.get(kind, adapter_id)
    if row is None:
        raise Problem("not_found", f"There is no such {kind}.", remedy="Reload the settings.")
    return row


def _changed(services: Services, kind: Kind, before: AdapterRow, body: AdapterBody) -> AdapterRow:
    if kind == "client":
        _check_name(before, body.name)
    made = _type(services, kind, body.type)
    stored = before.settings if before.type == body.type else None
    lost = before.secrets_lost
    settings = _plain(made, secrets.merged(body.settings, stored, made.secret_keys, lost=lost))
    named = replace(before, type=body.type, name=body.name, enabled=body.enabled, priority=body.priority)
    row = _used(replace(named, settings=settings, secrets_lost=False), body)
    return _saved(services.store.adapters.update, row, made)


def _used(row: AdapterRow, body: AdapterBody) -> AdapterRow:
    """The row with what the body says about its use."""
    if row.kind != "client" and (body.rule is not None or body.steered is not None):
        raise Problem("invalid", "Only clients have a rule or speed limits.", errors=[{"field": "rule"}])
    rule = row.rule if body.rule is None else body.rule.rule
    return replace(row, rule=rule, steered=row.steered if body.steered is None else body.steered)


def _check_name(before: AdapterRow, name: str) -> None:
    """Downloads go by their client's name, and so does its own folder: under another one it had lost them."""
    if name != before.name:
        what = "A client keeps its name: its downloads are found by it."
        remedy = f'Leave it at "{before.name}", or add another client.'
        raise Problem("invalid", what, remedy=remedy, errors=[{"field": "name", "message": f"{what} {remedy}"}])


def _type(services: Services, kind: Kind, name: str) -> AdapterType[Any, Any]:
    for made in services.adapters.types(kind):
        if made.type == name:
            return made
    known = ", ".join(made.type for made in services.adapters.types(kind))
    raise Problem("invalid", f"There is no {kind} of this type.", remedy=f"Choose one of: {known}.", errors=[])


def _plain(made: AdapterType[Any, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return made.plain(settings)
    except ValidationError as error:
        errors = [
            {"field": ".".join(("settings", *map(str, one["loc"]))), "message": one["msg"]} for one in error.errors()
        ]
        named = "; ".join(f"{one['field']}: {one['message']}" for one in errors[:5])
        raise Problem("invalid", f"{named}.", errors=errors) from error


def _saved(write: Any, row: AdapterRow, made: AdapterType[Any, Any]) -> AdapterRow:
    try:
        saved: AdapterRow = write(row, made.secret_keys)
    except ValueError as error:
        raise Problem("name_taken") from error
    return saved


def _view(services: Services, row: AdapterRow) -> dict[str, Any]:
    secret = next((made.secret_keys for made in services.adapters.types(row.kind) if made.type == row.type), None)
    # A type that this version does not know shows nothing: any of its settings could be a secret.
    settings = secrets.shown(row.settings, secret) if secret is not None else {}
    shown = {
        "type": row.type,
        "name": row.name,
        "enabled": row.enabled,
        "priority": row.priority,
        "settings": settings,
        "rule": _rule_view(row.rule) if row.kind == "client" else None,
        "steered": row.steered if row.kind == "client" else None,
    }
    return {"id": row.id, "version": version_of(shown), **shown}


def _rule_view(rule: Rule) -> dict[str, Any]:
    return {
        "indexers": sorted(rule.indexers),
        "categories": sorted(rule.categories),
        "tags": sorted(rule.tags),
    }


def _tried(services: Services, kind: Kind, type_: str, settings: Mapping[str, Any], existing: int | None) -> Response:
    try:
        report = services.adapters.test(kind, type_, settings, existing)
    except AuralError as error:
        return Json(_failed(services, error))
    return Json(_report(services, report))


def _failed(services: Services, error: AuralError) -> dict[str, Any]:
    finding = {
        "ok": False,
        "subject": "connection",
        "message": services.redact(error.reason),
        "remedy": services.redact(error.remedy),
    }
    return {"ok": False, "version": "", "findings": [finding]}


def _report(services: Services, report: AdapterReport) -> dict[str, Any]:
    return {
        "ok": all(finding.ok for finding in report.findings),
        "version": report.version,
        "findings": [finding_view(finding, services) for finding in report.findings],
    }


def finding_view(finding: Any, services: Services) -> dict[str, Any]:
    return {
        "ok": finding.ok,
        "subject": finding.subject,
        "message": services.redact(finding.message),
        "remedy": services.redact(finding.remedy),
    }

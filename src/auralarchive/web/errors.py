"""Every error that leaves by HTTP: RFC 9457 problems with a code that the documentation lists.

`KINDS` is the list; a problem of no kind cannot be made. Other parts' errors become problems here
and nowhere else. An error that nobody foresaw shows an id and nothing more: the log has the rest.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from auralarchive.domain.failures import FailureKind
from auralarchive.domain.lifecycle import IllegalTransition
from auralarchive.pipeline.commands import ClientCannot, NoPlace, UnknownClient, UnknownDownload
from auralarchive.ports import errors as ports
from auralarchive.ports.store import Conflict, StaleRecord

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem; `remedy` is what a person can do unless the case knows better."""

    code: str
    status: int
    title: str
    remedy: str


_ALL = (
    Kind("bad_request", 400, "The request cannot be read", "Send a well-formed HTTP request."),
    Kind("bad_host", 400, "The Host header is not a host name", "Ask for the server by its name or address."),
    Kind("not_signed_in", 401, "Sign in first", "Sign in, or send an API key in the header X-Api-Key."),
    Kind("wrong_credentials", 401, "Name or password is wrong", "Check both and try again."),
    Kind(
        "admins_only", 403, "Only an administrator may do this", "Ask somebody whose account administrates this server."
    ),
    Kind("setup_token", 403, "The setup token is missing or wrong", "Copy the token from the server's console."),
    Kind(
        "host_not_allowed",
        403,
        "This name is not one of the server's",
        "Add the name to `allowed_hosts` in the section [server] of the settings, or use the IP address.",
    ),
    Kind(
        "cross_site",
        403,
        "The request does not come from our own page",
        "Use the server's own page, or an API key in the header X-Api-Key for scripts.",
    ),
    Kind(
        "no_account",
        403,
        "This API key belongs to no account",
        "Sign in, or use a key that an account made under Settings, Account.",
    ),
    Kind("not_found", 404, "There is nothing here", "Check the address."),
    Kind("unknown_download", 404, "There is no such download", "Reload the list."),
    Kind("unknown_release", 404, "This search result is no longer kept", "Search again and choose anew."),
    Kind("file_missing", 404, "The file is not there", "Check that the library is mounted and the file exists."),
    Kind("method_not_allowed", 405, "This address does not know the method", "See /api/docs for the methods."),
    Kind("already_active", 409, "A download of this is already active", "Follow the one named by download_id."),
    Kind("not_allowed_now", 409, "The download's status does not allow this", "Reload and look at its status."),
    Kind("client_cannot", 409, "The client cannot do this", "Choose another client, or do without."),
    Kind("no_place", 409, "It cannot be put there", "Move it to the top or the end, or give it a priority."),
    Kind("changed_meanwhile", 409, "The download has just changed", "Try again."),
    Kind(
        "book_changed",
        409,
        "Somebody else has changed the book meanwhile",
        "Look at what is there now, in `book`, and save again with its version.",
    ),
    Kind(
        "position_moved",
        409,
        "Another device has listened on meanwhile",
        "Go on from where that one is, in `position`, or save again with its time.",
    ),
    Kind("already_set_up", 409, "There is already an account", "Sign in with it."),
    Kind("own_account", 409, "This is your own account", "Let another administrator do it."),
    Kind("last_admin", 409, "Somebody has to administrate", "Make somebody else an administrator first."),
    Kind("name_taken", 409, "The name is taken", "Choose another name."),
    Kind("needs_person", 409, "A setting has to be mended first", "Follow what the detail says."),
    Kind(
        "changed_by_another",
        412,
        "Somebody else has changed this meanwhile",
        "Look at what is saved now, then save again.",
    ),
    Kind("too_large", 413, "The request is too large", "Send less at once."),
    Kind(
        "unsupported_media_type",
        415,
        "The body's type is not supported",
        "Send application/json, uncompressed; files as multipart/form-data to the upload.",
    ),
    Kind("range_not_satisfiable", 416, "The range lies outside of the file", "Ask for one range inside the file."),
    Kind("invalid", 422, "Something in the request does not fit", "Correct the fields named in `errors`."),
    Kind("invalid_json", 422, "The body is not usable JSON", "Send one JSON object without doubled keys."),
    Kind("unknown_client", 422, "There is no such download client", "Choose one that is enabled, or none."),
    Kind("invalid_input", 422, "This cannot be downloaded", "Choose another release, link or file."),
    Kind("unusable_backup", 422, "This backup cannot be restored", "Choose another backup."),
    Kind("wrong_passphrase", 422, "The passphrase does not open this backup", "Enter it once more."),
    Kind("secret_needed", 422, "The address changed, so its secret is needed again", "Enter the secrets once more."),
    Kind("too_many_attempts", 429, "Too many failed attempts", "Wait for the time in Retry-After."),
    Kind("internal", 500, "Something went wrong inside", "Look for the id in the server's log, and report it."),
    Kind("neighbour_unreachable", 502, "A service that we need does not answer", "Check its address and its state."),
    Kind("unavailable", 503, "Not possible at this moment", "Try again in a moment."),
    Kind("no_space", 507, "The disk is full", "Free some space and try again."),
)

#: Every kind of problem by its code.
KINDS: Mapping[str, Kind] = {kind.code: kind for kind in _ALL}

_BY_STATUS = {400: "bad_request", 401: "not_signed_in", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class Problem(Exception):
    """An answer that is an error. `more` are further members of its body."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        remedy: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.kind = KINDS[code]
        super().__init__(detail or self.kind.title)
        self.detail = detail or f"{self.kind.title}."
        self.remedy = self.kind.remedy if remedy is None else remedy
        self.headers = dict(headers or {})
        self.more = more

    @property
    def body(self) -> dict[str, Any]:
        return {
            "type": f"urn:auralarchive:problem:{self.kind.code}",
            "title": self.kind.title,
            "status": self.kind.status,
            "code": self.kind.code,
            "detail": self.detail,
            "remedy": self.remedy,
            **self.more,
        }

    def response(self, redact: Callable[[str], str]) -> Response:
        """The answer; whatever words it quotes have lost their secrets."""
        text = redact(json.dumps(self.body, ensure_ascii=False))
        return Response(
            text.encode("utf-8", "replace"),
            self.kind.status,
            {"Cache-Control": "no-store", **self.headers},
            "application/problem+json",
        )


def internal_problem(error: BaseException) -> Problem:
    """The problem of a bug: its traceback goes into the log under an id, the id to the person."""
    incident = uuid.uuid4().hex[:12]
    log.error("unexpected error %s", incident, exc_info=error)
    return Problem("internal", f"Something went wrong inside; its id is {incident}.", incident=incident)


def problem_of(error: Exception) -> Problem:
    """Any error of the parts below as a problem."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _invalid(error)
        case Conflict():
            return Problem("already_active", f"Already active: {error}.", download_id=error.existing_id)
        case IllegalTransition():
            return Problem("not_allowed_now", str(error), status_now=str(error.status))
        case StaleRecord():
            return Problem("changed_meanwhile")
        case ClientCannot():
            return Problem("client_cannot", str(error), remedy=error.remedy)
        case NoPlace():
            return Problem("no_place", str(error))
        case HTTPException():
            return _of_http(error)
        case ports.AuralError():
            return _of_port(error)
        case UnknownDownload():
            return Problem("unknown_download")
        case UnknownClient():
            return Problem("unknown_client", str(error))
    return internal_problem(error)


def _of_port(error: ports.AuralError) -> Problem:
    if error.kind is FailureKind.INTERRUPTED:
        return Problem("unavailable", error.reason, remedy=error.remedy or None, headers={"Retry-After": "5"})
    codes: tuple[tuple[type[ports.AuralError], str], ...] = (
        (ports.NoSpace, "no_space"),
        (ports.TransientError, "neighbour_unreachable"),
        (ports.WrongPassphrase, "wrong_passphrase"),
        (ports.UnusableBackup, "unusable_backup"),
        (ports.PermanentError, "invalid_input"),
        (ports.NeedsPerson, "needs_person"),
    )
    code = next((code for kind, code in codes if isinstance(error, kind)), "unavailable")
    return Problem(code, error.reason, remedy=error.remedy or None, kind=str(error.kind))


def _of_http(error: HTTPException) -> Problem:
    code = _BY_STATUS.get(error.status_code, "bad_request" if error.status_code < 500 else "unavailable")
    return Problem(code, headers=error.headers)


def _invalid(error: RequestValidationError) -> Problem:
    """What does not fit and where; never the value itself, which may be a secret."""
    errors = [
        {"field": ".".join(str(part) for part in one["loc"]), "message": str(one["msg"]).removeprefix("Value error, ")}
        for one in error.errors()
    ]
    if any(one["type"] == "json_invalid" for one in error.errors()):
        return Problem("invalid_json")
    named = "; ".join(f"{one['field']}: {one['message']}" for one in errors[:5])
    return Problem("invalid", f"{named}.", errors=errors[:50])


def install(app: FastAPI, redact: Callable[[str], str]) -> None:
    """Let every error of a route leave as a problem."""

    async def answer(request: Request, error: Exception) -> Response:
        return problem_of(error).response(redact)

    ours = (
        Problem,
        Conflict,
        IllegalTransition,
        StaleRecord,
        ClientCannot,
        NoPlace,
        UnknownClient,
        UnknownDownload,
        ports.AuralError,
    )
    for kind in (*ours, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)

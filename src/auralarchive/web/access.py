"""What routes ask about the request at hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from auralarchive.ports.store import Role
from auralarchive.web.auth import Identity
from auralarchive.web.boundary import Visit
from auralarchive.web.errors import Problem
from auralarchive.web.services import Services


async def current_visit(request: Request) -> Visit:
    visit: Visit = request.state.visit
    return visit


async def current_identity(request: Request) -> Identity | None:
    identity: Identity | None = request.state.identity
    return identity


async def require_identity(request: Request) -> Identity:
    """The second lock behind the gate: every router but the public one carries it."""
    identity: Identity | None = request.state.identity
    if identity is None:
        raise Problem("not_signed_in")
    return identity


async def require_admin(identity: CurrentIdentity) -> Identity:
    """For routes that administrate: members are told that they may not."""
    if identity.role is not Role.ADMIN:
        raise Problem("admins_only")
    return identity


async def current_services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


#: For single routes that administrate, beside others that do not.
ADMINS_ONLY = [Depends(require_admin)]

CurrentServices = Annotated[Services, Depends(current_services)]
CurrentVisit = Annotated[Visit, Depends(current_visit)]
CurrentIdentity = Annotated[Identity, Depends(require_identity)]
MaybeIdentity = Annotated[Identity | None, Depends(current_identity)]

"""Other services of an experiment: where they are, what it signs in there with, and whether they can be used."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter

from sutler import auth, campaigns
from sutler.auth import CredentialMethod, CredentialSide, ServiceKind
from sutler.rest.context import Here
from sutler.rest.showing import show, to_duration
from sutler.wire import services as wire
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of services."""
    router.get("/experiments/{name}/services")(list_services)
    router.put("/experiments/{name}/services/{kind}")(set_service)
    router.delete("/experiments/{name}/services/{kind}", status_code=204)(remove_service)
    router.put("/experiments/{name}/services/{kind}/credentials/{side}")(set_credential)
    router.delete("/experiments/{name}/services/{kind}/credentials/{side}", status_code=204)(remove_credential)
    router.post("/experiments/{name}/check")(check_services)


async def list_services(here: Here, name: str) -> Page[wire.Service]:
    """List the services that an experiment uses. Who may set them sees the credentials too, without their secrets."""
    found = await auth.list_services(here.db, here.who, experiment=name)
    return Page(tuple(_show_service(service, found.credentials) for service in found.services))


async def set_service(here: Here, name: str, kind: wire.ServiceKind, body: wire.NewService) -> wire.Service:
    """Say where a service of an experiment is. One that moves to another host loses its credentials."""
    timeout_for = to_duration(body.timeout_seconds, "timeout_seconds") or timedelta()
    service = auth.NewService(ServiceKind(kind), body.server_url, body.auth_url, body.account, timeout_for)
    kept = await auth.set_service(here.db, here.who, experiment=name, service=service)
    credentials = await auth.list_credentials(here.db, here.who, experiment=name)
    return _show_service(kept, tuple(credentials))


async def remove_service(here: Here, name: str, kind: wire.ServiceKind) -> None:
    """Let an experiment use a service no more. Its credentials are deleted."""
    await auth.remove_service(here.db, here.who, experiment=name, kind=ServiceKind(kind))


async def set_credential(
    here: Here, name: str, kind: wire.ServiceKind, side: wire.CredentialSide, body: wire.NewCredential
) -> wire.Credential:
    """Set what an experiment signs in with at a service, for its work of one side. It is never shown again."""
    credential = auth.NewCredential(
        ServiceKind(kind), CredentialSide(side), CredentialMethod(body.method), body.username, body.secret
    )
    kept = await auth.set_credential(here.db, here.who, here.services.sealer, experiment=name, credential=credential)
    return show(wire.Credential, kept, service=kept.kind)


async def remove_credential(here: Here, name: str, kind: wire.ServiceKind, side: wire.CredentialSide) -> None:
    """Forget what an experiment signs in with at a service for one side."""
    await auth.remove_credential(here.db, here.who, experiment=name, kind=ServiceKind(kind), side=CredentialSide(side))


async def check_services(here: Here, name: str) -> wire.CheckReport:
    """Try the services of an experiment with each credential, and say what was seen. Nothing is changed there."""
    services = here.services
    found = await campaigns.check_services(here.db, here.who, services.sealer, services.catalogues, experiment=name)
    items = tuple(show(wire.CheckLine, line, service=check.kind) for check in found for line in check.lines)
    return wire.CheckReport(state=campaigns.find_worst_state(found).value, items=items)


def _show_service(service: auth.Service, credentials: tuple[auth.Credential, ...] | None) -> wire.Service:
    own = None
    if credentials is not None:
        own = tuple(show(wire.Credential, one, service=one.kind) for one in credentials if one.kind is service.kind)
    return show(wire.Service, service, timeout_seconds=service.timeout_for.total_seconds(), credentials=own)

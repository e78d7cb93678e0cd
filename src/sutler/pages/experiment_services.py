"""The page of an experiment: the services that it uses, what it signs in there with, and whether that works."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import Depends, Form
from starlette.requests import Request
from starlette.responses import Response

from sutler import auth, campaigns
from sutler.auth import (
    Action,
    Credential,
    CredentialMethod,
    CredentialNotFoundError,
    CredentialSide,
    NewCredential,
    NewService,
    Role,
    Service,
    ServiceKind,
    ServiceNotFoundError,
    Thing,
)
from sutler.base.check_lines import CheckLine
from sutler.base.errors import InvalidInputError, Problem
from sutler.pages.door import Door
from sutler.pages.experiments import get_experiment_id
from sutler.pages.forms import read_duration, read_text, write_duration
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import read_typed

TITLES = {ServiceKind.METACAT: "MetaCat", ServiceKind.RUCIO: "Rucio"}
PURPOSES = {
    ServiceKind.METACAT: "Campaigns select their files there, and what they make is declared there.",
    ServiceKind.RUCIO: "It is asked whether it can be used; replicas are those that are recorded here.",
}
ACCOUNTS = {
    ServiceKind.METACAT: "Role that owns namespaces made from here",
    ServiceKind.RUCIO: "Account to act as",
}
SIDES = {
    CredentialSide.ANY: "all work that has no credential of its own",
    CredentialSide.ANALYSIS: "work of analysis",
    CredentialSide.PRODUCTION: "work of production",
}

Text = Annotated[str, Form()]
Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class ServiceFields:
    """A service as it stands in the fields of its form."""

    server_url: Text = ""
    auth_url: Text = ""
    account: Text = ""
    timeout: Text = "60 s"


@dataclass(frozen=True)
class CredentialFields:
    """A credential as it is sent. Its secret goes into no page."""

    side: Text = CredentialSide.ANY.value
    method: Text = CredentialMethod.PASSWORD.value
    username: Text = ""
    secret: Text = ""


@dataclass(frozen=True)
class ServicePanel:
    """One kind of service, with what stands in its form, and what was wrong with it."""

    kind: ServiceKind
    service: Service | None
    credentials: tuple[Credential, ...]
    fields: ServiceFields
    problems: tuple[Problem, ...] = ()

    @property
    def title(self) -> str:
        """How people call it."""
        return TITLES[self.kind]

    @property
    def purpose(self) -> str:
        """What it is used for."""
        return PURPOSES[self.kind]

    @property
    def account_label(self) -> str:
        """What its account means."""
        return ACCOUNTS[self.kind]

    @property
    def timeout(self) -> str:
        """How long it is waited for."""
        return f"{self.service.timeout_for.total_seconds():g} s" if self.service else ""


@dataclass(frozen=True)
class ShownLine:
    """A line of a check, with what it is about."""

    title: str
    line: CheckLine


@dataclass(frozen=True)
class ExperimentPage:
    """An experiment with its services. `lines` are what a check saw, None before one."""

    name: str
    panels: tuple[ServicePanel, ...]
    why_not_set: str
    lines: tuple[ShownLine, ...] | None = None
    hosts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    trouble: Trouble | None = None

    @property
    def sides(self) -> tuple[tuple[str, str], ...]:
        """For whose work a credential can be."""
        return tuple((side.value, meaning) for side, meaning in SIDES.items())

    @property
    def side_meanings(self) -> dict[str, str]:
        """What a side means, by its word."""
        return dict(self.sides)


class ExperimentPages:
    """Looking at the services of an experiment, setting them, and trying them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show(self, request: Request, name: str) -> Response:
        """The services of an experiment."""
        return await self._show(request, await self._door.admit(request), name)

    async def check(self, request: Request, name: str) -> Response:
        """Try the services, and show what was seen."""
        visit = await self._door.admit(request)
        services = self._door.services
        checks = await campaigns.check_services(
            self._db, visit.who, services.sealer, services.catalogues, experiment=name
        )
        lines = tuple(ShownLine(TITLES[check.kind], line) for check in checks for line in check.lines)
        return await self._show(request, visit, name, lines=lines)

    async def set_service(
        self, request: Request, name: str, kind: str, fields: Annotated[ServiceFields, Depends()]
    ) -> Response:
        """Set where a service is, or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        chosen = _read_kind(kind)
        try:
            service = _read_service(chosen, fields)
            await auth.set_service(self._db, visit.who, experiment=name, service=service)
        except InvalidInputError as error:
            wrong = ServicePanel(chosen, None, (), fields, tuple(error.problems))
            return await self._show(request, visit, name, wrong=wrong)
        return self._send_back(request, name)

    async def remove_service(self, request: Request, name: str, kind: str) -> Response:
        """Let the experiment use a service no more."""
        visit = await self._door.admit(request)
        await auth.remove_service(self._db, visit.who, experiment=name, kind=_read_kind(kind))
        return self._send_back(request, name)

    async def set_credential(
        self, request: Request, name: str, kind: str, fields: Annotated[CredentialFields, Depends()]
    ) -> Response:
        """Keep a credential, or say what is wrong with it. The secret is not shown again, not even then."""
        visit = await self._door.admit(request)
        chosen = _read_kind(kind)
        try:
            credential = NewCredential(
                chosen,
                _read_word("side", CredentialSide, fields.side),
                _read_word("method", CredentialMethod, fields.method),
                read_text("username", fields.username),
                fields.secret,
            )
            await auth.set_credential(
                self._db, visit.who, self._door.services.sealer, experiment=name, credential=credential
            )
        except InvalidInputError as error:
            wrong = ServicePanel(chosen, None, (), ServiceFields(), tuple(error.problems))
            return await self._show(request, visit, name, wrong=wrong)
        return self._send_back(request, name)

    async def remove_credential(self, request: Request, name: str, kind: str, side: str) -> Response:
        """Forget a credential."""
        visit = await self._door.admit(request)
        chosen = _read_kind(kind)
        if side not in set(CredentialSide):
            raise CredentialNotFoundError("credential", ascii(side[:40]))
        await auth.remove_credential(self._db, visit.who, experiment=name, kind=chosen, side=CredentialSide(side))
        return self._send_back(request, name)

    async def set_hosts(self, request: Request, name: str) -> Response:
        """Replace the hosts that login setups of a role may log in to, or say what is wrong."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        patterns = [part.strip() for part in typed.raw("patterns").replace(",", "\n").split("\n") if part.strip()]
        try:
            role = _read_word("role", Role, typed.text("role"))
            await campaigns.set_launch_hosts(self._db, visit.who, experiment=name, role=role, patterns=patterns)
        except SHOWN as error:
            return await self._show(request, visit, name, trouble=describe_trouble(error))
        return self._send_back(request, name)

    async def _show(
        self,
        request: Request,
        visit: Visit,
        name: str,
        *,
        lines: tuple[ShownLine, ...] | None = None,
        wrong: ServicePanel | None = None,
        trouble: Trouble | None = None,
    ) -> Response:
        experiment_id = await get_experiment_id(self._db, visit, name)
        found = await auth.list_services(self._db, visit.who, experiment=name)
        panels = tuple(_make_panel(kind, found, wrong) for kind in ServiceKind)
        why_not = explain_right(visit.who, Action.SET_SERVICES, Thing("experiment", experiment_id))
        allowed = await campaigns.get_launch_hosts(self._db, visit.who, experiment=name)
        hosts = ((Role.PRODUCTION.value, allowed.production), (Role.ANALYSIS.value, allowed.analysis))
        page = ExperimentPage(name, panels, why_not, lines, hosts, trouble)
        return self._door.show(
            request, "experiment.html", page, visit=visit, status=422 if wrong else choose_status(trouble)
        )

    def _send_back(self, request: Request, name: str) -> Response:
        return self._door.send_to(request, f"/experiments/{name}")


def _make_panel(kind: ServiceKind, found: auth.ServiceList, wrong: ServicePanel | None) -> ServicePanel:
    service = next((service for service in found.services if service.kind is kind), None)
    credentials = tuple(one for one in found.credentials or () if one.kind is kind)
    if wrong is None or wrong.kind is not kind:
        return ServicePanel(kind, service, credentials, _write_fields(service))
    fields = wrong.fields if wrong.fields != ServiceFields() else _write_fields(service)
    return ServicePanel(kind, service, credentials, fields, wrong.problems)


def _write_fields(service: Service | None) -> ServiceFields:
    """What is set; a sign-in address that follows from the server's stays empty, so that it moves with it."""
    if service is None:
        return ServiceFields()
    is_usual = service.auth_url == auth.choose_auth_url(service.kind, service.server_url)
    auth_url = "" if is_usual else service.auth_url
    return ServiceFields(service.server_url, auth_url, service.account, write_duration(service.timeout_for))


def _read_service(kind: ServiceKind, fields: ServiceFields) -> NewService:
    timeout_for = read_duration("timeout", fields.timeout)
    if timeout_for is None:
        raise InvalidInputError([Problem("timeout", "is needed")])
    return NewService(
        kind,
        read_text("server_url", fields.server_url, longest=2_001),
        read_text("auth_url", fields.auth_url, longest=2_001),
        read_text("account", fields.account),
        timeout_for,
    )


def _read_kind(text: str) -> ServiceKind:
    if text not in set(ServiceKind):
        raise ServiceNotFoundError("service", ascii(text[:40]))
    return ServiceKind(text)


def _read_word(where: str, words: type[Word], text: str) -> Word:
    if text not in set(words):
        raise InvalidInputError([Problem(where, f"{text[:40]!r} is not one of {', '.join(words)}")])
    return words(text)

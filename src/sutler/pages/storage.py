"""Pages of storage elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form
from starlette.requests import Request
from starlette.responses import Response

from sutler import replicas
from sutler.auth import Action, Role, Thing
from sutler.base.errors import InvalidInputError, NotPermittedError, Problem
from sutler.pages.door import Door
from sutler.pages.experiments import get_experiment_id, list_experiment_names
from sutler.pages.formats import format_count
from sutler.pages.forms import list_problems, read_number, read_text
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.replicas import Rse, RseExistsError

_STAGING = ("pin_url", "poll_url", "pin_prefix", "remove_prefix", "add_prefix", "interface")
_LONGEST = 1_000


@dataclass(frozen=True)
class RseFields:
    """A storage element as it stands in the fields of a form."""

    name: Annotated[str, Form()] = ""
    description: Annotated[str, Form()] = ""
    url_prefix: Annotated[str, Form()] = ""
    preference: Annotated[str, Form()] = "0"
    is_enabled: Annotated[str, Form()] = ""
    is_available: Annotated[str, Form()] = ""
    is_tape: Annotated[str, Form()] = ""
    pin_url: Annotated[str, Form()] = ""
    poll_url: Annotated[str, Form()] = ""
    pin_prefix: Annotated[str, Form()] = ""
    remove_prefix: Annotated[str, Form()] = ""
    add_prefix: Annotated[str, Form()] = ""
    interface: Annotated[str, Form()] = ""


Fields = Annotated[RseFields, Depends()]


@dataclass(frozen=True)
class StoragePage:
    """The storage elements of one experiment; `experiments` are those that can be chosen."""

    experiments: tuple[str, ...]
    experiment: str
    rses: tuple[Rse, ...]
    why_not_edit: str


@dataclass(frozen=True)
class RsePage:
    """A storage element, or the form of a new one, which has no `rse` yet."""

    experiment: str
    rse: Rse | None
    fields: RseFields
    why_not_edit: str = ""
    problems: tuple[Problem, ...] = ()
    replica_count: int | None = None

    def find_problem(self, field: str) -> str:
        """What is wrong with one field; empty if nothing is."""
        return " ".join(problem.what for problem in self.problems if problem.where == field)

    @property
    def replicas(self) -> str:
        """How many replicas it holds, in words; empty where nobody counted."""
        if self.replica_count is None:
            return ""
        if self.replica_count >= replicas.MOST_COUNTED:
            return f"{format_count(replicas.MOST_COUNTED)} replicas or more"
        return f"{format_count(self.replica_count)} replica{'' if self.replica_count == 1 else 's'}"

    @property
    def standing(self) -> str:
        """Whether its replicas can be read now, and why not."""
        if self.rse is None:
            return ""
        if not self.rse.is_enabled:
            return "The experiment does not use it: its replicas are passed over."
        if not self.rse.is_available:
            return "It is down: its replicas cannot be read until it is up again."
        if self.rse.is_tape:
            return "It is in use. Its replicas are on tape: each can be read while it is staged."
        return "It is in use, and its replicas can be read."


class StoragePages:
    """Storage elements: looking and changing."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def list_rses(self, request: Request, experiment: str = "") -> Response:
        """The storage elements of an experiment, the preferred first."""
        visit = await self._door.admit(request)
        names = sorted((await list_experiment_names(self._db, visit)).values())
        chosen = experiment or next(iter(names), "")
        rses: list[Rse] = []
        why_not = "You are in no experiment."
        if chosen:
            why_not = await self._explain_edit(visit, chosen)
            rses = await replicas.list_rses(self._db, visit.who, experiment=chosen)
        page = StoragePage(tuple(names), chosen, tuple(rses), why_not)
        return self._door.show(request, "rses.html", page, visit=visit)

    async def show(self, request: Request, experiment: str, rse_name: str) -> Response:
        """A storage element with the form that changes it."""
        visit = await self._door.admit(request)
        why_not = await self._explain_edit(visit, experiment)
        rse = await replicas.get_rse(self._db, visit.who, experiment=experiment, name=_check_name(rse_name))
        count = await replicas.count_replicas(self._db, visit.who, experiment=experiment, name=rse.name)
        page = RsePage(experiment, rse, _write_fields(rse), why_not, replica_count=count)
        return self._door.show(request, "rse.html", page, visit=visit)

    async def show_new(self, request: Request, experiment: str) -> Response:
        """The form of a new storage element. Raises NotPermittedError."""
        visit = await self._door.admit(request)
        if why_not := await self._explain_edit(visit, experiment):
            raise NotPermittedError(why_not)
        page = RsePage(experiment, None, RseFields(is_enabled="yes", is_available="yes"))
        return self._door.show(request, "rse_new.html", page, visit=visit)

    async def create(self, request: Request, experiment: str, fields: Fields) -> Response:
        """Make a storage element, or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        await get_experiment_id(self._db, visit, experiment)
        try:
            texts, preference = _read_fields(fields)
            made = await replicas.create_rse(
                self._db,
                visit.who,
                experiment=experiment,
                name=fields.name.strip(),
                description=texts["description"],
                url_prefix=texts["url_prefix"],
                is_tape=bool(fields.is_tape),
                preference=preference,
            )
        except (InvalidInputError, RseExistsError) as error:
            problems = error.problems if isinstance(error, InvalidInputError) else [Problem("name", error.sentence)]
            page = RsePage(experiment, None, fields, problems=tuple(problems))
            return self._door.show(request, "rse_new.html", page, visit=visit, status=422)
        return self._door.send_to(request, f"/rses/{experiment}/{made.name}")

    async def update(self, request: Request, experiment: str, rse_name: str, fields: Fields) -> Response:
        """Change a storage element, or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        await get_experiment_id(self._db, visit, experiment)
        try:
            texts, preference = _read_fields(fields)
            await replicas.update_rse(
                self._db,
                visit.who,
                experiment=experiment,
                name=_check_name(rse_name),
                is_enabled=bool(fields.is_enabled),
                is_available=bool(fields.is_available),
                is_tape=bool(fields.is_tape),
                preference=preference,
                **texts,
            )
        except InvalidInputError as error:
            rse = await replicas.get_rse(self._db, visit.who, experiment=experiment, name=_check_name(rse_name))
            page = RsePage(experiment, rse, fields, problems=tuple(error.problems))
            return self._door.show(request, "rse.html", page, visit=visit, status=422)
        return self._door.send_to(request, f"/rses/{experiment}/{rse_name}")

    async def ask_delete(self, request: Request, experiment: str, rse_name: str) -> Response:
        """Ask before a storage element is deleted. Raises NotPermittedError."""
        visit = await self._door.admit(request)
        if why_not := await self._explain_edit(visit, experiment):
            raise NotPermittedError(why_not)
        rse = await replicas.get_rse(self._db, visit.who, experiment=experiment, name=_check_name(rse_name))
        return self._door.show(request, "rse_delete.html", RsePage(experiment, rse, RseFields()), visit=visit)

    async def delete(self, request: Request, experiment: str, rse_name: str) -> Response:
        """Delete a storage element without replicas, and show those that are left."""
        visit = await self._door.admit(request)
        await get_experiment_id(self._db, visit, experiment)
        await replicas.delete_rse(self._db, visit.who, experiment=experiment, name=_check_name(rse_name))
        return self._door.send_to(request, f"/rses?experiment={experiment}")

    async def _explain_edit(self, visit: Visit, experiment: str) -> str:
        experiment_id = await get_experiment_id(self._db, visit, experiment)
        thing = Thing("storage element", experiment_id, owner_role=Role.PRODUCTION)
        return explain_right(visit.who, Action.EDIT, thing)


def _check_name(name: str) -> str:
    """Return a name that an address holds. Raises RseNotFoundError for what none can be called."""
    try:
        return read_text("name", name, longest=64)
    except InvalidInputError:
        raise replicas.RseNotFoundError("storage element", ascii(name[:64])) from None


def _read_fields(fields: RseFields) -> tuple[dict[str, str], int]:
    """Return the texts and the preference. Raises InvalidInputError with everything that is wrong."""
    errors: list[InvalidInputError] = []
    texts: dict[str, str] = {}
    preference = 0
    for name in ("description", "url_prefix", *_STAGING):
        try:
            texts[name] = read_text(name, getattr(fields, name), longest=_LONGEST)
        except InvalidInputError as error:
            errors.append(error)
    try:
        preference = read_number("preference", fields.preference or "0")
    except InvalidInputError as error:
        errors.append(error)
    if errors:
        raise InvalidInputError(list_problems(errors))
    return texts, preference


def _write_fields(rse: Rse) -> RseFields:
    flags = {name: "yes" if getattr(rse, name) else "" for name in ("is_enabled", "is_available", "is_tape")}
    staging = {name: getattr(rse, name) or "" for name in _STAGING}
    return RseFields(
        name=rse.name,
        description=rse.description,
        url_prefix=rse.url_prefix,
        preference=str(rse.preference),
        **flags,
        **staging,
    )

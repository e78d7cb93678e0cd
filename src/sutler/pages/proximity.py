"""The page of the map of distances: how far storage elements are from where jobs run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from sutler import replicas
from sutler.auth import Action, Role, Thing
from sutler.base.errors import ConflictError, InvalidInputError, NotPermittedError, Problem, SutlerError, UpstreamError
from sutler.pages.door import Door
from sutler.pages.experiments import get_experiment_id
from sutler.pages.forms import read_number, read_text
from sutler.pages.matrix import Matrix, lay_over, make_matrix, mark_map, set_pair, write_map
from sutler.pages.resources import read_resource
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.replicas import Proximity

LONGEST_MAP_BYTES = 340_000
"""What fits into a field of a form, which has at most 1 MiB, even if every byte is written as three characters."""

LONGEST_URL = 2_000
LONGEST_NAME = 200


@dataclass(frozen=True)
class ProximityPage:
    """The map with its forms. `problems` say why the last change was not made, `text` and `url` what was sent.

    There is no matrix of a map that is too large for a table.
    """

    experiment: str
    matrix: Matrix | None
    text: str
    mark: str
    pair_count: int
    site: str
    rse: str
    distance: str
    url: str
    why_not_edit: str
    why_not_ask: str
    problems: tuple[Problem, ...] = ()
    failed_form: str = ""

    @property
    def sites(self) -> tuple[str, ...]:
        """The names of the sites in the map."""
        return () if self.matrix is None else tuple(row.site for row in self.matrix.rows)

    @property
    def longest_text(self) -> str:
        """How many bytes the lines of the form may have, in figures."""
        return f"{LONGEST_MAP_BYTES:,}"


class ProximityPages:
    """The map of distances: looking and changing."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show(self, request: Request, experiment: str, site: str = "", rse: str = "") -> Response:
        """The map; `site` and `rse` choose the pair that the form is about."""
        visit = await self._door.admit(request)
        page = await self._make_page(visit, experiment, site=site[:200], rse=rse[:200])
        return self._door.show(request, "proximity.html", page, visit=visit)

    async def set_pair(
        self,
        request: Request,
        experiment: str,
        *,
        site: Annotated[str, Form()] = "",
        rse: Annotated[str, Form()] = "",
        distance: Annotated[str, Form()] = "",
        mark: Annotated[str, Form()] = "",
        remove: Annotated[str, Form()] = "",
    ) -> Response:
        """Set the distance of one pair, or take it out."""
        visit = await self._door.admit(request)
        self._require(await self._explain_edit(visit, experiment))
        try:
            names = (_read_name("site", site), _read_name("RSE", rse))
            pair = names if remove else Proximity(*names, read_number("distance", distance))
            entries = await self._load(visit, experiment, mark)
            await self._store(visit, experiment, write_map(set_pair(entries, pair)))
        except InvalidInputError as error:
            page = await self._make_page(
                visit, experiment, site=site, rse=rse, distance=distance, problem=_name_field(error), form="pair"
            )
            return self._door.show(request, "proximity.html", page, visit=visit, status=422)
        return self._door.send_to(request, f"/proximity/{experiment}")

    async def set_text(
        self,
        request: Request,
        experiment: str,
        *,
        text: Annotated[str, Form()] = "",
        keep: Annotated[str, Form()] = "",
        mark: Annotated[str, Form()] = "",
    ) -> Response:
        """Replace the map by lines, or lay them over it."""
        visit = await self._door.admit(request)
        self._require(await self._explain_edit(visit, experiment))
        try:
            _check_length(text)
            entries = await self._load(visit, experiment, mark)
            await self._store(visit, experiment, lay_over(text, entries) if keep else text)
        except InvalidInputError as error:
            page = await self._make_page(visit, experiment, text=text, problem=error, form="text")
            return self._door.show(request, "proximity.html", page, visit=visit, status=422)
        return self._door.send_to(request, f"/proximity/{experiment}")

    async def take_from_url(
        self,
        request: Request,
        experiment: str,
        *,
        url: Annotated[str, Form()] = "",
        keep: Annotated[str, Form()] = "",
    ) -> Response:
        """Ask another server for the lines. Only superusers may: the server asks from where it stands."""
        visit = await self._door.admit(request)
        self._require(await self._explain_asking(visit, experiment))
        try:
            text = await read_resource(read_text("url", url, longest=LONGEST_URL))
            await self._store(visit, experiment, lay_over(text, await self._load(visit, experiment)) if keep else text)
        except (InvalidInputError, UpstreamError) as error:
            page = await self._make_page(visit, experiment, url=url, problem=error, form="url")
            status = 422 if isinstance(error, InvalidInputError) else 502
            return self._door.show(request, "proximity.html", page, visit=visit, status=status)
        return self._door.send_to(request, f"/proximity/{experiment}")

    async def _load(self, visit: Visit, experiment: str, mark: str = "") -> list[Proximity]:
        """Return the map. Raises ConflictError unless it is the one that a form was made for."""
        entries = await replicas.list_proximity(self._db, visit.who, experiment=experiment)
        if mark and mark != mark_map(entries):
            raise ConflictError("Somebody changed the map meanwhile; nothing was stored. Load the page and try again.")
        return entries

    async def _store(self, visit: Visit, experiment: str, text: str) -> None:
        await replicas.set_proximity(self._db, visit.who, experiment=experiment, text=text)

    async def _make_page(
        self,
        visit: Visit,
        experiment: str,
        *,
        site: str = "",
        rse: str = "",
        distance: str | None = None,
        text: str | None = None,
        url: str = "",
        problem: SutlerError | None = None,
        form: str = "",
    ) -> ProximityPage:
        why_not = await self._explain_edit(visit, experiment)
        entries = await replicas.list_proximity(self._db, visit.who, experiment=experiment)
        rses = await replicas.list_rses(self._db, visit.who, experiment=experiment)
        known = next((str(entry.distance) for entry in entries if (entry.site, entry.rse) == (site, rse)), "")
        return ProximityPage(
            experiment=experiment,
            matrix=make_matrix(entries, rses),
            text=write_map(entries) if text is None else text,
            mark=mark_map(entries),
            pair_count=len(entries),
            site=site,
            rse=rse,
            distance=known if distance is None else distance,
            url=url,
            why_not_edit=why_not,
            why_not_ask=await self._explain_asking(visit, experiment),
            problems=_list_problems(problem),
            failed_form=form,
        )

    async def _explain_edit(self, visit: Visit, experiment: str) -> str:
        experiment_id = await get_experiment_id(self._db, visit, experiment)
        thing = Thing("map of distances", experiment_id, owner_role=Role.PRODUCTION)
        return explain_right(visit.who, Action.EDIT, thing)

    async def _explain_asking(self, visit: Visit, experiment: str) -> str:
        """A thing that belongs to no role can be edited by superusers only."""
        experiment_id = await get_experiment_id(self._db, visit, experiment)
        return explain_right(visit.who, Action.EDIT, Thing("map of distances by URL", experiment_id))

    def _require(self, why_not: str) -> None:
        if why_not:
            raise NotPermittedError(why_not)


def _read_name(where: str, text: str) -> str:
    """Return a name that can stand in a line of the map."""
    name = read_text(where, text, longest=LONGEST_NAME)
    if not name or "," in name or name.startswith("#") or len(name.splitlines()) > 1:
        what = "must be one line without commas, that does not begin with #" if name else "is missing"
        raise InvalidInputError([Problem(where, what)])
    return name


def _check_length(text: str) -> None:
    if len(text.encode()) > LONGEST_MAP_BYTES:
        raise InvalidInputError([Problem("", f"The text has more than {LONGEST_MAP_BYTES:,} bytes.")])


def _name_field(error: InvalidInputError) -> InvalidInputError:
    """A pair is one line only: its number would tell nothing."""
    return InvalidInputError(
        [
            Problem("" if problem.where.startswith("line ") else problem.where, problem.what)
            for problem in error.problems
        ]
    )


def _list_problems(error: SutlerError | None) -> tuple[Problem, ...]:
    if isinstance(error, InvalidInputError):
        return tuple(error.problems)
    return () if error is None else (Problem("", error.sentence),)

"""Where the splits of a stage stand, and what others would make of its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.auth import Action
from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import PositionView, SplitForecast, SplitKind, StageView, load_split_types, parse_split_type
from sutler.pages.addresses import check_id
from sutler.pages.door import Door
from sutler.pages.errors import NoSuchPageError
from sutler.pages.questions import Question
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.pages.setting_fields import SplitChoice, list_split_choices
from sutler.pages.stages import list_stage_crumbs, name_stage
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import read_typed

SHOWN_SLICES = 5
MOST_COMPARED = 12


@dataclass(frozen=True)
class PositionPanel:
    """Where one of the splits of a stage stands. `field` is what a position consists of; empty where there is none."""

    position: PositionView
    field: str
    text: str


@dataclass(frozen=True)
class SplitPage:
    """The splits of a stage: of production and of test launches."""

    stage_view: StageView
    panels: tuple[PositionPanel, ...]
    why_not: str
    trouble: Trouble | None = None


@dataclass(frozen=True)
class ForecastPage:
    """What split types would make of the data of a stage, side by side."""

    stage_view: StageView
    choices: tuple[SplitChoice, ...]
    chosen: tuple[str, ...]
    extra: str
    forecasts: tuple[SplitForecast, ...]
    trouble: Trouble | None = None
    slice_numbers: tuple[int, ...] = tuple(range(SHOWN_SLICES))


class SplitPages:
    """Splits: looking, setting back, moving, and what others would do."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def show(self, request: Request, stage_id: int) -> Response:
        """Where the splits of a stage stand."""
        visit = await self._door.admit(request)
        return await self._show(request, visit, stage_id)

    async def ask_reset(self, request: Request, stage_id: int, kind: str) -> Response:
        """Ask before a split begins anew."""
        visit = await self._door.admit(request)
        wanted = _read_kind(kind)
        view = await campaigns.view_stage(self._db, visit.who, stage_id=check_id("stage", stage_id))
        positions = await campaigns.view_positions(self._db, visit.who, stage_id=view.stage.id)
        standing = next(each for each in positions if each.kind is wanted)
        question = Question(
            title=f"Begin the {wanted.value} split of {view.stage.name} anew?",
            sentences=(
                (
                    f"{standing.taken_count} files were given out in pass {standing.epoch}, in {standing.slice_count} "
                    "slices. They are given out once more. What was given out before stays known to its submissions."
                ),
            ),
            action=f"/stages/{stage_id}/split/{wanted.value}/reset",
            button="Begin anew",
            back=f"/stages/{stage_id}/split",
            crumbs=list_stage_crumbs(view),
            is_dangerous=True,
        )
        return self._door.show(request, "question.html", question, visit=visit)

    async def reset(self, request: Request, stage_id: int, kind: str) -> Response:
        """Begin a new pass."""
        visit = await self._door.admit(request)
        number = check_id("stage", stage_id)
        await campaigns.reset_split(self._db, visit.who, stage_id=number, kind=_read_kind(kind))
        return self._door.send_to(request, f"/stages/{stage_id}/split")

    async def move(self, request: Request, stage_id: int, kind: str) -> Response:
        """Set where a split stands, or say what may be set."""
        visit = await self._door.admit(request)
        wanted = _read_kind(kind)
        typed = await read_typed(request)
        text, field = typed.text("position"), typed.text("field")
        position: Mapping[str, object] = {field: text} if text else {}
        try:
            await campaigns.move_split(
                self._db, visit.who, stage_id=check_id("stage", stage_id), kind=wanted, position=position
            )
        except SHOWN as error:
            return await self._show(request, visit, stage_id, {wanted: text}, describe_trouble(error))
        return self._door.send_to(request, f"/stages/{stage_id}/split")

    async def forecast(
        self, request: Request, stage_id: int, split: Annotated[list[str] | None, Query()] = None, extra: str = ""
    ) -> Response:
        """What split types would make of the data of a stage; without any chosen, those to choose from."""
        visit = await self._door.admit(request)
        view = await campaigns.view_stage(self._db, visit.who, stage_id=check_id("stage", stage_id))
        chosen = tuple(dict.fromkeys([*(split or ()), *(text for text in extra.split(";") if text.strip())]))
        forecasts: tuple[SplitForecast, ...] = ()
        trouble = None
        try:
            forecasts = await self._forecast(visit, view, chosen)
        except SHOWN as error:
            trouble = describe_trouble(error)
        page = ForecastPage(view, list_split_choices(), tuple(split or ()), extra, forecasts, trouble)
        return self._door.show(request, "forecast.html", page, visit=visit, status=choose_status(trouble))

    async def _forecast(self, visit: Visit, view: StageView, chosen: tuple[str, ...]) -> tuple[SplitForecast, ...]:
        if len(chosen) > MOST_COMPARED:
            raise InvalidInputError([Problem("split", f"at most {MOST_COMPARED} are compared at once")])
        if not chosen:
            return ()
        found = await campaigns.forecast_splits(
            self._db, visit.who, stage_id=view.stage.id, split_types=chosen, slice_count=SHOWN_SLICES
        )
        return tuple(found)

    async def _show(
        self,
        request: Request,
        visit: Visit,
        stage_id: int,
        typed: Mapping[SplitKind, str] | None = None,
        trouble: Trouble | None = None,
    ) -> Response:
        view = await campaigns.view_stage(self._db, visit.who, stage_id=check_id("stage", stage_id))
        positions = await campaigns.view_positions(self._db, visit.who, stage_id=view.stage.id)
        page = SplitPage(
            view,
            tuple(_make_panel(each, (typed or {}).get(each.kind)) for each in positions),
            explain_right(visit.who, Action.LAUNCH, name_stage(view.stage)),
            trouble,
        )
        return self._door.show(request, "split.html", page, visit=visit, status=choose_status(trouble))


def _make_panel(position: PositionView, typed: str | None) -> PositionPanel:
    split = parse_split_type(position.split_type)
    asked = load_split_types()[split.name].position_parameter
    field = asked.name if asked else ""
    standing = str(position.position.get(field, ""))
    return PositionPanel(position, field, standing if typed is None else typed)


def _read_kind(text: str) -> SplitKind:
    if text not in set(SplitKind):
        raise NoSuchPageError("split", ascii(text[:40]))
    return SplitKind(text)

"""Campaigns as text: downloading, planning what a text would change, applying it, and samples to begin with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import Campaign, CampaignPlan, Sample, get_sample, list_samples
from sutler.pages.addresses import check_id
from sutler.pages.campaign_changes import read_revision
from sutler.pages.door import Door
from sutler.pages.experiments import list_experiment_names
from sutler.pages.session import Visit
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import Typed, read_typed, read_upload

LONGEST_TEXT = 1_000_000
_NAME = re.compile(r'(?m)^name = "(?:[^"\\]|\\.)*"$')


@dataclass(frozen=True)
class TextPage:
    """A text of a campaign in a text area, and the plan of what it would change, if that was asked for."""

    campaign: Campaign | None
    text: str
    file_name: str
    experiment: str
    experiments: tuple[str, ...]
    plan: CampaignPlan | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True)
class SamplesPage:
    """Campaigns to begin with; `chosen` is the one that is looked at."""

    samples: tuple[Sample, ...]
    chosen: Sample | None
    experiments: tuple[str, ...]


class CampaignTextPages:
    """Texts of campaigns: looking, planning, applying."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def download(self, request: Request, campaign_id: int, form: str = "toml") -> Response:
        """The text of a campaign as a file."""
        visit = await self._door.admit(request)
        number = check_id("campaign", campaign_id)
        text = await campaigns.export_campaign(self._db, visit.who, campaign_id=number, form=form)
        campaign = await campaigns.get_campaign(self._db, visit.who, campaign_id=number)
        name = quote(f"{campaign.name}.{form}", safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(text, media_type="text/plain; charset=utf-8", headers=headers)

    async def show(self, request: Request, campaign_id: int) -> Response:
        """The text of a campaign, to be changed."""
        visit = await self._door.admit(request)
        number = check_id("campaign", campaign_id)
        text = await campaigns.export_campaign(self._db, visit.who, campaign_id=number)
        campaign = await campaigns.get_campaign(self._db, visit.who, campaign_id=number)
        return await self._show(request, visit, Typed({"text": (text,)}), campaign=campaign)

    async def show_new(self, request: Request) -> Response:
        """An empty text area for a new campaign."""
        visit = await self._door.admit(request)
        return await self._show(request, visit, Typed())

    async def plan(self, request: Request) -> Response:
        """Show what a text, typed or in a file, would change."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            name, text = await read_upload(request, "file")
            if name:
                typed = Typed({**typed.fields, "text": (text,), "file_name": (name,)})
            plan = await self._plan(visit, typed)
        except SHOWN as error:
            return await self._show(request, visit, typed, trouble=describe_trouble(error))
        return await self._show(request, visit, typed, plan=plan)

    async def apply(self, request: Request) -> Response:
        """Make the campaign what the text says, and go to it; or show the text again with what is wrong."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            applied = await campaigns.apply_campaign(
                self._db,
                visit.who,
                text=typed.raw("text"),
                file_name=typed.text("file_name") or None,
                experiment=typed.text("experiment") or None,
                revision=read_revision(typed),
            )
        except SHOWN as error:
            return await self._show(request, visit, typed, trouble=describe_trouble(error))
        return self._door.send_to(request, f"/campaigns/{applied.campaign_id}")

    async def list_samples(self, request: Request) -> Response:
        """The campaigns to begin with."""
        visit = await self._door.admit(request)
        return await self._show_samples(request, visit, None)

    async def show_sample(self, request: Request, name: str) -> Response:
        """The text of a sample. Raises NotFoundError."""
        visit = await self._door.admit(request)
        return await self._show_samples(request, visit, get_sample(name))

    async def clone_sample(self, request: Request, name: str) -> Response:
        """Plan a sample under another name, which is applied from there."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        text = _rename(get_sample(name).text, typed.text("name"))
        wanted = Typed({"text": (text,), "experiment": (typed.text("experiment"),), "file_name": (f"{name}.toml",)})
        try:
            plan = await self._plan(visit, wanted)
        except SHOWN as error:
            return await self._show(request, visit, wanted, trouble=describe_trouble(error))
        return await self._show(request, visit, wanted, plan=plan)

    async def _plan(self, visit: Visit, typed: Typed) -> CampaignPlan:
        text = typed.raw("text")
        if not text.strip() or len(text) > LONGEST_TEXT:
            what = "is empty" if not text.strip() else f"has more than {LONGEST_TEXT} characters"
            raise InvalidInputError([Problem("text", what)])
        return await campaigns.plan_campaign(
            self._db,
            visit.who,
            text=text,
            file_name=typed.text("file_name") or None,
            experiment=typed.text("experiment") or None,
        )

    async def _show(  # noqa: PLR0917
        self,
        request: Request,
        visit: Visit,
        typed: Typed,
        campaign: Campaign | None = None,
        plan: CampaignPlan | None = None,
        trouble: Trouble | None = None,
    ) -> Response:
        page = TextPage(
            campaign=campaign,
            text=typed.raw("text"),
            file_name=typed.text("file_name"),
            experiment=typed.text("experiment"),
            experiments=tuple(sorted((await list_experiment_names(self._db, visit)).values())),
            plan=plan,
            trouble=trouble,
        )
        return self._door.show(request, "campaign_text.html", page, visit=visit, status=choose_status(trouble))

    async def _show_samples(self, request: Request, visit: Visit, chosen: Sample | None) -> Response:
        names = sorted((await list_experiment_names(self._db, visit)).values())
        page = SamplesPage(list_samples(), chosen, tuple(names))
        return self._door.show(request, "samples.html", page, visit=visit)


def _rename(text: str, name: str) -> str:
    """Put another name into the text of a sample; an empty one keeps its own."""
    if not name:
        return text
    safe = name.replace("\\", "\\\\").replace('"', '\\"')
    return _NAME.sub(lambda _: f'name = "{safe}"', text, count=1)

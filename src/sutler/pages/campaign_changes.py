"""Changing campaigns: many at once, or one with what it says for all of its stages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.auth import Action
from sutler.base.errors import InvalidInputError, NotPermittedError, Problem
from sutler.campaigns import Campaign, CampaignChange, Launched, NewCampaign, NewDependency
from sutler.pages.addresses import check_id
from sutler.pages.campaigns import CampaignPages, CampaignWish, name_campaign
from sutler.pages.default_templates import name_default_job_type, name_default_login_setup
from sutler.pages.door import Door
from sutler.pages.experiments import list_experiment_names
from sutler.pages.forms import read_text
from sutler.pages.questions import Asked, Crumb, Question
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit, choose_next, find_root
from sutler.pages.setting_fields import FieldGroup, SplitChoice, list_fields, list_split_choices, read_settings
from sutler.pages.setting_fields import write_fields as write_settings
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import Rows, Typed, pad_rows, read_typed

DATA_HANDLERS = ("data_dispatcher", "sam")


@dataclass(frozen=True)
class CampaignForm:
    """The form of what a campaign says. `campaign` is None for a new one."""

    campaign: Campaign | None
    typed: Typed
    groups: tuple[FieldGroup, ...]
    splits: tuple[SplitChoice, ...]
    keyword_rows: Rows
    job_types: tuple[str, ...]
    login_setups: tuple[str, ...]
    experiments: tuple[str, ...]
    trouble: Trouble | None = None
    data_handlers: tuple[str, ...] = DATA_HANDLERS


@dataclass(frozen=True)
class DependenciesForm:
    """The dependencies of a campaign, each in a row with the names of its stages."""

    campaign: Campaign
    stages: tuple[str, ...]
    rows: Rows
    revision: int
    trouble: Trouble | None = None


class CampaignChanges:
    """Campaigns: changing."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def change_many(self, request: Request) -> Response:
        """Mark or tag the campaigns that are ticked, and show the list again."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            await self._change_many(visit, typed)
        except SHOWN as error:
            pages = CampaignPages(self._door)
            return await pages.show_list(request, visit, CampaignWish(), trouble=describe_trouble(error))
        return self._door.send_to(request, self._find_back(request, typed))

    async def watch(self, request: Request, campaign_id: int) -> Response:
        """Put a campaign on the watch list, or take it off."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        number = check_id("campaign", campaign_id)
        await campaigns.watch_campaign(self._db, visit.who, campaign_id=number, is_watched=typed.has("is_watched"))
        return self._door.send_to(request, self._find_back(request, typed))

    async def launch(self, request: Request, campaign_id: int) -> Response:
        """Launch the stage that nothing feeds, and go to the submission."""
        visit = await self._door.admit(request)
        key = read_key(await read_typed(request))
        outcome = await campaigns.launch_campaign(
            self._db,
            self._door.services.launcher,
            visit.who,
            campaign_id=check_id("campaign", campaign_id),
            key=key,
        )
        path = f"/submissions/{outcome.submission_id}" if isinstance(outcome, Launched) else "/queue"
        return self._door.send_to(request, path)

    async def ask_clone(self, request: Request, campaign_id: int) -> Response:
        """Ask for the name of a copy."""
        visit = await self._door.admit(request)
        return await self._ask_clone(request, visit, campaign_id, None, None)

    async def clone(self, request: Request, campaign_id: int) -> Response:
        """Copy a campaign, and go to the copy."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        number = check_id("campaign", campaign_id)
        try:
            made = await campaigns.clone_campaign(self._db, visit.who, campaign_id=number, name=typed.text("name"))
        except SHOWN as error:
            return await self._ask_clone(request, visit, campaign_id, typed.text("name"), describe_trouble(error))
        return self._door.send_to(request, f"/campaigns/{made.id}")

    async def ask_delete(self, request: Request, campaign_id: int) -> Response:
        """Ask before a campaign is deleted. Raises NotPermittedError."""
        visit = await self._door.admit(request)
        campaign = await self._get_editable(visit, campaign_id)
        question = Question(
            title=f"Delete campaign {campaign.name}?",
            sentences=(
                (
                    "Its stages and dependencies are deleted with it; job types, login setups and files stay. A "
                    "campaign that was launched is not deleted: mark it inactive. This cannot be undone."
                ),
            ),
            action=f"/campaigns/{campaign.id}/delete",
            button="Delete the campaign",
            back=f"/campaigns/{campaign.id}",
            crumbs=list_crumbs(campaign),
            is_dangerous=True,
        )
        return self._door.show(request, "question.html", question, visit=visit)

    async def delete(self, request: Request, campaign_id: int) -> Response:
        """Delete a campaign that was never launched, and show those that are left."""
        visit = await self._door.admit(request)
        await campaigns.delete_campaign(self._db, visit.who, campaign_id=check_id("campaign", campaign_id))
        return self._door.send_to(request, "/")

    async def show_new(self, request: Request) -> Response:
        """The form of a new campaign."""
        visit = await self._door.admit(request)
        return await self._show_form(request, visit, None, Typed())

    async def create(self, request: Request) -> Response:
        """Make a campaign without stages, and go to it; or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            made = await campaigns.create_campaign(self._db, visit.who, new=_read_campaign(typed))
        except SHOWN as error:
            return await self._show_form(request, visit, None, typed, describe_trouble(error))
        return self._door.send_to(request, f"/campaigns/{made.id}")

    async def show_edit(self, request: Request, campaign_id: int) -> Response:
        """The form of what a campaign says for its stages. Raises NotPermittedError."""
        visit = await self._door.admit(request)
        campaign = await self._get_editable(visit, campaign_id)
        typed = await self._write_campaign(visit, campaign)
        return await self._show_form(request, visit, campaign, typed)

    async def edit(self, request: Request, campaign_id: int) -> Response:
        """Change what a campaign says, or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        campaign = await self._get_editable(visit, campaign_id)
        try:
            await self._edit(visit, campaign, typed)
        except SHOWN as error:
            return await self._show_form(request, visit, campaign, typed, describe_trouble(error))
        return self._door.send_to(request, f"/campaigns/{campaign_id}")

    async def show_dependencies(self, request: Request, campaign_id: int) -> Response:
        """The form of what feeds what. Raises NotPermittedError."""
        visit = await self._door.admit(request)
        return await self._show_dependencies(request, visit, campaign_id, None)

    async def set_dependencies(self, request: Request, campaign_id: int) -> Response:
        """Replace the dependencies, or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            await campaigns.set_dependencies(
                self._db,
                visit.who,
                campaign_id=check_id("campaign", campaign_id),
                dependencies=[
                    NewDependency(upstream, downstream, pattern.strip() or "%")
                    for upstream, downstream, pattern in typed.rows("upstream", "downstream", "pattern")
                    if upstream or downstream
                ],
                revision=read_revision(typed),
            )
        except SHOWN as error:
            return await self._show_dependencies(request, visit, campaign_id, typed, describe_trouble(error))
        return self._door.send_to(request, f"/campaigns/{campaign_id}")

    async def _change_many(self, visit: Visit, typed: Typed) -> None:
        ids = typed.numbers("campaign")
        if not ids:
            raise InvalidInputError("No campaign is ticked.")
        what = typed.text("what")
        if what in ("active", "inactive"):
            await campaigns.mark_campaigns(
                self._db,
                visit.who,
                campaign_ids=ids,
                is_active=what == "active",
                ends_schedules=typed.has("ends_schedules"),
            )
            return
        tags = [tag.strip() for tag in typed.text("tag").split(",") if tag.strip()]
        if what not in ("tag", "untag") or not tags:
            raise InvalidInputError([Problem("tag", "is needed")])
        add, remove = (tags, []) if what == "tag" else ([], tags)
        await campaigns.tag_campaigns(self._db, visit.who, campaign_ids=ids, add=add, remove=remove)

    async def _edit(self, visit: Visit, campaign: Campaign, typed: Typed) -> None:
        change = CampaignChange(
            name=typed.text("name"),
            keywords=_read_keywords(typed),
            defaults=read_settings(typed),
            default_job_type=typed.text("job_type"),
            default_login_setup=typed.text("login_setup"),
            data_handler=typed.text("data_handler"),
            is_test=typed.has("is_test"),
            tags=_read_tags(typed),
        )
        await campaigns.edit_campaign(
            self._db, visit.who, campaign_id=campaign.id, change=change, revision=read_revision(typed)
        )

    async def _get_editable(self, visit: Visit, campaign_id: int) -> Campaign:
        number = check_id("campaign", campaign_id)
        campaign = await campaigns.get_campaign(self._db, visit.who, campaign_id=number)
        if why_not := explain_right(visit.who, Action.EDIT, name_campaign(campaign)):
            raise NotPermittedError(why_not)
        return campaign

    async def _ask_clone(
        self, request: Request, visit: Visit, campaign_id: int, name: str | None, trouble: Trouble | None
    ) -> Response:
        number = check_id("campaign", campaign_id)
        campaign = await campaigns.get_campaign(self._db, visit.who, campaign_id=number)
        question = Question(
            title=f"Clone campaign {campaign.name}",
            sentences=(
                (
                    "The copy has the same stages, dependencies, defaults, keywords and tags. Its splits begin anew, "
                    "and it belongs to you."
                ),
            ),
            action=f"/campaigns/{campaign_id}/clone",
            button="Clone it",
            back=f"/campaigns/{campaign_id}",
            crumbs=list_crumbs(campaign),
            asked=(Asked("name", "Name of the copy", f"{campaign.name} copy" if name is None else name),),
            trouble=trouble,
        )
        return self._door.show(request, "question.html", question, visit=visit, status=choose_status(trouble))

    async def _write_campaign(self, visit: Visit, campaign: Campaign) -> Typed:
        fields = {
            "name": (campaign.name,),
            "tags": (", ".join(campaign.tags),),
            "data_handler": (campaign.data_handler,),
            "is_test": ("yes",) if campaign.is_test else (),
            "keyword_key": tuple(campaign.keywords),
            "keyword_value": tuple(campaign.keywords.values()),
            "job_type": (await name_default_job_type(self._db, visit, campaign),),
            "login_setup": (await name_default_login_setup(self._db, visit, campaign),),
            "revision": (str(campaign.revision),),
        }
        return Typed({**write_settings(campaign.defaults), **fields})

    async def _show_form(
        self, request: Request, visit: Visit, campaign: Campaign | None, typed: Typed, trouble: Trouble | None = None
    ) -> Response:
        names = sorted((await list_experiment_names(self._db, visit)).values())
        one = campaign.experiment if campaign else None
        page = CampaignForm(
            campaign=campaign,
            typed=typed,
            groups=list_fields(typed, None),
            splits=list_split_choices(),
            keyword_rows=pad_rows(typed.rows("keyword_key", "keyword_value"), 2),
            job_types=unique(each.name for each in await campaigns.list_job_types(self._db, visit.who, experiment=one)),
            login_setups=unique(
                each.name for each in await campaigns.list_login_setups(self._db, visit.who, experiment=one)
            ),
            experiments=tuple(names),
            trouble=trouble,
        )
        return self._door.show(request, "campaign_form.html", page, visit=visit, status=choose_status(trouble))

    async def _show_dependencies(
        self, request: Request, visit: Visit, campaign_id: int, typed: Typed | None, trouble: Trouble | None = None
    ) -> Response:
        campaign = await self._get_editable(visit, campaign_id)
        if typed is None:
            there = await campaigns.list_dependencies(self._db, visit.who, campaign_id=campaign.id)
            rows: Rows = tuple((d.upstream_stage, d.downstream_stage, d.file_pattern) for d in there)
        else:
            rows = typed.rows("upstream", "downstream", "pattern")
        page = DependenciesForm(
            campaign,
            tuple(await campaigns.list_stage_names(self._db, visit.who, campaign_id=campaign.id)),
            pad_rows(rows, 3, 3),
            campaign.revision if typed is None else read_revision(typed) or 0,
            trouble,
        )
        return self._door.show(request, "dependencies.html", page, visit=visit, status=choose_status(trouble))

    def _find_back(self, request: Request, typed: Typed) -> str:
        """Return where a small form wants to come back to: a path of this installation."""
        root = find_root(request)
        return choose_next(typed.text("next"), root).removeprefix(root)


def list_crumbs(campaign: Campaign) -> tuple[Crumb, ...]:
    """Return the way to a page below a campaign."""
    return (Crumb("/", "Campaigns"), Crumb(f"/campaigns/{campaign.id}", campaign.name))


def read_key(typed: Typed) -> str:
    """Return the key that makes a form that is sent twice launch once. Raises InvalidInputError."""
    try:
        return str(UUID(typed.text("key")))
    except ValueError:
        raise InvalidInputError([Problem("key", "is no key of a form: load the page again")]) from None


def read_revision(typed: Typed) -> int | None:
    """Return the revision that a form was made from; None where it says none."""
    found = typed.text("revision")
    return int(found) if found.isascii() and found.isdecimal() and len(found) < 10 else None


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in order, each once."""
    return tuple(sorted(set(names)))


def _read_campaign(typed: Typed) -> NewCampaign:
    return NewCampaign(
        experiment=typed.text("experiment"),
        name=typed.text("name"),
        keywords=_read_keywords(typed),
        defaults=read_settings(typed),
        default_job_type=typed.text("job_type") or None,
        default_login_setup=typed.text("login_setup") or None,
        data_handler=typed.text("data_handler") or DATA_HANDLERS[0],
        is_test=typed.has("is_test"),
        tags=tuple(_read_tags(typed)),
    )


def _read_keywords(typed: Typed) -> dict[str, str]:
    return {read_text("keywords", key): text for key, text in typed.rows("keyword_key", "keyword_value")}


def _read_tags(typed: Typed) -> list[str]:
    return list(dict.fromkeys(tag.strip() for tag in typed.text("tags").split(",") if tag.strip()))

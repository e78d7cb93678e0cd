"""Campaigns as a heap: tags, watch lists, active or not, copies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sutler.auth import SYSTEM, Action, Principal, permit
from sutler.base.events import Event
from sutler.campaigns import store
from sutler.campaigns.model import Campaign, CampaignEvent, NewCampaign, NewStage, Stage
from sutler.campaigns.operations.defining import as_new, create_campaign_in
from sutler.campaigns.operations.loading import load_campaign, thing_of
from sutler.campaigns.operations.schedules import end_schedule_in
from sutler.campaigns.operations.scope import choose_experiments
from sutler.campaigns.operations.templates import check_title
from sutler.database import AlreadyExistsError, Database, Tx

IDLE_FOR = timedelta(days=7)
MOST_TAGS = 20


async def tag_campaigns(
    db: Database, who: Principal, *, campaign_ids: Sequence[int], add: Sequence[str] = (), remove: Sequence[str] = ()
) -> list[Campaign]:
    """Put tags on campaigns and take others off, all or nothing. Raises NotFoundError, NotPermittedError."""
    for tag in add:
        check_title(tag)
    async with db.write() as tx:
        found = [await _open(tx, who, campaign_id) for campaign_id in sorted(set(campaign_ids))]
        ids = [each.id for each in found]
        await store.delete_tags(tx, campaign_ids=ids, tags=remove)
        await store.insert_tags(tx, campaign_ids=ids, tags=add)
        facts: dict[str, object] = {"added": list(add), "removed": list(remove)}
        for each in found:
            event = Event(CampaignEvent.CAMPAIGN_TAGGED, "campaign", str(each.id), each.experiment_id, facts)
            await tx.record(event, who)
        return [await load_campaign(tx, each.id) for each in found]


async def list_tags(db: Database, who: Principal, *, experiment: str | None = None, prefix: str = "") -> dict[str, int]:
    """Return tags that begin with some letters, each with how many campaigns carry it, at most 20.

    Raises NotFoundError for an experiment that the caller is not in.
    """
    async with db.read() as tx:
        experiment_ids = await choose_experiments(tx, who, experiment)
        return await store.list_tags(tx, experiment_ids=experiment_ids, prefix=prefix, count=MOST_TAGS)


async def watch_campaign(db: Database, who: Principal, *, campaign_id: int, is_watched: bool) -> None:
    """Put a campaign on the caller's watch list, or take it off. Raises NotFoundError, NotPermittedError."""
    async with db.write() as tx:
        campaign = await load_campaign(tx, campaign_id)
        permit(who, Action.VIEW, thing_of("campaign", campaign))
        change = store.watch_campaign if is_watched else store.unwatch_campaign
        await change(tx, user_id=who.user_id, campaign_id=campaign_id)


async def mark_campaigns(
    db: Database, who: Principal, *, campaign_ids: Sequence[int], is_active: bool, ends_schedules: bool = False
) -> list[int]:
    """Mark campaigns active or not, all or nothing, and return those that were changed.

    Schedules go on unless they are to be ended, too; a launch makes a campaign active again.
    Raises NotFoundError, NotPermittedError.
    """
    async with db.write() as tx:
        found = {each: await _open(tx, who, each) for each in sorted(set(campaign_ids))}
        changed = await store.set_campaigns_active(tx, campaign_ids=list(found), is_active=is_active)
        for campaign_id in changed:
            await _record_activity(tx, found[campaign_id], who, is_active=is_active)
        if ends_schedules and not is_active:
            for campaign_id in found:
                for stage in await store.list_stages(tx, campaign_id=campaign_id):
                    await end_schedule_in(tx, stage_id=stage.id, reason=f"{who.username} marked the campaign inactive")
        return changed


async def rest_idle_campaigns(db: Database, *, idle_for: timedelta = IDLE_FOR, count: int = 100) -> list[int]:
    """Mark campaigns inactive in which nothing was launched or changed for long, and nothing is open or due.

    Returns their ids, at most `count`. Safe to repeat.
    """
    async with db.write() as tx:
        idle = await store.list_idle_campaigns(tx, before=tx.now - idle_for, count=count)
        changed = await store.set_campaigns_active(tx, campaign_ids=idle, is_active=False)
        for campaign_id in changed:
            await _record_activity(tx, await load_campaign(tx, campaign_id), SYSTEM, is_active=False)
        return changed


async def clone_campaign(db: Database, who: Principal, *, campaign_id: int, name: str) -> Campaign:
    """Copy a campaign with its stages, dependencies and tags under another name. Splits of the copy begin anew.

    Raises NotFoundError, NotPermittedError, AlreadyExistsError, InvalidInputError.
    """
    async with db.write() as tx:
        source = await load_campaign(tx, campaign_id)
        permit(who, Action.VIEW, thing_of("campaign", source))
        if await store.find_campaign_named(tx, experiment_id=source.experiment_id, name=name) is not None:
            raise AlreadyExistsError(f"There is a campaign {name} already.", name=name)
        check_title(name)
        return await create_campaign_in(tx, who, new=await copy_in(tx, source, name=name))


async def copy_in(tx: Tx, campaign: Campaign, *, name: str) -> NewCampaign:
    """Return what a campaign would be saved with under a name."""
    stages = await store.list_stages(tx, campaign_id=campaign.id)
    return NewCampaign(
        experiment=campaign.experiment,
        name=name,
        keywords=campaign.keywords,
        stages=tuple([await _copy_stage(tx, stage) for stage in stages]),
        dependencies=tuple(as_new(one) for one in await store.list_dependencies(tx, campaign_id=campaign.id)),
        defaults=campaign.defaults,
        default_job_type=await name_job_type_in(tx, campaign.default_job_type_id),
        default_login_setup=await name_login_setup_in(tx, campaign.default_login_setup_id),
        data_handler=campaign.data_handler,
        is_active=campaign.is_active,
        is_test=campaign.is_test,
        tags=campaign.tags,
        layout=campaign.layout,
        extras=campaign.extras,
    )


async def _copy_stage(tx: Tx, stage: Stage) -> NewStage:
    job_type = await name_job_type_in(tx, stage.own_job_type_id)
    return NewStage(stage.name, job_type, await name_login_setup_in(tx, stage.own_login_setup_id), stage.own)


async def name_job_type_in(tx: Tx, job_type_id: int | None) -> str | None:
    """Return the name of a job type; None for none."""
    return None if job_type_id is None else (await store.get_job_type(tx, job_type_id=job_type_id)).name


async def name_login_setup_in(tx: Tx, login_setup_id: int | None) -> str | None:
    """Return the name of a login setup; None for none."""
    if login_setup_id is None:
        return None
    return (await store.get_login_setup(tx, login_setup_id=login_setup_id)).name


async def _open(tx: Tx, who: Principal, campaign_id: int) -> Campaign:
    await store.lock_stages_of_campaign(tx, campaign_id=campaign_id)
    await store.lock_campaign(tx, campaign_id=campaign_id)
    campaign = await load_campaign(tx, campaign_id)
    permit(who, Action.EDIT, thing_of("campaign", campaign))
    return campaign


async def _record_activity(tx: Tx, campaign: Campaign, who: Principal, *, is_active: bool) -> None:
    facts: dict[str, object] = {"name": campaign.name, "changes": ["is_active"], "is_active": is_active}
    event = Event(CampaignEvent.CAMPAIGN_CHANGED, "campaign", str(campaign.id), campaign.experiment_id, facts)
    await tx.record(event, who)

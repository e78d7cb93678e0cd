"""Changing campaigns: what they say, their dependencies, tags, watch lists, whether they are active; copies."""

from __future__ import annotations

from fastapi import APIRouter, Response

from sutler import campaigns
from sutler.rest.campaign_shapes import change_settings, read_dependencies, show_campaign
from sutler.rest.context import Here, Once
from sutler.rest.parameters import Experiment, Id
from sutler.rest.revisions import IfMatch, read_revision, tell_revision
from sutler.rest.showing import show_all
from sutler.wire import campaigns as wire
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of changes."""
    router.patch("/campaigns/{campaign_id}")(edit_campaign)
    router.delete("/campaigns/{campaign_id}", status_code=204)(delete_campaign)
    router.post("/campaigns/{campaign_id}/clone", status_code=201)(clone_campaign)
    router.put("/campaigns/{campaign_id}/dependencies")(set_dependencies)
    router.put("/campaigns/{campaign_id}/watch", status_code=204)(watch_campaign)
    router.delete("/campaigns/{campaign_id}/watch", status_code=204)(unwatch_campaign)
    router.get("/campaign_tags")(list_tags)
    router.post("/campaign_tags")(tag_campaigns)
    router.post("/campaigns/mark")(mark_campaigns)


async def edit_campaign(
    here: Here, response: Response, campaign_id: Id, body: wire.CampaignChange, if_match: IfMatch = None
) -> wire.Campaign:
    """Change what a campaign says. Its stages follow its defaults where they say nothing themselves."""
    revision = read_revision(if_match)
    given = dict(vars(body))
    unset, defaults = given.pop("unset_defaults"), given.pop("defaults")
    if unset or defaults is not None:
        view = await campaigns.view_campaign(here.db, here.who, campaign_id=campaign_id)
        # What is looked at here is what is changed below, or the change is refused.
        revision = view.campaign.revision if revision is None else revision
        given["defaults"] = change_settings(view.campaign.defaults, defaults, unset, "unset_defaults")
    changed = await campaigns.edit_campaign(
        here.db, here.who, campaign_id=campaign_id, change=campaigns.CampaignChange(**given), revision=revision
    )
    tell_revision(response, changed.revision)
    return show_campaign(changed)


async def delete_campaign(here: Here, campaign_id: Id) -> None:
    """Delete a campaign that was never launched."""
    await campaigns.delete_campaign(here.db, here.who, campaign_id=campaign_id)


async def clone_campaign(here: Once, response: Response, campaign_id: Id, body: wire.Named) -> wire.Campaign:
    """Copy a campaign with its stages, dependencies and tags under another name. Splits of the copy begin anew."""
    made = await campaigns.clone_campaign(here.db, here.who, campaign_id=campaign_id, name=body.name)
    tell_revision(response, made.revision)
    return show_campaign(made)


async def set_dependencies(
    here: Here, campaign_id: Id, body: wire.NewDependencies, if_match: IfMatch = None
) -> Page[wire.Dependency]:
    """Replace the dependencies of a campaign; those that stay keep their number."""
    found = await campaigns.set_dependencies(
        here.db,
        here.who,
        campaign_id=campaign_id,
        dependencies=read_dependencies(body.dependencies),
        revision=read_revision(if_match),
    )
    return Page(show_all(wire.Dependency, found))


async def watch_campaign(here: Here, campaign_id: Id) -> None:
    """Put a campaign on one's watch list."""
    await campaigns.watch_campaign(here.db, here.who, campaign_id=campaign_id, is_watched=True)


async def unwatch_campaign(here: Here, campaign_id: Id) -> None:
    """Take a campaign off one's watch list."""
    await campaigns.watch_campaign(here.db, here.who, campaign_id=campaign_id, is_watched=False)


async def list_tags(here: Here, experiment: Experiment = None, prefix: str = "") -> Page[wire.Tag]:
    """List tags that begin with some letters, at most 20, each with how many campaigns carry it."""
    found = await campaigns.list_tags(here.db, here.who, experiment=experiment, prefix=prefix)
    return Page(tuple(wire.Tag(tag, count) for tag, count in found.items()))


async def tag_campaigns(here: Here, body: wire.TagChange) -> Page[wire.Campaign]:
    """Put tags on campaigns and take others off, all or nothing."""
    found = await campaigns.tag_campaigns(
        here.db, here.who, campaign_ids=body.campaign_ids, add=body.add, remove=body.remove
    )
    return Page(tuple(map(show_campaign, found)))


async def mark_campaigns(here: Here, body: wire.Mark) -> wire.Changed:
    """Mark campaigns active or not, all or nothing. A launch makes a campaign active again."""
    return wire.Changed(tuple(await campaigns.mark_campaigns(here.db, here.who, **vars(body))))

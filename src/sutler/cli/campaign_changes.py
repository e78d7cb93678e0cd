"""Changing campaigns: `sutler campaign edit`, `clone`, `delete`, `tag`, `watch`, `activate`, `launch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.asking import connect
from sutler.cli.options import Experiment, Json
from sutler.cli.output import print_json, print_table
from sutler.cli.settings import Sets, Unsets, read_settings

if TYPE_CHECKING:
    from sutler.wire.campaigns import NewDependency

CampaignId = Annotated[int, typer.Argument(metavar="ID", help="The number of the campaign.")]
CampaignIds = Annotated[list[int], typer.Argument(metavar="ID...", help="The numbers of the campaigns.")]
ARROW = "->"


def register(app: typer.Typer) -> None:
    """Add these commands to those of campaigns."""
    app.command("edit")(edit_campaign)
    app.command("dependencies")(set_dependencies)
    app.command("clone")(clone_campaign)
    app.command("delete")(delete_campaign)
    app.command("tag")(tag_campaigns)
    app.command("tags")(list_tags)
    app.command("watch")(watch_campaign)
    app.command("unwatch")(unwatch_campaign)
    app.command("activate")(activate_campaigns)
    app.command("deactivate")(deactivate_campaigns)
    app.command("launch")(launch_campaign)


def edit_campaign(
    *,
    campaign_id: CampaignId,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    keywords: Annotated[
        list[str] | None, typer.Option("--keyword", metavar="NAME=VALUE", help="A keyword, in place of all there are.")
    ] = None,
    sets: Sets = None,
    unsets: Unsets = None,
    job_type: Annotated[str | None, typer.Option(help="The job type that stages inherit; empty for none.")] = None,
    login_setup: Annotated[str | None, typer.Option(help="The login setup that stages inherit.")] = None,
    data_handler: Annotated[str | None, typer.Option(help="data_dispatcher or sam.")] = None,
    is_test: Annotated[bool | None, typer.Option("--test/--no-test", help="Whether it is a test.")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="A tag, in place of all there are.")] = None,
    as_json: Json = False,
) -> None:
    """Change what a campaign says; --set and --unset are about what its stages inherit."""
    from sutler.wire.campaigns import CampaignChange

    given: dict[str, Any] = {
        "name": name,
        "keywords": None if keywords is None else dict(map(_split_keyword, keywords)),
        "default_job_type": job_type,
        "default_login_setup": login_setup,
        "data_handler": data_handler,
        "is_test": is_test,
        "tags": None if tags is None else tuple(tags),
    }
    change = CampaignChange(**given, defaults=read_settings(sets), unset_defaults=tuple(unsets or ()))
    with connect() as client:
        revision = client.view_campaign(campaign_id).campaign.revision
        changed = client.edit_campaign(campaign_id, change, revision=revision)
    if as_json:
        print_json(changed)
    else:
        typer.echo(f"Campaign {changed.id} {changed.name} is changed.")


def set_dependencies(
    *,
    campaign_id: CampaignId,
    dependencies: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FROM->TO[:PATTERN]]...", help="All of them; none removes those there are."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Replace which stage feeds which, like: 'generate->reconstruct:%.root'. A stage may feed itself."""
    wanted = [_read_dependency(text) for text in dependencies or ()]
    with connect() as client:
        revision = client.view_campaign(campaign_id).campaign.revision
        items = client.set_dependencies(campaign_id, wanted, revision=revision).items
    if as_json:
        print_json(items)
    else:
        rows = [(one.upstream_stage, one.downstream_stage, one.file_pattern) for one in items]
        print_table(("from stage", "to stage", "files like"), rows)


def clone_campaign(
    *, campaign_id: CampaignId, name: Annotated[str, typer.Argument(help="Its new name.")], as_json: Json = False
) -> None:
    """Copy a campaign with its stages, dependencies and tags. Splits of the copy begin anew."""
    with connect() as client:
        made = client.clone_campaign(campaign_id, name)
    if as_json:
        print_json(made)
    else:
        typer.echo(f"Campaign {made.id} {made.name} is there.")


def delete_campaign(*, campaign_id: CampaignId) -> None:
    """Delete a campaign that was never launched."""
    with connect() as client:
        client.delete_campaign(campaign_id)
    typer.echo(f"Campaign {campaign_id} is deleted.")


def tag_campaigns(
    *,
    campaign_ids: CampaignIds,
    add: Annotated[list[str] | None, typer.Option("--add", help="A tag to put on; give it often.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="A tag to take off; give it often.")] = None,
    as_json: Json = False,
) -> None:
    """Put tags on campaigns and take others off, all or nothing."""
    with connect() as client:
        items = client.tag_campaigns(campaign_ids, add=add or (), remove=remove or ()).items
    if as_json:
        print_json(items)
    else:
        print_table(("id", "name", "tags"), [(one.id, one.name, ", ".join(one.tags)) for one in items])


def list_tags(
    *,
    prefix: Annotated[str, typer.Argument(help="Only tags that begin so.")] = "",
    experiment: Experiment = None,
    as_json: Json = False,
) -> None:
    """List tags and how many campaigns carry each."""
    with connect() as client:
        items = client.list_tags(experiment=experiment, prefix=prefix).items
    if as_json:
        print_json(items)
    else:
        print_table(("tag", "campaigns"), [(one.tag, one.campaign_count) for one in items])


def watch_campaign(*, campaign_id: CampaignId) -> None:
    """Put a campaign on your watch list."""
    with connect() as client:
        client.watch_campaign(campaign_id)
    typer.echo(f"Campaign {campaign_id} is on your watch list: sutler campaign list --watched")


def unwatch_campaign(*, campaign_id: CampaignId) -> None:
    """Take a campaign off your watch list."""
    with connect() as client:
        client.watch_campaign(campaign_id, is_watched=False)
    typer.echo(f"Campaign {campaign_id} is off your watch list.")


def activate_campaigns(*, campaign_ids: CampaignIds) -> None:
    """Mark campaigns active, all or nothing."""
    _mark(campaign_ids, is_active=True, ends_schedules=False)


def deactivate_campaigns(
    *,
    campaign_ids: CampaignIds,
    ends_schedules: Annotated[bool, typer.Option("--end-schedules", help="End their schedules, too.")] = False,
) -> None:
    """Mark campaigns inactive, all or nothing. A launch makes one active again."""
    _mark(campaign_ids, is_active=False, ends_schedules=ends_schedules)


def launch_campaign(
    *,
    campaign_id: CampaignId,
    key: Annotated[str | None, typer.Option(help="The same key again launches nothing new.")] = None,
) -> None:
    """Launch the one stage of a campaign that no other feeds."""
    with connect() as client:
        submission_id = client.launch_campaign(campaign_id, key=key)
    typer.echo(f"Submission {submission_id} is launched. Follow it: sutler submission watch {submission_id}")


def _mark(campaign_ids: list[int], *, is_active: bool, ends_schedules: bool) -> None:
    with connect() as client:
        changed = client.mark_campaigns(campaign_ids, is_active=is_active, ends_schedules=ends_schedules)
    word = "active" if is_active else "inactive"
    listed = ", ".join(map(str, changed))
    typer.echo(f"Marked {word}: {listed}." if changed else f"They were {word} before.")


def _split_keyword(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidInputError([Problem(f"--keyword {text}", "takes NAME=VALUE")])
    return name.strip(), value


def _read_dependency(text: str) -> NewDependency:
    from sutler.wire.campaigns import NewDependency

    upstream, arrow, rest = text.partition(ARROW)
    downstream, _, pattern = rest.partition(":")
    if not arrow or not upstream.strip() or not downstream.strip():
        raise InvalidInputError([Problem(text, "takes FROM->TO, or FROM->TO:PATTERN")])
    return NewDependency(upstream.strip(), downstream.strip(), pattern.strip() or "%")

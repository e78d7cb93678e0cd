"""Campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sutler.base.errors import Problem
from sutler.cli import campaign_changes, campaign_texts
from sutler.cli.asking import connect, read_document, read_shape, take
from sutler.cli.failures import InputFileError
from sutler.cli.options import Experiment, File, Json, Limit
from sutler.cli.output import print_facts, print_json, print_table, show_cell

if TYPE_CHECKING:
    from sutler.client import Client
    from sutler.wire.campaigns import Campaign, StageSummary
    from sutler.wire.submissions import CampaignView

commands = typer.Typer(no_args_is_help=True, help="Campaigns: what is to run, in which order.")

_PARTS = {"login_setups", "job_types", "campaign"}


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(commands, name="campaign")
    campaign_changes.register(commands)
    campaign_texts.register(commands)


@commands.command("list")
def list_campaigns(
    *,
    name: Annotated[str | None, typer.Argument(help="Only these; * stands for any characters.")] = None,
    experiment: Experiment = None,
    is_active: Annotated[bool | None, typer.Option("--active/--inactive", help="Only those in use, or not.")] = None,
    is_mine: Annotated[bool | None, typer.Option("--mine/--others", help="Only yours, or those of others.")] = None,
    is_production: Annotated[
        bool | None, typer.Option("--production/--analysis", help="Only of production, or of analysis.")
    ] = None,
    is_watched: Annotated[bool, typer.Option("--watched", help="Only those on your watch list.")] = False,
    tag: Annotated[str | None, typer.Option(help="Only those with this tag.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List campaigns, newest first."""
    with connect() as client:
        items = take(
            client,
            client.list_campaigns,
            limit,
            experiment=experiment,
            name=name,
            is_active=is_active,
            is_mine=is_mine,
            is_production=is_production,
            is_watched=is_watched,
            tag=tag,
        )
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "experiment", "name", "stages", "submissions", "open", "failed files", "tags", "creator", "created"),
        [
            (
                one.id,
                one.experiment,
                one.name,
                one.stage_count,
                one.submission_count,
                one.open_submission_count,
                one.failed_file_count,
                ", ".join(one.tags),
                one.creator,
                one.created_at,
            )
            for one in items
        ],
    )


@commands.command("show")
def show_campaign(
    *,
    campaign_id: Annotated[int, typer.Argument(metavar="ID", help="The number of the campaign.")],
    as_json: Json = False,
) -> None:
    """Show a campaign with its first 200 stages and newest submissions."""
    with connect() as client:
        view = client.view_campaign(campaign_id)
    if as_json:
        print_json(view)
    else:
        _print_view(view)


@commands.command("create")
def create_campaign(*, file: File, as_json: Json = False) -> None:
    """Make a campaign from a file, with the job types and login setups that it needs.

    The file is one object with three parts, saved in this order:

    - `login_setups`: a list, may be missing; what has the name is replaced.

    - `job_types`: a list, may be missing; what has the name is replaced.

    - `campaign`: an object with `experiment`, `name`, `stages`, `dependencies`.

    A file without these parts is the campaign alone. A smallest one:

    {"login_setups": [{"experiment": "demo", "name": "here"}],

    "job_types": [{"experiment": "demo", "name": "look",
    "launch_script": "/bin/ls -l {file}"}],

    "campaign": {"experiment": "demo", "name": "first", "stages": [
    {"name": "look", "job_type": "look", "login_setup": "here",
    "dataset_query": "files from demo:reco"}]}}
    """
    document = read_document(file)
    with connect() as client:
        created = _save(client, document, file)
        view = client.view_campaign(created.id)
    if as_json:
        print_json(view)
    else:
        typer.echo(f"Campaign {created.id} {created.name} is there.")
        _print_stages(view)
        first = next((one.id for one in view.stages if one.dataset_query or one.stage_type == "generator"), None)
        if first is not None:
            typer.echo(f"Launch its first stage with: sutler stage launch {first}")


def _save(client: Client, document: Any, file: str) -> Campaign:  # noqa: ANN401 - whatever the file holds
    from sutler.wire import campaigns as wire

    parts = _split(document, file)
    setups = read_shape(_tuple_of(wire.NewLoginSetup), parts.get("login_setups", []), f"{file}: login_setups")
    job_types = read_shape(_tuple_of(wire.NewJobType), parts.get("job_types", []), f"{file}: job_types")
    campaign = read_shape(wire.NewCampaign, parts["campaign"], f"{file}: campaign")
    for setup in setups:
        client.save_login_setup(setup)
    for job_type in job_types:
        client.save_job_type(job_type)
    return client.create_campaign(campaign)


def _split(document: Any, file: str) -> dict[str, Any]:  # noqa: ANN401 - whatever the file holds
    """Return the parts of a document by name; one without any is the campaign itself. Raises InputFileError."""
    if not isinstance(document, dict) or not document:
        raise InputFileError([Problem(file, "should hold an object with login_setups, job_types and campaign")])
    if not document.keys() & _PARTS:
        return {"campaign": document}
    unknown = sorted(document.keys() - _PARTS)
    if unknown:
        raise InputFileError([Problem(file, f"has the unknown part {unknown[0]}; known: {', '.join(sorted(_PARTS))}")])
    if "campaign" not in document:
        raise InputFileError([Problem(file, "has no campaign")])
    return document


def _tuple_of(shape: Any) -> Any:  # noqa: ANN401 - a type made at run time
    return tuple[shape, ...]


def _print_view(view: CampaignView) -> None:
    campaign = view.campaign
    print_facts(
        [
            ("campaign", f"{campaign.id} {campaign.name}"),
            ("experiment", campaign.experiment),
            ("creator", f"{campaign.creator} as {campaign.creator_role}"),
            ("created", campaign.created_at),
            ("active", campaign.is_active),
            ("test", campaign.is_test or None),
            ("data handler", campaign.data_handler),
            ("tags", ", ".join(campaign.tags)),
            ("keywords", ", ".join(f"{name} = {text}" for name, text in campaign.keywords.items())),
            (
                "defaults",
                ", ".join(f"{n} = {show_cell(v)}" for n, v in vars(campaign.defaults).items() if v is not None),
            ),
            ("revision", campaign.revision),
        ]
    )
    typer.echo()
    _print_stages(view)
    if view.dependencies:
        typer.echo()
        print_table(
            ("from stage", "to stage", "files like"),
            [(one.upstream_stage, one.downstream_stage, one.file_pattern) for one in view.dependencies],
        )
    if view.submissions:
        typer.echo()
        print_table(
            ("submission", "stage", "status", "batch", "completed %", "failed", "created"),
            [
                (s.id, s.stage, s.status, s.batch_status, s.percent_completed, s.failed_count, s.created_at)
                for s in view.submissions
            ],
        )


def _describe_source(view: CampaignView, stage: StageSummary) -> str:
    """Return where the files of a stage without a query come from."""
    feeding = [one.upstream_stage for one in view.dependencies if one.downstream_stage_id == stage.id]
    return f"outputs of {', '.join(feeding)}" if feeding else stage.stage_type


def _print_stages(view: CampaignView) -> None:
    print_table(
        ("stage", "name", "job type", "login setup", "data", "split", "held", "submissions", "open"),
        [
            (
                one.id,
                one.name,
                one.job_type,
                one.login_setup,
                one.dataset_query or _describe_source(view, one),
                one.split_type,
                one.is_held,
                one.submission_count,
                one.running_count,
            )
            for one in view.stages
        ],
    )
    if view.next_stages_cursor is not None:
        missing = view.stage_count - len(view.stages)
        typer.echo(f"{missing} more: sutler stage list {view.campaign.id} --limit {view.stage_count}")

"""Campaigns as files: `sutler campaign validate`, `plan`, `apply`, `diff`, `export` and `sample`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sutler.base.errors import Problem
from sutler.cli.asking import connect
from sutler.cli.failures import REFUSED, InputFileError
from sutler.cli.options import Json
from sutler.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sutler.wire.plans import CampaignPlan, CampaignText, PlannedChange, StageEffect

CampaignFile = Annotated[
    str, typer.Argument(metavar="FILE", help="A campaign as TOML or INI; - is standard input.", show_default=False)
]
IntoExperiment = Annotated[
    str | None, typer.Option("--experiment", "-e", help="The experiment, in place of the one that the file names.")
]


class Form(StrEnum):
    """The forms that a campaign is written in."""

    TOML = "toml"
    INI = "ini"


def register(app: typer.Typer) -> None:
    """Add these commands to those of campaigns."""
    app.command("validate")(validate_campaign)
    app.command("plan")(plan_campaign)
    app.command("apply")(apply_campaign)
    app.command("diff")(diff_campaign)
    app.command("export")(export_campaign)
    app.command("sample")(show_sample)


def validate_campaign(*, file: CampaignFile, experiment: IntoExperiment = None) -> None:
    """Say what is wrong with a file, all at once. Nothing is changed. Exit code 1 if something is."""
    with connect() as client:
        plan = client.plan_campaign(_read_file(file, experiment))
    _print_remarks(plan)
    if plan.problems:
        raise typer.Exit(REFUSED)
    typer.echo(f"{file} is fine: campaign {plan.name} of {plan.experiment}.")


def plan_campaign(*, file: CampaignFile, experiment: IntoExperiment = None, as_json: Json = False) -> None:
    """Show what applying a file would change, and how many files that touches. Exit code 1 if it cannot be applied."""
    with connect() as client:
        plan = client.plan_campaign(_read_file(file, experiment))
    if as_json:
        print_json(plan)
    else:
        _print_plan(plan)
    if plan.problems:
        raise typer.Exit(REFUSED)


def apply_campaign(
    *,
    file: CampaignFile,
    experiment: IntoExperiment = None,
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Make a campaign what a file says: show the plan, ask, then create or change it as a whole.

    Stages are matched by name; what the file does not have leaves the campaign, with its history kept.
    """
    from dataclasses import replace

    text = _read_file(file, experiment)
    with connect() as client:
        plan = client.plan_campaign(text)
        if not as_json or plan.problems:
            _print_plan(plan)
        if plan.problems:
            raise typer.Exit(REFUSED)
        if plan.changes and not is_sure:
            typer.confirm("Apply it?", abort=True, err=True)
        done = client.apply_campaign(replace(text, revision=plan.revision))
    if as_json:
        print_json(done)
    elif done.changes:
        typer.echo(f"Campaign {done.campaign_id} {done.name} is applied.")
        print_table(("stage", "name"), [(stage.id, stage.name) for stage in done.stages])


def diff_campaign(
    *,
    campaign_id: Annotated[int, typer.Argument(metavar="ID", help="The number of the campaign.")],
    file: CampaignFile,
    as_json: Json = False,
) -> None:
    """Show how a file differs from a campaign. Exit code 1 if it does."""
    with connect() as client:
        campaign = client.view_campaign(campaign_id).campaign
        plan = client.plan_campaign(_read_file(file, campaign.experiment))
    if plan.campaign_id != campaign_id:
        what = f"holds campaign {plan.name}, while {campaign_id} is {campaign.name}"
        raise InputFileError([Problem(file, what)])
    if as_json:
        print_json(plan.changes)
    elif plan.changes:
        print_changes(plan.changes)
    else:
        typer.echo("They say the same.")
    if plan.changes:
        raise typer.Exit(REFUSED)


def export_campaign(
    *,
    campaign_id: Annotated[int, typer.Argument(metavar="ID", help="The number of the campaign.")],
    form: Annotated[Form, typer.Option(help="How it is written.")] = Form.TOML,
) -> None:
    """Print a campaign with everything that belongs to it, for a file that can be planned and applied."""
    with connect() as client:
        text = client.export_campaign(campaign_id, form=form.value)
    typer.echo(text, nl=not text.endswith("\n"))


def show_sample(
    *, name: Annotated[str | None, typer.Argument(help="Print this one; without a name list them.")] = None
) -> None:
    """Print a campaign to begin with, or list those there are."""
    with connect() as client:
        if name is not None:
            typer.echo(client.get_sample(name).text, nl=False)
            return
        items = client.list_samples().items
    print_table(("name", "what it is"), [(one.name, one.title) for one in items])


def print_changes(changes: Sequence[PlannedChange]) -> None:
    """Print differences, one a line: + green what is added, - red what is removed, ~ yellow what is changed."""
    for one in changes:
        if one.kind == "added":
            typer.secho(f"  + {one.where}{_tell(one.after)}", fg=typer.colors.GREEN)
        elif one.kind == "removed":
            typer.secho(f"  - {one.where}{_tell(one.before)}", fg=typer.colors.RED)
        else:
            typer.secho(f"  ~ {one.where}: {_quote(one.before)} → {_quote(one.after)}", fg=typer.colors.YELLOW)


def _read_file(name: str, experiment: str | None) -> CampaignText:
    from sutler.wire.plans import CampaignText

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise InputFileError([Problem(name, f"cannot be read: {error.strerror}")]) from error
    except ValueError as error:
        raise InputFileError([Problem(name, f"is not a text in UTF-8: {error}")]) from error
    return CampaignText(text, None if name == "-" else Path(name).name, experiment)


def _print_plan(plan: CampaignPlan) -> None:
    there = "is new" if plan.campaign_id is None else f"is there as {plan.campaign_id}"
    typer.echo(f"Campaign {plan.name} of {plan.experiment} {there}.")
    if plan.changes:
        print_changes(plan.changes)
        for effect in plan.effects:
            typer.echo(f"  stage {effect.stage}: {_describe_effect(effect)}")
        counts = {kind: sum(one.kind == kind for one in plan.changes) for kind in ("added", "changed", "removed")}
        typer.echo(f"{counts['added']} to add, {counts['changed']} to change, {counts['removed']} to remove.")
    elif not plan.problems:
        typer.echo("Nothing to change: file and campaign say the same.")
    _print_remarks(plan)


def _describe_effect(effect: StageEffect) -> str:
    files = "files not known now" if effect.file_count is None else _count(effect.file_count, "file")
    parts = [effect.kind or "unchanged", files]
    if effect.given_out_count:
        again = ", which would be given out once more" if effect.begins_anew else ""
        parts.append(f"{effect.given_out_count} given out so far{again}")
    if effect.submission_count:
        parts.append(f"{_count(effect.submission_count, 'submission')} kept")
    return "; ".join(parts)


def _print_remarks(plan: CampaignPlan) -> None:
    for warning in plan.warnings:
        typer.secho(f"Warning: {warning}", fg=typer.colors.YELLOW, err=True)
    for problem in plan.problems:
        typer.secho(f"Problem: {problem}", fg=typer.colors.RED, err=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _tell(value: str) -> str:
    return f": {_quote(value)}" if value else ""


def _quote(value: str) -> str:
    return value if value and "\n" not in value else repr(value)

"""What stages refer to: `sutler login-setup` and `sutler job-type`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sutler.cli.asking import connect, read_document, read_shape, take
from sutler.cli.options import Experiment, File, Json, Limit
from sutler.cli.output import print_facts, print_json, print_table, show_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sutler.wire.campaigns import TemplateUse

login_setups = typer.Typer(no_args_is_help=True, help="Login setups: how to get ready to submit.")
job_types = typer.Typer(no_args_is_help=True, help="Job types: what to run on each file.")

SetupId = Annotated[int, typer.Argument(metavar="ID", help="The number of the login setup.")]
JobTypeId = Annotated[int, typer.Argument(metavar="ID", help="The number of the job type.")]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="The name of the copy.")]
Revision = Annotated[int | None, typer.Option(min=1, help="Change it only if this is still its revision.")]

PAUSE_SECONDS = 0.5


class Side(StrEnum):
    """Whose login setups are meant."""

    ANALYSIS = "analysis"
    PRODUCTION = "production"


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(login_setups, name="login-setup")
    app.add_typer(job_types, name="job-type")


@login_setups.command("list")
def list_login_setups(*, experiment: Experiment = None, as_json: Json = False) -> None:
    """List login setups."""
    with connect() as client:
        items = client.list_login_setups(experiment=experiment).items
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "experiment", "name", "back-end", "host", "account", "role", "active"),
        [(s.id, s.experiment, s.name, s.backend, s.host, s.account, s.creator_role, s.is_active) for s in items],
    )


@login_setups.command("show")
def show_login_setup(*, login_setup_id: SetupId, as_json: Json = False) -> None:
    """Show a login setup with its text."""
    with connect() as client:
        one = client.get_login_setup(login_setup_id)
    if as_json:
        print_json(one)
        return
    print_facts(
        [
            ("login setup", f"{one.id} {one.name}"),
            ("experiment", one.experiment),
            ("back-end", one.backend),
            ("host", one.host),
            ("account", one.account),
            ("role", one.creator_role),
            ("active", one.is_active),
            ("revision", one.revision),
        ]
    )
    if one.setup:
        typer.echo(f"\n{one.setup}")


@login_setups.command("save")
def save_login_setup(*, file: File, revision: Revision = None, as_json: Json = False) -> None:
    """Make a login setup from a file, or change the one of that name.

    {"experiment": "demo", "name": "here", "backend": "local", "setup": "export A=1"}
    """
    from sutler.wire.campaigns import NewLoginSetup

    new = read_shape(NewLoginSetup, read_document(file), file)
    with connect() as client:
        saved = client.save_login_setup(new, revision=revision)
    _tell("Login setup", saved.id, saved.name, saved, as_json=as_json)


@login_setups.command("users")
def list_login_setup_users(*, login_setup_id: SetupId, limit: Limit = 1000, as_json: Json = False) -> None:
    """List the campaigns and stages that use a login setup, the newest campaign first."""
    with connect() as client:
        items = take(client, client.list_login_setup_users, limit, login_setup_id=login_setup_id)
    _print_users(items, as_json=as_json)


@login_setups.command("clone")
def clone_login_setup(*, login_setup_id: SetupId, name: NewName, as_json: Json = False) -> None:
    """Copy a login setup under another name; the copy is yours."""
    with connect() as client:
        made = client.clone_login_setup(login_setup_id, name)
    _tell("Login setup", made.id, made.name, made, as_json=as_json)


@login_setups.command("delete")
def delete_login_setup(*, login_setup_id: SetupId) -> None:
    """Delete a login setup that nothing refers to."""
    with connect() as client:
        client.delete_login_setup(login_setup_id)
    typer.echo(f"Login setup {login_setup_id} is deleted.")


@login_setups.command("try")
def try_login_setup(
    *,
    login_setup_id: SetupId,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for its end.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Run a login setup where its launches would run, and print what it says. Exit code 1 if it fails."""
    import time

    deadline = time.monotonic() + timeout
    with connect() as client:
        trial = client.try_login_setup(login_setup_id)
        while not trial.is_over and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
            trial = client.view_login_setup_trial(login_setup_id, trial.key)
    if as_json:
        print_json(trial)
    else:
        if trial.output:
            typer.echo(trial.output, nl=not trial.output.endswith("\n"))
        ending = (
            "It came to its end." if trial.is_good else f"It failed: {trial.reason or 'it did not come to its end'}."
        )
        typer.echo(ending if trial.is_over else "It is still at work.", err=True)
    if not trial.is_good:
        raise typer.Exit(1)


@login_setups.command("hosts")
def list_launch_hosts(
    *,
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="The experiment.")],
    role: Annotated[Side | None, typer.Option(help="Replace those of this role by the hosts given.")] = None,
    hosts: Annotated[list[str] | None, typer.Option("--host", help="A part of a host's name; give it often.")] = None,
    as_json: Json = False,
) -> None:
    """Show where login setups of an experiment may log in to, or say it anew."""
    with connect() as client:
        if role is None:
            kept = client.get_launch_hosts(experiment)
        else:
            kept = client.set_launch_hosts(experiment, role.value, hosts or ())
    if as_json:
        print_json(kept)
    else:
        rows = [("analysis", ", ".join(kept.analysis)), ("production", ", ".join(kept.production))]
        print_table(("role", "hosts with a name like"), rows)


@job_types.command("list")
def list_job_types(*, experiment: Experiment = None, as_json: Json = False) -> None:
    """List job types."""
    with connect() as client:
        items = client.list_job_types(experiment=experiment).items
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "experiment", "name", "runs", "outputs", "recoveries", "role", "active"),
        [
            (
                one.id,
                one.experiment,
                one.name,
                one.launch_script,
                " ".join(one.output_file_patterns),
                ", ".join(recovery.recovery_type for recovery in one.recoveries),
                one.creator_role,
                one.is_active,
            )
            for one in items
        ],
    )


@job_types.command("show")
def show_job_type(*, job_type_id: JobTypeId, as_json: Json = False) -> None:
    """Show a job type."""
    with connect() as client:
        one = client.get_job_type(job_type_id)
    if as_json:
        print_json(one)
        return
    print_facts(
        [
            ("job type", f"{one.id} {one.name}"),
            ("experiment", one.experiment),
            ("runs", one.launch_script),
            ("parameters", show_parameters(one.parameters)),
            ("outputs", " ".join(one.output_file_patterns)),
            ("into", f"{one.output_namespace}:{one.output_dataset}"),
            ("at", one.output_rse),
            ("files per run", one.files_per_run),
            ("attempts", one.max_attempts),
            ("run time-out", one.run_timeout_seconds),
            ("recoveries", ", ".join(_describe(r.recovery_type, r.parameter_overrides) for r in one.recoveries)),
            ("role", one.creator_role),
            ("active", one.is_active),
            ("revision", one.revision),
        ]
    )


@job_types.command("save")
def save_job_type(
    *,
    file: File,
    switch: Annotated[
        list[int] | None, typer.Option(metavar="STAGE", help="A stage that uses it from now on; give it often.")
    ] = None,
    revision: Revision = None,
    as_json: Json = False,
) -> None:
    """Make a job type from a file, or change the one of that name for all stages that use it.

    {"experiment": "demo", "name": "look", "launch_script": "/bin/ls -l {file}"}
    """
    from sutler.wire.campaigns import NewJobType

    new = read_shape(NewJobType, read_document(file), file)
    with connect() as client:
        saved = client.save_job_type(new, revision=revision, switch_stage_ids=switch or ())
    _tell("Job type", saved.id, saved.name, saved, as_json=as_json)


@job_types.command("users")
def list_job_type_users(*, job_type_id: JobTypeId, limit: Limit = 1000, as_json: Json = False) -> None:
    """List the campaigns and stages that use a job type, the newest campaign first."""
    with connect() as client:
        items = take(client, client.list_job_type_users, limit, job_type_id=job_type_id)
    _print_users(items, as_json=as_json)


@job_types.command("clone")
def clone_job_type(*, job_type_id: JobTypeId, name: NewName, as_json: Json = False) -> None:
    """Copy a job type under another name; the copy is yours."""
    with connect() as client:
        made = client.clone_job_type(job_type_id, name)
    _tell("Job type", made.id, made.name, made, as_json=as_json)


@job_types.command("delete")
def delete_job_type(*, job_type_id: JobTypeId) -> None:
    """Delete a job type that nothing refers to."""
    with connect() as client:
        client.delete_job_type(job_type_id)
    typer.echo(f"Job type {job_type_id} is deleted.")


def _print_users(items: Sequence[TemplateUse], *, as_json: bool) -> None:
    if as_json:
        print_json(items)
        return
    print_table(
        ("campaign", "name", "stage", "name", "how"),
        [(one.campaign_id, one.campaign, one.stage_id, one.stage, _describe_use(one)) for one in items],
    )


def _describe_use(one: TemplateUse) -> str:
    if one.stage_id is None:
        return "for its stages"
    return "from its campaign" if one.is_inherited else "itself"


def _describe(recovery_type: str, overrides: tuple[tuple[str, str], ...]) -> str:
    return f"{recovery_type} with {show_parameters(overrides)}" if overrides else recovery_type


def _tell(what: str, number: int, name: str, saved: object, *, as_json: bool) -> None:
    if as_json:
        print_json(saved)
    else:
        typer.echo(f"{what} {number} {name} is saved.")

"""Projects: sets of files that workers draw from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sutler.base.did import Did
from sutler.base.errors import Problem
from sutler.cli.asking import choose_experiment, connect, take
from sutler.cli.failures import InputFileError
from sutler.cli.options import Experiment, InExperiment, Json, Limit
from sutler.cli.output import print_facts, print_json, print_table, show_counts
from sutler.cli.submissions import HandleWord

if TYPE_CHECKING:
    from sutler.wire.dispatch import NewHandle

commands = typer.Typer(no_args_is_help=True, help="Projects: sets of files that workers draw from.")

ProjectId = Annotated[int, typer.Argument(metavar="ID", help="The number of the project.")]


class ProjectWord(StrEnum):
    """The states of projects."""

    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(commands, name="project")


@commands.command("list")
def list_projects(
    *,
    experiment: Experiment = None,
    state: Annotated[ProjectWord | None, typer.Option(help="Only projects in this state.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only of this user.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List projects, newest first."""
    with connect() as client:
        items = take(client, client.list_projects, limit, experiment=experiment, state=state, owner=owner)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "experiment", "owner", "state", "files", "not submitted", "reserved", "done", "failed", "created"),
        [
            (
                one.id,
                one.experiment,
                one.owner,
                one.state,
                one.total_count,
                one.initial_count,
                one.reserved_count,
                one.done_count,
                one.failed_count,
                one.created_at,
            )
            for one in items
        ],
    )


@commands.command("show")
def show_project(*, project_id: ProjectId, as_json: Json = False) -> None:
    """Show a project."""
    with connect() as client:
        one = client.get_project(project_id)
    if as_json:
        print_json(one)
        return
    print_facts(
        [
            ("project", one.id),
            ("experiment", one.experiment),
            ("owner", f"{one.owner} as {one.owner_role}"),
            ("state", one.state),
            ("files", show_counts(one)),
            ("query", one.query),
            ("attributes", one.attributes),
            ("attempts for a file", one.max_attempts),
            ("created", one.created_at),
            ("ended", one.ended_at),
        ]
    )


@commands.command("files")
def list_files(
    *,
    project_id: ProjectId,
    state: Annotated[HandleWord | None, typer.Option(help="Only files in this state.")] = None,
    limit: Limit = 1000,
    as_json: Json = False,
) -> None:
    """List the files of a project; of failed ones, why."""
    with connect() as client:
        items = take(client, client.list_handles, limit, project_id=project_id, state=state)
    if as_json:
        print_json(items)
        return
    print_table(
        ("position", "file", "state", "attempts", "worker", "reason"),
        [
            (one.position, f"{one.namespace}:{one.name}", one.state, one.attempts, one.worker_id, one.reason)
            for one in items
        ],
    )


@commands.command("create")
def create_project(
    *,
    query: Annotated[str | None, typer.Argument(help="A query in MQL whose files the project takes.")] = None,
    files: Annotated[
        Path | None, typer.Option("--files", help="A file that names the files instead, one namespace:name a line.")
    ] = None,
    experiment: InExperiment = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take at most so many files of the query.")] = None,
    max_attempts: Annotated[int | None, typer.Option(min=1, help="How often a file may be tried.")] = None,
    is_virtual: Annotated[bool, typer.Option("--virtual", help="The files need no replicas.")] = False,
    as_json: Json = False,
) -> None:
    """Make a project of the files of a query, or of files that are listed."""
    from sutler.wire.dispatch import NewProject

    if (query is None) == (files is None):
        raise InputFileError("Give either a query, or a file with --files.")
    handles = () if files is None else _read_handles(files)
    with connect() as client:
        created = client.create_project(
            NewProject(
                experiment=choose_experiment(client, experiment),
                files=handles,
                query=query,
                limit=limit,
                is_virtual=is_virtual,
                max_attempts=max_attempts,
            )
        )
    if as_json:
        print_json(created)
    else:
        typer.echo(f"Project {created.project_id} with {created.handle_count} files.")


@commands.command("cancel")
def cancel_project(
    *,
    project_id: ProjectId,
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    as_json: Json = False,
) -> None:
    """Give out no more files of a project; workers that have some are told to stop."""
    with connect() as client:
        one = client.cancel_project(project_id, reason=reason)
    if as_json:
        print_json(one)
    else:
        typer.echo(f"Project {one.id} is {one.state}.")


@commands.command("restart")
def restart_files(
    *,
    project_id: ProjectId,
    states: Annotated[
        list[HandleWord] | None, typer.Option("--state", help="Files in this state; may be repeated.")
    ] = None,
    dids: Annotated[
        list[str] | None, typer.Option("--file", help="This file, namespace:name; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Put files back to be tried again, with one more attempt at least; the project is active again.

    A submission that has ended has no jobs any more: start a worker with sutler worker run --project ID.
    """
    if not states and not dids:
        raise InputFileError("Say which files: --state failed, or --file NAMESPACE:NAME.")
    with connect() as client:
        count = client.restart_handles(
            project_id, states=tuple(state.value for state in states or ()), dids=tuple(dids or ())
        )
    if as_json:
        print_json({"count": count})
    else:
        typer.echo(f"{count} file{'' if count == 1 else 's'} of project {project_id} wait to be tried again.")


def _read_handles(path: Path) -> tuple[NewHandle, ...]:
    from sutler.wire.dispatch import NewHandle

    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError([Problem(str(path), f"cannot be read: {error}")]) from error
    dids = [Did.parse(line.strip()) for line in lines if line.strip()]
    return tuple(NewHandle(did.namespace, did.name) for did in dids)

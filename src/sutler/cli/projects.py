"""Projects: sets of files that workers draw from."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.asking import choose_experiment, connect, take
from sutler.cli.failures import InputFileError
from sutler.cli.options import Experiment, InExperiment, Json, Limit
from sutler.cli.output import print_facts, print_json, print_table, show_counts
from sutler.cli.submissions import HandleWord

if TYPE_CHECKING:
    from sutler.wire.dispatch import HandleState, NewHandle

Users = Annotated[list[str] | None, typer.Option("--user", help="Who may process its files too; give it often.")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="A group that may process its files too.")]
Attributes = Annotated[
    list[str] | None, typer.Option("--attribute", help="NAME=VALUE for the project; give it often for several.")
]
WorkerTimeout = Annotated[
    str | None, typer.Option(help="How long a worker may have a file, like 90s, 30m, 12h, 3d or none.")
]
IdleTimeout = Annotated[str | None, typer.Option(help="After how long without any work it is abandoned, or none.")]
RetryPause = Annotated[
    str | None, typer.Option(help="How long a file pauses after a failure, doubled with every attempt, or none.")
]
STANDARD_INPUT = Path("-")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}

SHOWN_REFUSALS = 10

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
    query: Annotated[str | None, typer.Option(help="Only what a search finds, like: owner=anna and n in 1:10")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List projects, newest first."""
    with connect() as client:
        items = take(client, client.list_projects, limit, experiment=experiment, state=state, owner=owner, query=query)
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
    """Show a project, and the workers that were refused last."""
    with connect() as client:
        one = client.get_project(project_id)
        refusals = client.list_refusals(project_id, limit=SHOWN_REFUSALS).items
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
            ("worker time-out", _show_seconds(one.worker_timeout_seconds)),
            ("idle time-out", _show_seconds(one.idle_timeout_seconds)),
            ("pause after a failure", _show_seconds(one.retry_pause_seconds)),
            ("tried again after a time-out", one.retry_on_timeout),
            ("users", one.users),
            ("groups", one.groups),
            ("created", one.created_at),
            ("ended", one.ended_at),
        ]
    )
    if refusals:
        typer.echo()
        print_table(
            ("refused worker", "times", "last", "reason"),
            [(one.worker_id.strip(), one.times, one.last_at, one.reason) for one in refusals],
        )


@commands.command("files")
def list_files(
    *,
    project_id: ProjectId,
    states: Annotated[
        list[HandleWord] | None, typer.Option("--state", help="Only files in this state; give it often for several.")
    ] = None,
    namespace: Annotated[str | None, typer.Option(help="Only files of this namespace.")] = None,
    name: Annotated[str | None, typer.Option(help="Only files with this text in their name.")] = None,
    limit: Limit = 1000,
    as_json: Json = False,
) -> None:
    """List the files of a project; of failed ones, why."""
    with connect() as client:
        items = take(
            client, client.list_handles, limit, project_id=project_id, state=states, namespace=namespace, name=name
        )
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
        Path | None,
        typer.Option(
            "--files",
            help="A file that lists the files instead, or - for the standard input: a line is namespace:name, or an "
            "object of JSON with namespace, name and perhaps fid, size_bytes and attributes.",
        ),
    ] = None,
    experiment: InExperiment = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take at most so many files of the query.")] = None,
    max_attempts: Annotated[int | None, typer.Option(min=1, help="How often a file may be tried.")] = None,
    is_virtual: Annotated[bool, typer.Option("--virtual", help="The files need no replicas.")] = False,
    worker_timeout: WorkerTimeout = None,
    idle_timeout: IdleTimeout = None,
    retry_pause: RetryPause = None,
    retry_on_timeout: Annotated[
        bool, typer.Option(help="Whether a file whose worker was silent for too long is tried again.")
    ] = True,
    users: Users = None,
    groups: Groups = None,
    as_json: Json = False,
) -> None:
    """Make a project of the files of a query, or of files that are listed."""
    from sutler.wire.dispatch import NewProject

    if (query is None) == (files is None):
        raise InputFileError("Give either a query, or a file with --files.")
    with connect() as client:
        created = client.create_project(
            NewProject(
                experiment=choose_experiment(client, experiment),
                query=query,
                limit=limit,
                is_virtual=is_virtual,
                max_attempts=max_attempts,
                worker_timeout_seconds=_to_seconds(worker_timeout) or None,
                idle_timeout_seconds=_to_seconds(idle_timeout) or None,
                retry_pause_seconds=_to_seconds(retry_pause) or None,
                retry_on_timeout=retry_on_timeout,
                users=tuple(users or ()),
                groups=tuple(groups or ()),
            ),
            files=None if files is None else _list_files(files),
        )
    if as_json:
        print_json(created)
    else:
        typer.echo(f"Project {created.project_id} with {created.handle_count} files.")


@commands.command("copy")
def copy_project(
    *,
    project_id: ProjectId,
    attributes: Attributes = None,
    handle_attributes: Annotated[
        list[str] | None, typer.Option("--file-attribute", help="NAME=VALUE for every file of the copy.")
    ] = None,
    worker_timeout: WorkerTimeout = None,
    idle_timeout: IdleTimeout = None,
    as_json: Json = False,
) -> None:
    """Make a project of all files of another one, as if they were new; what is not given stays the same."""
    from sutler.wire.dispatch import ProjectCopy

    changes = ProjectCopy(
        attributes=_read_attributes(attributes) or {},
        handle_attributes=_read_attributes(handle_attributes) or {},
        worker_timeout_seconds=_to_seconds(worker_timeout),
        idle_timeout_seconds=_to_seconds(idle_timeout),
    )
    with connect() as client:
        copied = client.copy_project(project_id, changes)
    if as_json:
        print_json(copied)
    else:
        typer.echo(f"Project {copied.id} with {copied.total_count} files.")


@commands.command("alter")
def alter_project(
    *,
    project_id: ProjectId,
    attributes: Attributes = None,
    worker_timeout: WorkerTimeout = None,
    idle_timeout: IdleTimeout = None,
    max_attempts: Annotated[int | None, typer.Option(min=0, help="How often a file may be tried; 0: no limit.")] = None,
    retry_pause: RetryPause = None,
    retry_on_timeout: Annotated[
        bool | None, typer.Option(help="Whether a file whose worker was silent for too long is tried again.")
    ] = None,
    users: Users = None,
    groups: Groups = None,
    add: Annotated[list[str] | None, typer.Option("--add", help="A file, namespace:name, that joins it.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="A file that leaves it.")] = None,
    as_json: Json = False,
) -> None:
    """Change a project while it works; what is not given stays. The users and groups that are given replace all."""
    from sutler.wire.dispatch import NewHandle, ProjectChange

    added = [Did.parse(text) for text in add or ()]
    change = ProjectChange(
        attributes=_read_attributes(attributes),
        worker_timeout_seconds=_to_seconds(worker_timeout),
        idle_timeout_seconds=_to_seconds(idle_timeout),
        max_attempts=max_attempts,
        retry_on_timeout=retry_on_timeout,
        retry_pause_seconds=_to_seconds(retry_pause),
        users=None if users is None else tuple(users),
        groups=None if groups is None else tuple(groups),
        add=tuple(NewHandle(did.namespace, did.name) for did in added),
        remove=tuple(remove or ()),
    )
    with connect() as client:
        altered = client.alter_project(project_id, change)
    if as_json:
        print_json(altered)
    else:
        typer.echo(f"Project {altered.id} is {altered.state} with {altered.total_count} files.")


@commands.command("activate")
def activate_project(*, project_id: ProjectId, as_json: Json = False) -> None:
    """Open a project again that was cancelled, or abandoned because nothing happened."""
    with connect() as client:
        one = client.activate_project(project_id)
    if as_json:
        print_json(one)
    else:
        typer.echo(f"Project {one.id} is {one.state}.")


@commands.command("delete")
def delete_project(
    *, project_id: ProjectId, is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Delete a project with the record of its attempts. What it produced stays."""
    if not is_sure:
        typer.confirm(f"Delete project {project_id} with the record of all its attempts?", abort=True)
    with connect() as client:
        client.delete_project(project_id)
    typer.echo(f"Project {project_id} is deleted.")


@commands.command("restart")
def restart_files(
    *,
    project_id: ProjectId,
    states: Annotated[
        list[HandleWord] | None, typer.Option("--state", help="Files in this state; give it often for several.")
    ] = None,
    files: Annotated[list[str] | None, typer.Option("--file", help="This file, namespace:name.")] = None,
    as_json: Json = False,
) -> None:
    """Put files of a project back, so that they are given out once more; without choice the failed ones."""
    words = [word.value for word in states or ()]
    chosen = words if words or files else [HandleWord.FAILED.value]
    with connect() as client:
        count = client.restart_handles(project_id, states=cast("list[HandleState]", chosen), dids=files or ())
    if as_json:
        print_json({"count": count})
    else:
        typer.echo(f"{count} file{'' if count == 1 else 's'} put back.")


@commands.command("history")
def list_history(*, project_id: ProjectId, limit: Limit = 100, as_json: Json = False) -> None:
    """List what happened to a project, newest first."""
    with connect() as client:
        items = take(client, client.list_project_history, limit, project_id=project_id)
    if as_json:
        print_json(items)
        return
    print_table(("when", "who", "what", "facts"), [(one.at, one.actor, one.kind, one.facts) for one in items])


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


def _show_seconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:g} s"


def _to_seconds(text: str | None) -> float | None:
    """Return a time as seconds; 0 says that there is no limit, None that nothing was given."""
    if text is None:
        return None
    if text.lower() == "none":
        return 0.0
    number, unit = (text[:-1], text[-1]) if text[-1:].lower() in _UNITS else (text, "s")
    try:
        seconds = float(number) * _UNITS[unit.lower()]
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise InputFileError([Problem(text, "is no time: write a number with s, m, h or d, or none")])
    return seconds


def _read_attributes(pairs: list[str] | None) -> dict[str, object] | None:
    """Return NAME=VALUE as attributes: a value that is JSON is taken as such, any other as text."""
    if pairs is None:
        return None
    attributes: dict[str, object] = {}
    for pair in pairs:
        name, mark, text = pair.partition("=")
        if not name or not mark:
            raise InputFileError([Problem(pair, "is not NAME=VALUE")])
        try:
            attributes[name] = json.loads(text)
        except ValueError:
            attributes[name] = text
    return attributes


def _list_files(path: Path) -> Iterator[NewHandle]:
    """Yield the files that are listed, line by line: a list may be longer than memory holds."""
    name = "standard input" if path == STANDARD_INPUT else str(path)
    try:
        with nullcontext(sys.stdin) if path == STANDARD_INPUT else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _read_file(line.strip(), f"{name}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError([Problem(name, f"cannot be read: {error}")]) from error


def _read_file(line: str, where: str) -> NewHandle:
    from sutler.wire.convert import ShapeError, from_json
    from sutler.wire.dispatch import NewHandle

    try:
        if line.startswith("{"):
            return from_json(NewHandle, json.loads(line), where="it", refuses_unknown=True)
        did = Did.parse(line)
    except (ShapeError, ValueError) as error:
        raise InputFileError([Problem(where, f"is no file: {error}")]) from error
    except InvalidInputError as error:
        raise InputFileError([Problem(where, f"is no file: {error.sentence}")]) from error
    return NewHandle(did.namespace, did.name)

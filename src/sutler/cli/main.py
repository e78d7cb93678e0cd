"""The command line: all families of commands, and the edge where errors become exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

import sutler
from sutler.cli import (
    account,
    administration,
    campaigns,
    categories,
    datasets,
    experiments,
    files,
    holds,
    indexes,
    namespaces,
    projects,
    replicas,
    schedules,
    searches,
    stages,
    submissions,
    templates,
    users,
    worker,
)
from sutler.cli.failures import report_failure

FAMILIES = (
    administration,
    account,
    users,
    experiments,
    campaigns,
    stages,
    templates,
    schedules,
    holds,
    submissions,
    projects,
    files,
    searches,
    datasets,
    namespaces,
    categories,
    indexes,
    replicas,
    worker,
)


def build_app() -> typer.Typer:
    """Return the command line with all its commands."""
    built = typer.Typer(
        name="sutler",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="Run production campaigns and hand every batch job its next file.",
    )
    built.callback()(_take_common_options)
    for family in FAMILIES:
        family.register(built)
    return built


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `sutler ARGUMENTS` and end the process with its exit code. Never returns."""
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> int:
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="sutler", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        return _report_usage(error)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the translator of this door
        return report_failure(error)
    return code if isinstance(code, int) else 0


def _report_usage(error: TyperException) -> int:
    """Say in one line what is wrong with the arguments; help that was asked for is printed by now."""
    sentence = " ".join(getattr(error, "format_message", lambda: str(error))().split())
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "sutler"
    if sentence:
        sys.stderr.write(f"sutler: {sentence} See: {command} --help\n")
    return int(getattr(error, "exit_code", 2))


def _show_version(is_wanted: bool) -> None:  # noqa: FBT001 - called by the framework
    if is_wanted:
        typer.echo(f"sutler {sutler.__version__}")
        raise typer.Exit


def _take_common_options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Run production campaigns and hand every batch job its next file."""


app = build_app()

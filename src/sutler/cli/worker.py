"""The job side, as a command. Its arguments are its own: it also runs alone, where this command line is not."""

from __future__ import annotations

import typer

PASS_ON = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
    "help_option_names": [],
}


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command(context_settings=PASS_ON, add_help_option=False)(worker)


def worker(context: typer.Context) -> None:
    """Take files from a project and run a command on each: sutler worker run --help."""
    from sutler.worker.main import main

    raise typer.Exit(main(context.args))

"""The job side, as a command. Its arguments are its own: it also runs alone, where this command line is not."""

from __future__ import annotations

import os
from collections.abc import Sequence

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

    _take_profile(context.args)
    raise typer.Exit(main(context.args))


def _take_profile(arguments: Sequence[str]) -> None:
    """Let a worker that was told neither server nor token work as whoever is signed in here.

    The token of the profile is shown to its own server only, so nothing is taken when another one is named.
    """
    has_token = "SUTLER_TOKEN" in os.environ or "SUTLER_TOKEN_FILE" in os.environ
    if ("SUTLER_URL" in os.environ and has_token) or _names_server(arguments):
        return
    from sutler.client import find_profile

    profile = find_profile()
    if profile is None:
        return
    url = os.environ.setdefault("SUTLER_URL", profile.url)
    if not has_token and url.rstrip("/") == profile.url.rstrip("/"):
        os.environ["SUTLER_TOKEN"] = profile.token


def _names_server(arguments: Sequence[str]) -> bool:
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return any(argument.startswith("--u") for argument in own)

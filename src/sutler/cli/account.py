"""Signing in and out, and who one is."""

from __future__ import annotations

from typing import Annotated

import typer

from sutler.cli.asking import ask_password, connect
from sutler.cli.options import Json, PasswordStdin
from sutler.cli.output import print_facts, print_json, print_table


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(login)
    app.command()(logout)
    app.command()(whoami)


def login(
    *,
    user: Annotated[str, typer.Argument(help="Your user name.")],
    url: Annotated[str | None, typer.Option(help="The server, such as https://sutler.example.org.")] = None,
    password_stdin: PasswordStdin = False,
) -> None:
    """Sign in and remember the server and the token, for seven days."""
    import os

    from sutler.client import Client, Profile, save_profile

    with Client(url) as client:
        password = ask_password(f"Password of {user} at {client.url}", from_stdin=password_stdin)
        issued = client.sign_in(user, password)
        path = save_profile(Profile(client.url, issued.token, user))
    typer.echo(f"Signed in to {client.url} as {user} until {issued.expires_at:%Y-%m-%d %H:%M} UTC ({path}).")
    if os.environ.get("SUTLER_TOKEN"):
        typer.echo("SUTLER_TOKEN is set, so that token is used instead of this one.", err=True)


def logout() -> None:
    """Take the token back and forget it."""
    from sutler.client import NotAuthenticatedError, find_profile, forget_profile

    profile = find_profile()
    if profile is None:
        typer.echo("You are not signed in.")
        return
    from sutler.client import Client

    try:
        with Client(profile.url, token=profile.token) as client:
            client.sign_out()
    except NotAuthenticatedError:
        typer.echo("The token was not good any more.", err=True)
    finally:
        forget_profile()
    typer.echo(f"Signed out of {profile.url}.")


def whoami(*, as_json: Json = False) -> None:
    """Show who you are to the server, and in which experiments."""
    with connect() as client:
        identity = client.whoami()
    if as_json:
        print_json(identity)
        return
    print_facts(
        [
            ("user", identity.username),
            ("name", identity.display_name),
            ("administrator", identity.is_admin),
            ("server", client.url),
        ]
    )
    print_table(("experiment", "role"), [(member.experiment, member.role) for member in identity.memberships])

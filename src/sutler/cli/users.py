"""Users, for administrators; and one's own password."""

from __future__ import annotations

from typing import Annotated

import typer

from sutler.cli.asking import ask_password, connect
from sutler.cli.options import Json, PasswordStdin
from sutler.cli.output import print_json, print_table

commands = typer.Typer(no_args_is_help=True, help="Users and their passwords.")

UserName = Annotated[str, typer.Argument(help="The user name.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(commands, name="user")


@commands.command("list")
def list_users(*, as_json: Json = False) -> None:
    """List all users."""
    with connect() as client:
        items = client.list_users().items
    if as_json:
        print_json(items)
        return
    print_table(
        ("user", "name", "email", "administrator", "active", "signed in"),
        [(one.username, one.display_name, one.email, one.is_admin, one.is_active, one.signed_in_at) for one in items],
    )


@commands.command("create")
def create_user(
    *,
    user: UserName,
    name: Annotated[str, typer.Option(help="The full name.")] = "",
    email: Annotated[str, typer.Option(help="The address for mail.")] = "",
    is_admin: Annotated[bool, typer.Option("--admin", help="May do everything.")] = False,
    password_stdin: PasswordStdin = False,
    as_json: Json = False,
) -> None:
    """Make a user. Give them a role with: sutler experiment members EXPERIMENT --set USER --role ROLE."""
    from sutler.wire.auth import NewUser

    with connect() as client:
        password = ask_password(f"Password for {user}", from_stdin=password_stdin, is_new=True)
        created = client.create_user(NewUser(user, password, name, email, is_admin))
    if as_json:
        print_json(created)
    else:
        typer.echo(f"User {created.username} is there.")


@commands.command("password")
def change_password(*, user: UserName, password_stdin: PasswordStdin = False) -> None:
    """Set a password: your own, or anybody's as an administrator.

    With --password-stdin the new password is the first line, your old one the second.
    """
    with connect() as client:
        needs_old = not client.whoami().is_admin
        password = ask_password(f"New password for {user}", from_stdin=password_stdin, is_new=True)
        old = ask_password("Old password", from_stdin=password_stdin) if needs_old else None
        client.change_password(user, password, old_password=old)
    typer.echo(f"The password of {user} is changed.")

"""Experiments, their members and the services that they use."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import typer

from sutler.cli import services
from sutler.cli.asking import connect
from sutler.cli.options import Json
from sutler.cli.output import print_json, print_table

if TYPE_CHECKING:
    from sutler.wire.auth import Role

commands = typer.Typer(no_args_is_help=True, help="Experiments, their members and the services that they use.")


class RoleWord(StrEnum):
    """The roles of members; `none` ends the membership."""

    ANALYSIS = "analysis"
    SHIFTER = "production-shifter"
    PRODUCTION = "production"
    SUPERUSER = "superuser"
    NONE = "none"


def to_role(word: RoleWord) -> Role | None:
    """Return the role as the wire says it."""
    return None if word is RoleWord.NONE else cast("Role", word.value)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    services.register(commands)
    app.add_typer(commands, name="experiment")


@commands.command("list")
def list_experiments(*, as_json: Json = False) -> None:
    """List your experiments; all of them if you are an administrator."""
    with connect() as client:
        items = client.list_experiments().items
    if as_json:
        print_json(items)
    else:
        print_table(("name", "full name", "active"), [(one.name, one.full_name, one.is_active) for one in items])


@commands.command("create")
def create_experiment(
    *,
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and underscores.")],
    full_name: Annotated[str, typer.Option(help="How people call it.")] = "",
    as_json: Json = False,
) -> None:
    """Make an experiment. You become superuser of it."""
    with connect() as client:
        created = client.create_experiment(name, full_name=full_name)
    if as_json:
        print_json(created)
    else:
        typer.echo(f"Experiment {created.name} is there.")


@commands.command("members")
def list_members(
    *,
    name: Annotated[str, typer.Argument(help="The experiment.")],
    user: Annotated[str | None, typer.Option("--set", help="Change the role of this user.")] = None,
    role: Annotated[RoleWord, typer.Option(help="The role that the user is to have.")] = RoleWord.ANALYSIS,
    as_json: Json = False,
) -> None:
    """List the members of an experiment, after changing one with --set USER --role ROLE."""
    with connect() as client:
        if user is not None:
            client.set_member(name, user, to_role(role))
        items = client.list_members(name).items
    if as_json:
        print_json(items)
    else:
        print_table(("user", "name", "role"), [(one.username, one.display_name, one.role) for one in items])


@commands.command("groups")
def list_groups(
    *,
    name: Annotated[str, typer.Argument(help="The experiment.")],
    new: Annotated[str | None, typer.Option("--create", help="Make a group of this name first.")] = None,
    description: Annotated[str, typer.Option(help="What the new group is for.")] = "",
    as_json: Json = False,
) -> None:
    """List the groups of an experiment with their members, after making one with --create GROUP."""
    from sutler.wire.auth import NewGroup

    with connect() as client:
        if new is not None:
            client.create_group(NewGroup(name, new, description))
        items = client.list_groups(name).items
    if as_json:
        print_json(items)
        return
    print_table(
        ("group", "from roles", "members", "description"),
        [(one.name, one.is_computed, ", ".join(one.members), one.description) for one in items],
    )


@commands.command("group")
def set_group_member(
    *,
    group: Annotated[str, typer.Argument(help="The group.")],
    added: Annotated[list[str] | None, typer.Option("--add", help="Put this user into it.")] = None,
    removed: Annotated[list[str] | None, typer.Option("--remove", help="Take this user out of it.")] = None,
) -> None:
    """Put members of an experiment into one of its groups, or take users out of it."""
    with connect() as client:
        for username in added or ():
            client.set_group_member(group, username, is_member=True)
        for username in removed or ():
            client.set_group_member(group, username, is_member=False)
    typer.echo(f"Group {group} is changed." if added or removed else "Nothing to change: give --add or --remove.")

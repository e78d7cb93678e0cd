"""Categories: rules for the metadata of files."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.asking import choose_experiment, connect, read_document
from sutler.cli.experiments import RoleWord, to_role
from sutler.cli.options import Experiment, InExperiment, Json
from sutler.cli.output import print_facts, print_json, print_table

if TYPE_CHECKING:
    from sutler.wire.categories import Category

commands = typer.Typer(no_args_is_help=True, help="Categories: rules for the metadata of files.")

Path = Annotated[str, typer.Argument(metavar="PATH", help="The category: words with dots, or a dot for the root.")]
Constraints = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.json",
        help='What values must be, by name: {"run": {"type": "int", "min": 1}}. A file, or - for standard input.',
    ),
]
OwnerRole = Annotated[RoleWord, typer.Option(help="The role that owns it.")]
OwnerGroup = Annotated[str | None, typer.Option(help="The group that owns it.")]


class Mode(StrEnum):
    """What becomes of constraints that are there and not given."""

    MERGE = "merge"
    REPLACE = "replace"


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(commands, name="category")


@commands.command("list")
def list_categories(*, experiment: Experiment = None, as_json: Json = False) -> None:
    """List categories by path."""
    with connect() as client:
        items = client.list_categories(experiment=experiment).items
    if as_json:
        print_json(items)
        return
    print_table(
        ("path", "experiment", "owner", "restricted", "required", "names", "description"),
        [
            (
                one.path,
                one.experiment,
                _show_owner(one),
                one.restricted,
                one.required,
                ", ".join(one.constraints),
                one.description,
            )
            for one in items
        ],
    )


@commands.command("show")
def show_category(*, path: Path, experiment: InExperiment = None, as_json: Json = False) -> None:
    """Show a category with what it says of each name."""
    with connect() as client:
        one = client.get_category(choose_experiment(client, experiment), path)
    if as_json:
        print_json(one)
        return
    print_facts(
        [
            ("category", one.path),
            ("experiment", one.experiment),
            ("owner", _show_owner(one)),
            ("description", one.description),
            ("restricted", one.restricted),
            ("required", one.required),
            ("created", f"{one.created_at:%Y-%m-%d %H:%M:%S}Z by {one.created_by}"),
        ]
    )
    if one.constraints:
        typer.echo()
        print_table(("name", "its value"), sorted(one.constraints.items()))


@commands.command("create")
def create_category(
    *,
    path: Path,
    experiment: InExperiment = None,
    owner_role: OwnerRole = RoleWord.NONE,
    owner_group: OwnerGroup = None,
    restricted: Annotated[bool, typer.Option("--restricted", help="Refuse names without a constraint.")] = False,
    required: Annotated[bool, typer.Option("--required", help="Refuse files without the required names.")] = False,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    constraints: Constraints = None,
    as_json: Json = False,
) -> None:
    """Make a category. You own it unless a role or a group does."""
    from sutler.wire.categories import NewCategory

    with connect() as client:
        created = client.create_category(
            NewCategory(
                choose_experiment(client, experiment),
                path,
                owner_role=to_role(owner_role),
                owner_group=owner_group,
                restricted=restricted,
                required=required,
                description=description,
                constraints=_read_constraints(constraints) or {},
            )
        )
    if as_json:
        print_json(created)
    else:
        typer.echo(f"Category {created.path} is there.")


@commands.command("update")
def update_category(
    *,
    path: Path,
    experiment: InExperiment = None,
    owner_role: OwnerRole = RoleWord.NONE,
    owner_group: OwnerGroup = None,
    restricted: Annotated[bool | None, typer.Option(help="Whether names without a constraint are refused.")] = None,
    required: Annotated[bool | None, typer.Option(help="Whether files without required names are refused.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    constraints: Constraints = None,
    mode: Annotated[Mode, typer.Option(help="Whether names that are not given keep their constraints.")] = Mode.MERGE,
    as_json: Json = False,
) -> None:
    """Change what is given of a category. Files that are there are not looked at."""
    from sutler.wire.categories import CategoryChange

    with connect() as client:
        change = CategoryChange(
            owner_role=to_role(owner_role),
            owner_group=owner_group,
            restricted=restricted,
            required=required,
            description=description,
            constraints=_read_constraints(constraints),
            mode=mode.value,
        )
        changed = client.update_category(choose_experiment(client, experiment), path, change)
    if as_json:
        print_json(changed)
    else:
        typer.echo(f"Category {changed.path} is changed.")


@commands.command("remove")
def remove_category(*, path: Path, experiment: InExperiment = None) -> None:
    """Remove a category. Those below it stay."""
    with connect() as client:
        client.remove_category(choose_experiment(client, experiment), path)
    typer.echo(f"Category {path} is removed.")


def _read_constraints(name: str | None) -> dict[str, dict[str, Any]] | None:
    if name is None:
        return None
    document = read_document(name)
    if not isinstance(document, dict) or not all(isinstance(one, dict) for one in document.values()):
        raise InvalidInputError([Problem(name, "must hold an object with an object for each name")])
    return document


def _show_owner(one: Category) -> str | None:
    if one.owner_role is not None:
        return f"role {one.owner_role}"
    return f"group {one.owner_group}" if one.owner_group is not None else one.owner_user

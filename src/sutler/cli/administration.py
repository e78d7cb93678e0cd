"""Commands for the machine that the server runs on: serve, db, token, config."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from sutler.server.parts import Parts

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where the installation keeps its state.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings file instead of DATA_DIR/sutler.toml.")]

TERMINATED = 143  # 128 + SIGTERM, as shells say

database_commands = typer.Typer(no_args_is_help=True, help="The schema of the database.")
token_commands = typer.Typer(no_args_is_help=True, help="Tokens, on the server's own machine.")
config_commands = typer.Typer(no_args_is_help=True, help="The settings of the server.")


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(serve)
    app.add_typer(database_commands, name="db")
    app.add_typer(token_commands, name="token")
    app.add_typer(config_commands, name="config")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Run the server: database, pages, API and loops in one process."""
    from sutler.server.configuration import load_configuration
    from sutler.server.logs import configure_logs
    from sutler.server.serve import run_quickly
    from sutler.server.serve import serve as run_server

    configuration = load_configuration(data_dir=data_dir, config=config, command_line={"host": host, "port": port})
    configure_logs(configuration.settings.log_level)
    console = Console(highlight=False)

    def announce(parts: Parts) -> None:
        if parts.first_user is not None and parts.first_user.password:
            console.print(
                f"First user [bold]{parts.first_user.username}[/] with password [bold]{parts.first_user.password}[/] "
                "(shown this once)"
            )
        console.print(f"Sutler is ready at [bold]{configuration.public_url}[/]   (Ctrl-C to stop)", soft_wrap=True)

    try:
        run_quickly(run_server(configuration, announce=announce))
    except asyncio.CancelledError:
        raise typer.Exit(TERMINATED) from None


@database_commands.command("upgrade")
def upgrade_database(data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Apply the migrations that this version has and the database lacks."""
    from sutler.server.administration import upgrade_schema
    from sutler.server.configuration import load_configuration

    done = asyncio.run(upgrade_schema(load_configuration(data_dir=data_dir, config=config)))
    for name in done:
        typer.echo(f"applied {name}")
    typer.echo("The schema is up to date.")


@database_commands.command("status")
def show_database_status(data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Show which migrations are applied and which are not."""
    from sutler.server.administration import read_schema_status
    from sutler.server.configuration import load_configuration

    status = asyncio.run(read_schema_status(load_configuration(data_dir=data_dir, config=config)))
    for name in status.applied:
        typer.echo(f"applied {name}")
    for name in status.pending:
        typer.echo(f"pending {name}")


@token_commands.command("create")
def create_token(
    user: Annotated[str, typer.Argument(help="Whose token it is to be.")],
    days: Annotated[int, typer.Option(help="How long it is to be good.", min=1, max=366)] = 7,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Make a token for a user; its text is the last line. Works while the server runs or not."""
    from sutler.server.administration import create_local_token
    from sutler.server.configuration import load_configuration

    configuration = load_configuration(data_dir=data_dir, config=config)
    token = asyncio.run(create_local_token(configuration, username=user, days=days))
    typer.echo(f"Token for {user}, good until {token.expires_at:%Y-%m-%d %H:%M} UTC:", err=True)
    typer.echo(token.text)


@config_commands.command("show")
def show_config(data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Show every setting with its value and where it came from."""
    from sutler.base.settings import SETTINGS
    from sutler.server.configuration import load_configuration

    configuration = load_configuration(data_dir=data_dir, config=config)
    table = Table("setting", "value", "from", "meaning")
    for row in SETTINGS:
        value = getattr(configuration.settings, row.name)
        table.add_row(
            row.name,
            "" if value == "" else str(value),
            configuration.origins[row.name],
            row.help,
        )
    console = Console()
    console.print(table)
    console.print(f"data directory: {configuration.data_dir}", soft_wrap=True)

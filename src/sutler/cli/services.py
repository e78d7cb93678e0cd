"""Other services that an experiment uses: `sutler experiment service`, `credential` and `check`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sutler.cli.asking import ask_password, connect
from sutler.cli.options import Json, PasswordStdin
from sutler.cli.output import print_json, print_table

if TYPE_CHECKING:
    from sutler.wire.services import CheckReport, Credential, Service

CHECK_SECONDS = 600.0

services = typer.Typer(no_args_is_help=True, help="Other services that an experiment uses: MetaCat, Rucio.")
credentials = typer.Typer(no_args_is_help=True, help="What an experiment signs in with at its services.")


class Kind(StrEnum):
    """The services that an experiment may use."""

    METACAT = "metacat"
    RUCIO = "rucio"


class Side(StrEnum):
    """For whose work a credential is."""

    ANY = "any"
    ANALYSIS = "analysis"
    PRODUCTION = "production"


class Method(StrEnum):
    """What is shown to the service."""

    PASSWORD = "password"  # noqa: S105 - a word, not a password
    TOKEN = "token"  # noqa: S105


ExperimentName = Annotated[str, typer.Argument(metavar="EXPERIMENT", help="The experiment.")]
KindName = Annotated[Kind, typer.Argument(help="Which service.")]
SideOption = Annotated[Side, typer.Option(help="For the work of analysis, of production, or of any without its own.")]


def register(app: typer.Typer) -> None:
    """Add these commands to those of experiments."""
    app.add_typer(services, name="service")
    app.add_typer(credentials, name="credential")
    app.command("check")(check_services)


@services.command("list")
def list_services(*, name: ExperimentName, as_json: Json = False) -> None:
    """List the services of an experiment; who may set them sees what it signs in with, too."""
    with connect() as client:
        items = client.list_services(name).items
    if as_json:
        print_json(items)
    else:
        _print_services(items)


@services.command("set")
def set_service(
    *,
    name: ExperimentName,
    kind: KindName,
    server_url: Annotated[str, typer.Argument(metavar="URL", help="Where the server is.")],
    auth_url: Annotated[str, typer.Option(help="Where to sign in; for MetaCat URL/auth, for Rucio URL.")] = "",
    account: Annotated[
        str, typer.Option(help="The Rucio account to act as; for MetaCat the role that owns namespaces made from here.")
    ] = "",
    timeout_seconds: Annotated[float, typer.Option("--timeout", help="Seconds to wait for an answer in all.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Say where a service is. What it signs in with is deleted when it moves to another host."""
    from sutler.wire.services import NewService

    with connect() as client:
        kept = client.set_service(name, kind.value, NewService(server_url, auth_url, account, timeout_seconds))
    if as_json:
        print_json(kept)
        return
    typer.echo(f"{name} uses {kind.value} at {kept.server_url}, signing in at {kept.auth_url}.")
    if not kept.credentials:
        typer.echo(f"It has nothing to sign in with yet: sutler experiment credential set {name} {kind.value} USER")


@services.command("remove")
def remove_service(*, name: ExperimentName, kind: KindName) -> None:
    """Let an experiment use a service no more. What it signs in with there is deleted."""
    with connect() as client:
        client.remove_service(name, kind.value)
    typer.echo(f"{name} uses {kind.value} no more.")


@credentials.command("set")
def set_credential(
    *,
    name: ExperimentName,
    kind: KindName,
    username: Annotated[str, typer.Argument(metavar="USER", help="The user name at the service.")],
    side: SideOption = Side.ANY,
    method: Annotated[Method, typer.Option(help="A password, or a bearer token that the service trusts.")] = (
        Method.PASSWORD
    ),
    password_stdin: PasswordStdin = False,
    as_json: Json = False,
) -> None:
    """Set what an experiment signs in with at a service. The password or token is asked, and never shown again."""
    from sutler.wire.services import NewCredential

    with connect() as client:
        secret = ask_password(f"{method.value.capitalize()} of {username} for {kind.value}", from_stdin=password_stdin)
        kept = client.set_credential(name, kind.value, side.value, NewCredential(username, secret, method.value))
    if as_json:
        print_json(kept)
    else:
        typer.echo(f"The {kept.method} of {kept.username} is kept. Try it with: sutler experiment check {name}")


@credentials.command("remove")
def remove_credential(*, name: ExperimentName, kind: KindName, side: SideOption = Side.ANY) -> None:
    """Forget what an experiment signs in with at a service."""
    with connect() as client:
        client.remove_credential(name, kind.value, side.value)
    typer.echo(f"The credential of {name} for {kind.value} ({side.value}) is deleted.")


def check_services(*, name: ExperimentName, as_json: Json = False) -> None:
    """Try the services of an experiment with everything it signs in with. Exit code 1 if something is broken."""
    from sutler.client import Client

    with Client(timeout_seconds=CHECK_SECONDS) as client:
        report = client.check_services(name)
    if as_json:
        print_json(report)
    else:
        _print_report(name, report)
    if report.state == "broken":
        raise typer.Exit(1)


def _print_services(items: tuple[Service, ...]) -> None:
    print_table(
        ("service", "server", "sign-in", "account", "time-out (s)", "signs in as"),
        [
            (one.kind, one.server_url, one.auth_url, one.account, f"{one.timeout_seconds:g}", _join(one.credentials))
            for one in items
        ],
    )


def _join(found: tuple[Credential, ...] | None) -> str:
    """Who a service is used as; nothing where one may not know."""
    if found is None:
        return "(not shown to you)"
    return ", ".join(f"{one.username} ({one.side}, {one.method})" for one in found) or "nobody yet"


def _print_report(name: str, report: CheckReport) -> None:
    if not report.items:
        typer.echo(f"{name} names no other services: it uses the catalogue and replicas of this installation.")
        return
    print_table(
        ("service", "part", "state", "what was seen"),
        [(line.service, line.part, line.state, line.sentence) for line in report.items],
    )

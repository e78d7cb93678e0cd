"""Whether the Rucio of an experiment can be used: one line for each thing that was looked at."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from sutler.auth import (
    CredentialMethod,
    OpenCredential,
    Role,
    SealBrokenError,
    Sealer,
    Service,
    ServiceKind,
    find_service,
    is_private,
    open_credential,
)
from sutler.base.check_lines import CheckLine, CheckState
from sutler.database import Database
from sutler.replicas.errors import RucioRefusedError, RucioUnreachableError
from sutler.replicas.rucio import RucioCalls, RucioToken

SHOWN_SCOPES = 10
NEAR_END = timedelta(days=7)

_RUCIO_ERRORS = (RucioRefusedError, RucioUnreachableError)
_SIDES = (None, Role.ANALYSIS, Role.PRODUCTION)
"""With one role of each side, and none, every credential is found; the same one may be found more than once."""


async def check_rucio(db: Database, sealer: Sealer, *, experiment_id: int) -> list[CheckLine]:
    """Ask the Rucio of an experiment for its version, and with each credential for account, status and scopes.

    Nothing is changed there. Without a Rucio there are no lines. For other rooms: it asks for no permission.
    """
    service = await find_service(db, experiment_id=experiment_id, kind=ServiceKind.RUCIO)
    if service is None:
        return []
    async with RucioCalls(service) as calls:
        server = await _check_server(calls, service)
        lines = [server, *_check_addresses(service)]
        if len(lines) > 1 or (server.state is CheckState.BROKEN and _is_one_host(service)):
            return lines
        try:
            found = await _list_credentials(db, sealer, experiment_id)
        except SealBrokenError as error:
            return [*lines, CheckLine("credentials", CheckState.BROKEN, error.sentence)]
        if not found:
            lines.append(CheckLine("credentials", CheckState.BROKEN, "None is set, and Rucio answers nobody else."))
        for opened in found:
            lines += await _check_credential(db, calls, service, opened)
    return lines


async def _list_credentials(db: Database, sealer: Sealer, experiment_id: int) -> list[OpenCredential]:
    found: dict[str, OpenCredential] = {}
    for role in _SIDES:
        opened = await open_credential(db, sealer, experiment_id=experiment_id, kind=ServiceKind.RUCIO, role=role)
        if opened is not None:
            found[opened.credential.side] = opened
    return list(found.values())


def _check_addresses(service: Service) -> list[CheckLine]:
    """A line for each address where passwords and tokens would go for all to read: they are not sent then."""
    return [
        CheckLine("address", CheckState.BROKEN, f"No password or token is sent to {url} for all to read: use https.")
        for url in dict.fromkeys((service.server_url, service.auth_url))
        if not is_private(url)
    ]


async def _check_server(calls: RucioCalls, service: Service) -> CheckLine:
    try:
        version = await calls.read_version()
    except _RUCIO_ERRORS as error:
        return CheckLine("server", CheckState.BROKEN, error.sentence)
    return CheckLine("server", CheckState.FINE, f"{service.server_url} answers: Rucio {version}.")


async def _check_credential(
    db: Database, calls: RucioCalls, service: Service, opened: OpenCredential
) -> list[CheckLine]:
    credential = opened.credential
    part = f"credential {credential.side}"
    what = f"The {credential.method} of {credential.username}"
    lines = []
    try:
        token = await calls.log_in(opened, account=service.account or credential.username)
        account = await calls.find_account(token)
        lines.append(_describe_token(db, part, what, token, is_lasting=credential.method is CredentialMethod.TOKEN))
        part = f"account {account}"
        lines.append(_describe_account(account, await calls.read_status(token, account=account), service))
        part = f"scopes of {account}"
        lines.append(_describe_scopes(part, await calls.list_scopes(token, account=account)))
    except RucioRefusedError as error:
        sentence = f"{what} was refused. {error.sentence}" if not lines else error.sentence
        lines.append(CheckLine(part, CheckState.BROKEN, sentence))
    except RucioUnreachableError as error:
        lines.append(CheckLine(part, CheckState.BROKEN, error.sentence))
    return lines


def _describe_token(db: Database, part: str, what: str, token: RucioToken, *, is_lasting: bool) -> CheckLine:
    """A token that a password gave is renewed by itself; one that was set ends for good."""
    until = token.expires_at
    if until is None:
        return CheckLine(part, CheckState.FINE, f"{what} is taken.")
    instant = f"{until:%Y-%m-%d %H:%M} UTC"
    if not is_lasting:
        return CheckLine(part, CheckState.FINE, f"{what} is taken: it gives tokens, this one good until {instant}.")
    is_near = until - db.clock.now() < NEAR_END
    state = CheckState.DOUBTFUL if is_near else CheckState.FINE
    advice = " Set a new one before." if is_near else ""
    return CheckLine(part, state, f"{what} is taken; it is good until {instant}.{advice}")


def _describe_account(account: str, status: str, service: Service) -> CheckLine:
    part = f"account {account}"
    if service.account and service.account != account:
        sentence = f"It acts as {account}, not as {service.account}, which is set."
        return CheckLine(part, CheckState.DOUBTFUL, sentence)
    state = CheckState.FINE if status.upper() == "ACTIVE" else CheckState.DOUBTFUL
    return CheckLine(part, state, f"It acts as {account}, whose status is {status}.")


def _describe_scopes(part: str, scopes: list[str]) -> CheckLine:
    if not scopes:
        sentence = "It owns no scope: it can read, but nothing can be declared with it."
        return CheckLine(part, CheckState.DOUBTFUL, sentence)
    shown = ", ".join(scopes[:SHOWN_SCOPES])
    more = f" and {len(scopes) - SHOWN_SCOPES} more" if len(scopes) > SHOWN_SCOPES else ""
    return CheckLine(part, CheckState.FINE, f"It owns {len(scopes)}: {shown}{more}.")


def _is_one_host(service: Service) -> bool:
    return urlsplit(service.server_url).netloc == urlsplit(service.auth_url).netloc

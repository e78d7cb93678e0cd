"""Whether the MetaCat server of an experiment can be used: one line for each thing that was looked at."""

from __future__ import annotations

from datetime import datetime, timedelta

from sutler.auth import (
    CredentialMethod,
    OpenCredential,
    Role,
    SealBrokenError,
    Service,
    ServiceKind,
    find_service,
    is_private,
)
from sutler.base.check_lines import CheckLine, CheckState
from sutler.catalog.errors import (
    CredentialMissingError,
    CredentialRefusedError,
    RemoteCatalogRefusedError,
    RemoteCatalogUnavailableError,
)
from sutler.catalog.sources.calls import MetacatCalls
from sutler.catalog.sources.registry import Catalogues
from sutler.catalog.sources.replies import Item, read_list, shorten

SHOWN_NAMESPACES = 10
NEAR_END = timedelta(days=7)

_ERRORS = (
    RemoteCatalogUnavailableError,
    RemoteCatalogRefusedError,
    CredentialRefusedError,
    CredentialMissingError,
)
_SIDES = (None, Role.ANALYSIS, Role.PRODUCTION)
"""With one role of each side, and none, every credential is found; the same one may be found more than once."""


async def check_catalog(catalogues: Catalogues, *, experiment_id: int) -> list[CheckLine]:
    """Ask the MetaCat server of an experiment for its version, and with each credential for namespaces.

    Nothing is changed there, and every credential signs in anew. Without a MetaCat server there are no lines. For other
    rooms: it asks for no permission.
    """
    service = await find_service(catalogues.db, experiment_id=experiment_id, kind=ServiceKind.METACAT)
    if service is None:
        return []
    lines = [*_check_addresses(service), await _check_server(catalogues, service)]
    if lines[-1].state is CheckState.BROKEN:
        return lines
    try:
        roles = await _list_roles(catalogues, service)
    except SealBrokenError as error:
        return [*lines, CheckLine("credentials", CheckState.BROKEN, error.sentence)]
    if not roles:
        sentence = "None is set: what is open to all can be selected, nothing can be declared."
        lines += [CheckLine("credentials", CheckState.DOUBTFUL, sentence), await _check_reading(catalogues, service)]
    for role, opened in roles:
        lines += await _check_credential(catalogues, service, role, opened)
    return lines


async def _list_roles(catalogues: Catalogues, service: Service) -> list[tuple[Role | None, OpenCredential]]:
    found: dict[str, tuple[Role | None, OpenCredential]] = {}
    for role in _SIDES:
        opened = await catalogues.open_credential(service, role)
        if opened is not None:
            found.setdefault(opened.credential.side, (role, opened))
    return list(found.values())


def _check_addresses(service: Service) -> list[CheckLine]:
    """A line for each address over which passwords and tokens would go for all to read."""
    return [
        CheckLine("address", CheckState.DOUBTFUL, f"Tokens go to {url} without encryption: use https.")
        for url in dict.fromkeys((service.server_url, service.auth_url))
        if not is_private(url)
    ]


async def _check_server(catalogues: Catalogues, service: Service) -> CheckLine:
    calls = catalogues.make_open_calls(service)
    try:
        version = shorten((await calls.read("version")).text)
    except _ERRORS as error:
        return CheckLine("server", CheckState.BROKEN, error.sentence)
    if not version or version.startswith("<"):
        sentence = f"{service.server_url} does not say which MetaCat it is: is this the address of the server?"
        return CheckLine("server", CheckState.BROKEN, sentence)
    return CheckLine("server", CheckState.FINE, f"{service.server_url} answers: MetaCat {version}.")


async def _check_reading(catalogues: Catalogues, service: Service) -> CheckLine:
    try:
        found = await _list_namespaces(catalogues.make_open_calls(service), "")
    except _ERRORS as error:
        return CheckLine("namespaces", CheckState.BROKEN, error.sentence)
    return CheckLine("namespaces", CheckState.FINE, f"{len(found)} can be read by all.")


async def _check_credential(
    catalogues: Catalogues, service: Service, role: Role | None, opened: OpenCredential
) -> list[CheckLine]:
    credential = opened.credential
    part = f"credential {credential.side}"
    calls, keeper = await catalogues.open_calls(service, role)
    lines: list[CheckLine] = []
    try:
        if keeper is not None:
            token = await keeper.get_token(calls.start())
            lines.append(_describe_token(part, opened, token.expires_at, now=catalogues.db.clock.now()))
        part = f"namespaces of {credential.username}"
        readable = await _list_namespaces(calls, "")
        owned = await _list_namespaces(calls, credential.username)
        lines.append(_describe_namespaces(part, readable, owned))
    except _ERRORS as error:
        lines.append(CheckLine(part, CheckState.BROKEN, error.sentence))
    return lines


async def _list_namespaces(calls: MetacatCalls, owner: str) -> list[Item]:
    return read_list(await calls.read("namespaces", {"owner_user": owner} if owner else {}))


def _describe_token(part: str, opened: OpenCredential, until: datetime | None, *, now: datetime) -> CheckLine:
    """A token that a password gave is renewed by itself; what a token was exchanged for ends with that one."""
    credential = opened.credential
    what = f"The {credential.method} of {credential.username} is taken"
    if until is None:
        return CheckLine(part, CheckState.FINE, f"{what}.")
    instant = f"{until:%Y-%m-%d %H:%M} UTC"
    if credential.method is CredentialMethod.PASSWORD:
        return CheckLine(part, CheckState.FINE, f"{what}: it gives tokens, this one good until {instant}.")
    is_near = until - now < NEAR_END
    advice = " Set a new one before." if is_near else ""
    state = CheckState.DOUBTFUL if is_near else CheckState.FINE
    return CheckLine(part, state, f"{what}; what it gives is good until {instant}.{advice}")


def _describe_namespaces(part: str, readable: list[Item], owned: list[Item]) -> CheckLine:
    can_read = f"{len(readable)} can be read"
    names = sorted(shorten(str(item.get("name"))) for item in owned)
    if not names:
        sentence = f"{can_read}, none of them is its own: it can declare only in namespaces that it makes."
        return CheckLine(part, CheckState.DOUBTFUL, sentence)
    shown = ", ".join(names[:SHOWN_NAMESPACES])
    more = f" and {len(names) - SHOWN_NAMESPACES} more" if len(names) > SHOWN_NAMESPACES else ""
    return CheckLine(part, CheckState.FINE, f"{can_read}, and it can declare in {len(names)}: {shown}{more}.")

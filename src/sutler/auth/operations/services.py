"""Other services that an experiment uses, and what it signs in there with."""

from __future__ import annotations

from sutler.auth import store
from sutler.auth.errors import CredentialNotFoundError, ServiceNotFoundError
from sutler.auth.model import (
    Action,
    AuthEvent,
    Credential,
    CredentialSide,
    Experiment,
    NewCredential,
    NewService,
    OpenCredential,
    Principal,
    Role,
    Service,
    ServiceKind,
    ServiceList,
    Thing,
)
from sutler.auth.operations.experiments import get_experiment_in
from sutler.auth.permission import may, permit
from sutler.auth.sealing import Sealer
from sutler.auth.service_rules import check_credential, choose_side, complete_service, is_same_place
from sutler.base.events import Event
from sutler.database import Database, Tx


async def set_service(db: Database, who: Principal, *, experiment: str, service: NewService) -> Service:
    """Say where a service of an experiment is. What was set before is replaced.

    A service that moves to another host loses its credentials: no password goes where it was not meant for. Setting
    what is already so changes nothing. Raises ExperimentNotFoundError, NotPermittedError, InvalidInputError.
    """
    wanted = complete_service(service)
    async with db.write() as tx:
        found = await _get_to_change(tx, who, experiment)
        before = await store.find_service(tx, experiment_id=found.id, kind=wanted.kind)
        if before is not None and _is_so(before, wanted):
            return before
        has_moved = before is not None and not is_same_place(before, wanted)
        if has_moved:
            await _remove_credentials_in(tx, who, found, wanted.kind, reason="moved")
        kept = await store.upsert_service(tx, experiment_id=found.id, service=wanted, username=who.username)
        facts: dict[str, object] = {
            "service": kept.kind.value,
            "server_url": kept.server_url,
            "auth_url": kept.auth_url,
            "account": kept.account,
            "timeout_seconds": kept.timeout_for.total_seconds(),
            "has_moved": has_moved,
        }
        await _record(tx, who, found, AuthEvent.SERVICE_CHANGED, facts)
        return kept


async def remove_service(db: Database, who: Principal, *, experiment: str, kind: ServiceKind) -> None:
    """Let an experiment use a service no more. Its credentials are deleted.

    Raises ExperimentNotFoundError, NotPermittedError, ServiceNotFoundError.
    """
    async with db.write() as tx:
        found = await _get_to_change(tx, who, experiment)
        service = await _get_service_in(tx, found, kind)
        await _remove_credentials_in(tx, who, found, kind, reason="service removed")
        await store.delete_service(tx, experiment_id=found.id, kind=kind)
        facts: dict[str, object] = {"service": kind.value, "server_url": service.server_url}
        await _record(tx, who, found, AuthEvent.SERVICE_REMOVED, facts)


async def list_services(db: Database, who: Principal, *, experiment: str) -> ServiceList:
    """Return the services that an experiment uses, to any of its members; the credentials to who may set them.

    Raises ExperimentNotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        found = await get_experiment_in(tx, name=experiment)
        thing = Thing("experiment", found.id)
        permit(who, Action.VIEW, thing)
        services = await store.list_services(tx, experiment_id=found.id)
        sees_all = may(who, Action.SET_SERVICES, thing)
        credentials = tuple(await store.list_credentials(tx, experiment_id=found.id)) if sees_all else None
        return ServiceList(tuple(services), credentials)


async def list_credentials(db: Database, who: Principal, *, experiment: str) -> list[Credential]:
    """Return what an experiment signs in with, by kind and side, without the secrets.

    Raises ExperimentNotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        found = await _get_to_set(tx, who, experiment)
        return await store.list_credentials(tx, experiment_id=found.id)


async def set_credential(
    db: Database, who: Principal, sealer: Sealer, *, experiment: str, credential: NewCredential
) -> Credential:
    """Keep what an experiment signs in with at one of its services for one side. What was kept before is replaced.

    Raises ExperimentNotFoundError, NotPermittedError, InvalidInputError, ServiceNotFoundError.
    """
    check_credential(credential)
    sealed = sealer.seal(credential.secret)
    async with db.write() as tx:
        found = await _get_to_change(tx, who, experiment)
        await _get_service_in(tx, found, credential.kind)
        kept = await store.upsert_credential(
            tx, experiment_id=found.id, credential=credential, secret_sealed=sealed, changed_by=who.username
        )
        facts: dict[str, object] = {
            "service": kept.kind.value,
            "side": kept.side.value,
            "method": kept.method.value,
            "username": kept.username,
        }
        await _record(tx, who, found, AuthEvent.CREDENTIAL_CHANGED, facts)
        return kept


async def remove_credential(
    db: Database, who: Principal, *, experiment: str, kind: ServiceKind, side: CredentialSide
) -> None:
    """Forget what an experiment signs in with for one side.

    Raises ExperimentNotFoundError, NotPermittedError, CredentialNotFoundError.
    """
    async with db.write() as tx:
        found = await _get_to_change(tx, who, experiment)
        if not await store.delete_credential(tx, experiment_id=found.id, kind=kind, side=side):
            what = f"The experiment {experiment} has no credential of the side {side} for {kind}."
            raise CredentialNotFoundError("credential", f"{kind} {side}", what)
        await _record_removal(tx, who, found, kind, side, reason="asked")


async def get_experiment_to_check(db: Database, who: Principal, *, experiment: str) -> Experiment:
    """Return an experiment whose services somebody may set, and so may have checked.

    Raises ExperimentNotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        return await _get_to_set(tx, who, experiment)


async def find_service(db: Database, *, experiment_id: int, kind: ServiceKind) -> Service | None:
    """Return a service of an experiment; None if it uses none of the kind. For other rooms: it asks for no permission.

    It takes one statement that goes by the key.
    """
    async with db.read() as tx:
        return await find_service_in(tx, experiment_id=experiment_id, kind=kind)


async def find_service_in(tx: Tx, *, experiment_id: int, kind: ServiceKind) -> Service | None:
    """As `find_service`, inside a transaction."""
    return await store.find_service(tx, experiment_id=experiment_id, kind=kind)


async def open_credential(
    db: Database, sealer: Sealer, *, experiment_id: int, kind: ServiceKind, role: Role | None
) -> OpenCredential | None:
    """Return what to sign in with for the work of a role, with its secret; None if nothing was set.

    The credential of the role's own side goes first, then that of any; without a role only that of any. For other
    rooms: it asks for no permission. Raises SealBrokenError.
    """
    side = CredentialSide.ANY if role is None else choose_side(role)
    async with db.read() as tx:
        found = await store.find_credential(tx, experiment_id=experiment_id, kind=kind, side=side)
    if found is None:
        return None
    return OpenCredential(found.credential, sealer.open(found.secret_sealed))


async def _get_to_set(tx: Tx, who: Principal, name: str) -> Experiment:
    found = await get_experiment_in(tx, name=name)
    permit(who, Action.SET_SERVICES, Thing("experiment", found.id))
    return found


async def _get_to_change(tx: Tx, who: Principal, name: str) -> Experiment:
    found = await _get_to_set(tx, who, name)
    # Nobody moves or removes a service while a password for it is being kept.
    await store.lock_experiment(tx, experiment_id=found.id)
    return found


async def _get_service_in(tx: Tx, experiment: Experiment, kind: ServiceKind) -> Service:
    found = await store.find_service(tx, experiment_id=experiment.id, kind=kind)
    if found is None:
        what = f"The experiment {experiment.name} uses no {kind} service: set its address first."
        raise ServiceNotFoundError("service", kind.value, what)
    return found


async def _remove_credentials_in(
    tx: Tx, who: Principal, experiment: Experiment, kind: ServiceKind, *, reason: str
) -> None:
    for side in await store.delete_credentials(tx, experiment_id=experiment.id, kind=kind):
        await _record_removal(tx, who, experiment, kind, side, reason=reason)


async def _record_removal(
    tx: Tx, who: Principal, experiment: Experiment, kind: ServiceKind, side: CredentialSide, *, reason: str
) -> None:
    facts: dict[str, object] = {"service": kind.value, "side": side.value, "reason": reason}
    await _record(tx, who, experiment, AuthEvent.CREDENTIAL_REMOVED, facts)


async def _record(tx: Tx, who: Principal, experiment: Experiment, kind: AuthEvent, facts: dict[str, object]) -> None:
    await tx.record(Event(kind, "experiment", str(experiment.id), experiment.id, facts), who)


def _is_so(before: Service, wanted: NewService) -> bool:
    return (before.server_url, before.auth_url, before.account, before.timeout_for) == (
        wanted.server_url,
        wanted.auth_url,
        wanted.account,
        wanted.timeout_for,
    )

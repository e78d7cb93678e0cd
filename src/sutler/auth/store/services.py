"""Other services of experiments, and what they sign in there with."""

from __future__ import annotations

from sutler.auth.model import (
    Credential,
    CredentialSide,
    NewCredential,
    NewService,
    SealedCredential,
    Service,
    ServiceKind,
)
from sutler.database import Tx, into, into_list, into_optional, load_statements

_SQL = load_statements("sutler.auth.store", "services.sql")


async def lock_experiment(tx: Tx, *, experiment_id: int) -> None:
    """Let nobody else change the services of an experiment until the transaction ends."""
    await tx.row(_SQL.lock_experiment, experiment_id=experiment_id)


async def upsert_service(tx: Tx, *, experiment_id: int, service: NewService, username: str) -> Service:
    """Set where a service of an experiment is."""
    row = await tx.row(
        _SQL.upsert_service,
        experiment_id=experiment_id,
        kind=service.kind.value,
        server_url=service.server_url,
        auth_url=service.auth_url,
        account=service.account,
        timeout_for=service.timeout_for,
        now=tx.now,
        username=username,
    )
    assert row is not None
    return into(Service, row)


async def find_service(tx: Tx, *, experiment_id: int, kind: ServiceKind) -> Service | None:
    """Look a service of an experiment up."""
    return into_optional(Service, await tx.row(_SQL.find_service, experiment_id=experiment_id, kind=kind.value))


async def list_services(tx: Tx, *, experiment_id: int) -> list[Service]:
    """Return the services of an experiment by kind."""
    return into_list(Service, await tx.rows(_SQL.list_services, experiment_id=experiment_id))


async def delete_service(tx: Tx, *, experiment_id: int, kind: ServiceKind) -> bool:
    """Forget a service of an experiment. False if there was none."""
    return bool(await tx.run(_SQL.delete_service, experiment_id=experiment_id, kind=kind.value))


async def upsert_credential(
    tx: Tx, *, experiment_id: int, credential: NewCredential, secret_sealed: str, changed_by: str
) -> Credential:
    """Keep what an experiment signs in with at a service for one side."""
    row = await tx.row(
        _SQL.upsert_credential,
        experiment_id=experiment_id,
        kind=credential.kind.value,
        side=credential.side.value,
        method=credential.method.value,
        username=credential.username,
        secret_sealed=secret_sealed,
        now=tx.now,
        changed_by=changed_by,
    )
    assert row is not None
    return into(Credential, row)


async def list_credentials(tx: Tx, *, experiment_id: int) -> list[Credential]:
    """Return what an experiment signs in with, by kind and side."""
    return into_list(Credential, await tx.rows(_SQL.list_credentials, experiment_id=experiment_id))


async def find_credential(
    tx: Tx, *, experiment_id: int, kind: ServiceKind, side: CredentialSide
) -> SealedCredential | None:
    """Return what to sign in with for one side: its own, else that of any."""
    row = await tx.row(_SQL.find_credential, experiment_id=experiment_id, kind=kind.value, side=side.value)
    return None if row is None else SealedCredential(into(Credential, row), row["secret_sealed"])


async def delete_credential(tx: Tx, *, experiment_id: int, kind: ServiceKind, side: CredentialSide) -> bool:
    """Forget what an experiment signs in with for one side. False if there was nothing."""
    return bool(await tx.run(_SQL.delete_credential, experiment_id=experiment_id, kind=kind.value, side=side.value))


async def delete_credentials(tx: Tx, *, experiment_id: int, kind: ServiceKind) -> list[CredentialSide]:
    """Forget all that an experiment signs in with at a service. Returns for which sides there was something."""
    rows = await tx.rows(_SQL.delete_credentials, experiment_id=experiment_id, kind=kind.value)
    return [CredentialSide(row["side"]) for row in rows]

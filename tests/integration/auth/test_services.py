"""Other services of an experiment, and what it signs in there with."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.integration.auth.conftest import Installation

from sutler.auth import (
    SYSTEM,
    Action,
    CredentialMethod,
    CredentialNotFoundError,
    CredentialSide,
    ExperimentNotFoundError,
    NewCredential,
    NewService,
    Principal,
    Role,
    SealBrokenError,
    Sealer,
    ServiceKind,
    ServiceList,
    ServiceNotFoundError,
    Thing,
    create_experiment,
    find_service,
    find_service_in,
    get_experiment_to_check,
    list_credentials,
    list_services,
    make_sealing_key,
    open_credential,
    remove_credential,
    remove_service,
    set_credential,
    set_service,
)
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.database import list_history
from sutler.database.sql import sql

METACAT = NewService(ServiceKind.METACAT, "https://meta.example/dune")
SECRET = "open sesame 1234"


def some_credential(
    side: CredentialSide = CredentialSide.ANY, *, username: str = "dunepro", secret: str = SECRET
) -> NewCredential:
    return NewCredential(ServiceKind.METACAT, side, CredentialMethod.PASSWORD, username, secret)


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(make_sealing_key(), key_file="sealing.key")


@pytest.fixture
async def mia(installation: Installation) -> Principal:
    return await installation.add_principal("mia", Role.SUPERUSER)


async def read_events(installation: Installation) -> list[tuple[str, dict[str, object]]]:
    """Return the kinds and facts of what happened to the experiment since it was made, oldest first."""
    async with installation.db.read() as tx:
        history = await list_history(tx, subject_kind="experiment", subject_id=installation.experiment_id)
    return [(event.kind, event.facts) for event in history[::-1] if event.kind != "auth.experiment_created"]


async def test_a_service_is_set_and_found_complete(
    installation: Installation, mia: Principal, clock: MovableClock
) -> None:
    db = installation.db
    kept = await set_service(db, mia, experiment="dune", service=METACAT)
    assert (kept.server_url, kept.auth_url) == ("https://meta.example/dune", "https://meta.example/dune/auth")
    assert (kept.timeout_for, kept.updated_at, kept.updated_by) == (timedelta(seconds=60), clock.now(), "mia")
    assert await find_service(db, experiment_id=installation.experiment_id, kind=ServiceKind.METACAT) == kept
    assert await find_service(db, experiment_id=installation.experiment_id, kind=ServiceKind.RUCIO) is None
    async with db.read() as tx:
        assert await find_service_in(tx, experiment_id=kept.experiment_id, kind=kept.kind) == kept


async def test_setting_what_is_already_so_changes_nothing(
    installation: Installation, mia: Principal, clock: MovableClock
) -> None:
    db = installation.db
    first = await set_service(db, mia, experiment="dune", service=METACAT)
    clock.advance(timedelta(hours=1))
    again = NewService(ServiceKind.METACAT, "https://meta.example/dune/", "https://meta.example/dune/auth")
    assert await set_service(db, mia, experiment="dune", service=again) == first
    assert [kind for kind, _ in await read_events(installation)] == ["auth.service_changed"]


async def test_services_belong_to_one_experiment_and_are_listed_by_kind(
    installation: Installation, mia: Principal
) -> None:
    db = installation.db
    await create_experiment(db, SYSTEM, name="mu2e")
    await set_service(db, mia, experiment="dune", service=NewService(ServiceKind.RUCIO, "https://rucio.example"))
    await set_service(db, mia, experiment="dune", service=METACAT)
    listed = await list_services(db, mia, experiment="dune")
    assert [service.kind for service in listed.services] == [ServiceKind.METACAT, ServiceKind.RUCIO]
    assert await list_services(db, SYSTEM, experiment="mu2e") == ServiceList((), ())


async def test_the_credential_of_the_own_side_goes_before_that_of_any(
    installation: Installation, mia: Principal, sealer: Sealer
) -> None:
    db = installation.db
    await set_service(db, mia, experiment="dune", service=METACAT)

    async def find_username(role: Role | None) -> str | None:
        found = await open_credential(
            db, sealer, experiment_id=installation.experiment_id, kind=ServiceKind.METACAT, role=role
        )
        return None if found is None else found.credential.username

    assert await find_username(Role.PRODUCTION) is None
    await set_credential(
        db, mia, sealer, experiment="dune", credential=some_credential(CredentialSide.PRODUCTION, username="dunepro")
    )
    assert [await find_username(role) for role in (Role.ANALYSIS, Role.PRODUCTION, Role.SHIFTER, None)] == [
        None, "dunepro", "dunepro", None,
    ]  # fmt: skip
    await set_credential(db, mia, sealer, experiment="dune", credential=some_credential(username="everybody"))
    assert [await find_username(role) for role in (Role.ANALYSIS, Role.SUPERUSER, None)] == [
        "everybody", "dunepro", "everybody",
    ]  # fmt: skip


async def test_a_secret_opens_with_the_sealer_and_stands_nowhere_else(
    installation: Installation, mia: Principal, sealer: Sealer
) -> None:
    db = installation.db
    await set_service(db, mia, experiment="dune", service=METACAT)
    given = some_credential()
    kept = await set_credential(db, mia, sealer, experiment="dune", credential=given)
    opened = await open_credential(
        db, sealer, experiment_id=installation.experiment_id, kind=ServiceKind.METACAT, role=None
    )
    assert opened is not None
    assert opened.secret == SECRET
    async with db.read() as tx:
        rows = await tx.composed(sql("SELECT c::text AS row FROM auth.service_credentials c"))
        events = await tx.composed(sql("SELECT e::text AS row FROM database.events e"))
    for text in (repr(given), repr(kept), repr(opened), *(row["row"] for row in (*rows, *events))):
        assert SECRET not in text


async def test_what_was_sealed_with_another_key_asks_for_the_password_anew(
    installation: Installation, mia: Principal, sealer: Sealer
) -> None:
    db = installation.db
    await set_service(db, mia, experiment="dune", service=METACAT)
    await set_credential(db, mia, sealer, experiment="dune", credential=some_credential())
    other = Sealer(make_sealing_key(), key_file="/data/sealing.key")
    with pytest.raises(SealBrokenError, match=r"/data/sealing\.key"):
        await open_credential(
            db, other, experiment_id=installation.experiment_id, kind=ServiceKind.METACAT, role=Role.PRODUCTION
        )


async def test_a_service_that_moves_to_another_host_loses_its_credentials(
    installation: Installation, mia: Principal, sealer: Sealer, clock: MovableClock
) -> None:
    db = installation.db
    await set_service(db, mia, experiment="dune", service=METACAT)
    for side in CredentialSide:
        await set_credential(db, mia, sealer, experiment="dune", credential=some_credential(side))
    same_host = NewService(ServiceKind.METACAT, "https://meta.example/other", timeout_for=timedelta(seconds=5))
    await set_service(db, mia, experiment="dune", service=same_host)
    assert len(await list_credentials(db, mia, experiment="dune")) == 3
    clock.advance(timedelta(hours=1))
    await set_service(
        db,
        mia,
        experiment="dune",
        service=NewService(ServiceKind.METACAT, "https://meta.example", "https://evil.example"),
    )
    assert await list_credentials(db, mia, experiment="dune") == []
    facts = [facts for kind, facts in await read_events(installation) if kind == "auth.credential_removed"]
    assert {(fact["side"], fact["reason"]) for fact in facts} == {(side.value, "moved") for side in CredentialSide}


async def test_a_removed_service_leaves_nothing_behind(
    installation: Installation, mia: Principal, sealer: Sealer
) -> None:
    db = installation.db
    await set_service(db, mia, experiment="dune", service=METACAT)
    await set_credential(db, mia, sealer, experiment="dune", credential=some_credential())
    await remove_service(db, mia, experiment="dune", kind=ServiceKind.METACAT)
    assert await list_services(db, mia, experiment="dune") == ServiceList((), ())
    await set_service(db, mia, experiment="dune", service=METACAT)
    assert await list_credentials(db, mia, experiment="dune") == []
    with pytest.raises(ServiceNotFoundError, match="dune uses no rucio service"):
        await remove_service(db, mia, experiment="dune", kind=ServiceKind.RUCIO)


async def test_a_credential_is_replaced_and_removed(
    installation: Installation, mia: Principal, sealer: Sealer, clock: MovableClock
) -> None:
    db = installation.db
    await set_service(db, mia, experiment="dune", service=METACAT)
    await set_credential(db, mia, sealer, experiment="dune", credential=some_credential())
    clock.advance(timedelta(hours=1))
    token = NewCredential(ServiceKind.METACAT, CredentialSide.ANY, CredentialMethod.TOKEN, "robot", "e30.e30.x")
    await set_credential(db, mia, sealer, experiment="dune", credential=token)
    (listed,) = await list_credentials(db, mia, experiment="dune")
    assert (listed.method, listed.username, listed.changed_at) == (CredentialMethod.TOKEN, "robot", clock.now())
    await remove_credential(db, mia, experiment="dune", kind=ServiceKind.METACAT, side=CredentialSide.ANY)
    assert await list_credentials(db, mia, experiment="dune") == []
    with pytest.raises(CredentialNotFoundError, match="no credential of the side any for metacat"):
        await remove_credential(db, mia, experiment="dune", kind=ServiceKind.METACAT, side=CredentialSide.ANY)


async def test_a_credential_needs_its_service_first(installation: Installation, mia: Principal, sealer: Sealer) -> None:
    with pytest.raises(ServiceNotFoundError, match="set its address first"):
        await set_credential(installation.db, mia, sealer, experiment="dune", credential=some_credential())


async def test_a_password_kept_while_the_service_moves_never_stays_with_the_other_host(
    installation: Installation, mia: Principal, sealer: Sealer
) -> None:
    db = installation.db
    await set_service(db, mia, experiment="dune", service=METACAT)
    moved = NewService(ServiceKind.METACAT, "https://evil.example")
    async with db.write() as tx:
        await tx.composed(sql("SELECT id FROM auth.experiments FOR NO KEY UPDATE"))
        waiting = [
            asyncio.create_task(set_service(db, mia, experiment="dune", service=moved)),
            asyncio.create_task(set_credential(db, mia, sealer, experiment="dune", credential=some_credential())),
        ]
        done, _ = await asyncio.wait(waiting, timeout=0.2)
        assert not done
    await asyncio.gather(*waiting)
    history = [kind for kind, _ in await read_events(installation)]
    kept = await list_credentials(db, mia, experiment="dune")
    assert bool(kept) != ("auth.credential_removed" in history)


async def test_wrong_input_changes_nothing(installation: Installation, mia: Principal, sealer: Sealer) -> None:
    db = installation.db
    with pytest.raises(InvalidInputError, match="server_url"):
        await set_service(db, mia, experiment="dune", service=NewService(ServiceKind.METACAT, "meta.example"))
    with pytest.raises(InvalidInputError, match="secret"):
        await set_credential(db, mia, sealer, experiment="dune", credential=some_credential(secret=""))
    with pytest.raises(ExperimentNotFoundError):
        await set_service(db, SYSTEM, experiment="nova", service=METACAT)
    assert await read_events(installation) == []


@pytest.mark.parametrize("role", [Role.ANALYSIS, Role.SHIFTER, Role.PRODUCTION])
async def test_only_superusers_of_the_experiment_set_services_and_see_credentials(
    installation: Installation, sealer: Sealer, role: Role
) -> None:
    db = installation.db
    ben = await installation.add_principal("ben", role)
    for attempt in (
        set_service(db, ben, experiment="dune", service=METACAT),
        remove_service(db, ben, experiment="dune", kind=ServiceKind.METACAT),
        list_credentials(db, ben, experiment="dune"),
        set_credential(db, ben, sealer, experiment="dune", credential=some_credential()),
        remove_credential(db, ben, experiment="dune", kind=ServiceKind.METACAT, side=CredentialSide.ANY),
        get_experiment_to_check(db, ben, experiment="dune"),
    ):
        with pytest.raises(NotPermittedError, match=r"see or set the services of this experiment.*role superuser"):
            await attempt
    assert await list_services(db, ben, experiment="dune") == ServiceList((), None)


async def test_strangers_do_not_even_see_the_list(installation: Installation) -> None:
    eve = await installation.add_principal("eve")
    with pytest.raises(NotPermittedError):
        await list_services(installation.db, eve, experiment="dune")


async def test_an_administrator_who_is_no_member_may_set_services(installation: Installation, sealer: Sealer) -> None:
    db = installation.db
    admin = await installation.add_principal("ada", is_admin=True)
    await set_service(db, admin, experiment="dune", service=METACAT)
    await set_credential(db, admin, sealer, experiment="dune", credential=some_credential())
    experiment = await get_experiment_to_check(db, admin, experiment="dune")
    assert experiment.id == installation.experiment_id
    assert set(admin.consulted) == {(Action.SET_SERVICES, Thing("experiment", installation.experiment_id))}


async def test_what_changed_is_recorded_with_its_facts(
    installation: Installation, mia: Principal, sealer: Sealer
) -> None:
    db = installation.db
    await set_service(db, mia, experiment="dune", service=METACAT)
    await set_credential(db, mia, sealer, experiment="dune", credential=some_credential())
    await remove_service(db, mia, experiment="dune", kind=ServiceKind.METACAT)
    recorded = dict(await read_events(installation))
    assert recorded == {
        "auth.service_changed": {
            "service": "metacat",
            "server_url": "https://meta.example/dune",
            "auth_url": "https://meta.example/dune/auth",
            "account": "",
            "timeout_seconds": 60.0,
            "has_moved": False,
        },
        "auth.credential_changed": {
            "service": "metacat",
            "side": "any",
            "method": "password",
            "username": "dunepro",
        },
        "auth.credential_removed": {"service": "metacat", "side": "any", "reason": "service removed"},
        "auth.service_removed": {"service": "metacat", "server_url": "https://meta.example/dune"},
    }

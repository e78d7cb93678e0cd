"""Tokens for scripts and jobs, and the keys they are signed with."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.integration.auth.conftest import PASSWORD, Installation
from tests.server import ServerUnderTest

from sutler.auth import (
    SYSTEM,
    Action,
    Role,
    Thing,
    TokenExpiredError,
    TokenInvalidError,
    TokenKind,
    TokenNotFoundError,
    TokenRevokedError,
    UserNotFoundError,
    authenticate,
    create_token,
    create_user,
    get_principal_of,
    issue_local_token,
    issue_token_in,
    list_tokens,
    load_signer,
    may,
    permit,
    revoke_token,
    set_member,
    sign_in,
)
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.database import Database
from sutler.database.sql import sql, value


async def issue_job_token(installation: Installation, user_id: int, *, project_id: int | None = 7) -> str:
    async with installation.db.write() as tx:
        token = await issue_token_in(
            tx,
            installation.signer,
            user_id=user_id,
            kind=TokenKind.JOB,
            label="submission 3",
            lifetime=timedelta(days=2),
            experiment_id=installation.experiment_id,
            project_id=project_id,
        )
    return token.text


async def test_a_token_of_ones_own_works_until_its_day(installation: Installation, clock: MovableClock) -> None:
    who = await installation.add_principal("mia")
    token = await create_token(installation.db, installation.signer, who, label="cron", days=30)
    assert who.consulted
    clock.advance(timedelta(days=29, hours=23))
    shown = await authenticate(installation.db, installation.signer, token=token.text)
    assert (shown.username, shown.kind) == ("mia", TokenKind.API)
    clock.advance(timedelta(hours=1))
    with pytest.raises(TokenExpiredError):
        await authenticate(installation.db, installation.signer, token=token.text)


async def test_tokens_are_listed_newest_first_without_text_and_without_those_of_jobs(
    installation: Installation, clock: MovableClock
) -> None:
    who = await installation.add_principal("mia")
    other = await installation.add_principal("bob")
    await create_token(installation.db, installation.signer, other, label="not mia's")
    await create_token(installation.db, installation.signer, who, label="short", days=1)
    await issue_job_token(installation, who.user_id)
    clock.advance(timedelta(hours=1))
    revoked = await create_token(installation.db, installation.signer, who, label="long", days=9)
    await revoke_token(installation.db, who, jti=revoked.jti)
    listed = await list_tokens(installation.db, who)
    assert [(token.label, token.revoked_at is not None) for token in listed] == [("long", True), ("short", False)]
    assert listed[0].kind is TokenKind.API
    clock.advance(timedelta(days=1))
    assert [token.label for token in await list_tokens(installation.db, who)] == ["long"]


async def test_a_revoked_token_is_refused(installation: Installation) -> None:
    who = await installation.add_principal("mia")
    token = await create_token(installation.db, installation.signer, who, label="cron")
    await revoke_token(installation.db, who, jti=token.jti)
    await revoke_token(installation.db, who, jti=token.jti)
    with pytest.raises(TokenRevokedError):
        await authenticate(installation.db, installation.signer, token=token.text)
    assert await count_events(installation.db, "auth.token_revoked") == 1


async def test_only_the_owner_and_administrators_take_a_token_back(installation: Installation) -> None:
    who = await installation.add_principal("mia")
    token = await create_token(installation.db, installation.signer, who, label="cron")
    with pytest.raises(NotPermittedError, match="its owner or an administrator"):
        await revoke_token(installation.db, await installation.add_principal("bob"), jti=token.jti)
    await authenticate(installation.db, installation.signer, token=token.text)
    await revoke_token(installation.db, await installation.add_principal("root", is_admin=True), jti=token.jti)
    with pytest.raises(TokenRevokedError):
        await authenticate(installation.db, installation.signer, token=token.text)


async def test_a_token_that_nobody_has_cannot_be_taken_back(installation: Installation) -> None:
    with pytest.raises(TokenNotFoundError):
        await revoke_token(installation.db, await installation.add_principal("mia"), jti=uuid4())


@pytest.mark.parametrize(("days", "kind"), [(0, TokenKind.API), (1000, TokenKind.API), (7, TokenKind.JOB)])
async def test_a_token_without_end_or_of_a_job_is_not_made_on_request(
    installation: Installation, days: int, kind: TokenKind
) -> None:
    who = await installation.add_principal("mia")
    with pytest.raises(InvalidInputError):
        await create_token(installation.db, installation.signer, who, label="x", days=days, kind=kind)
    assert await list_tokens(installation.db, who) == []


async def test_a_job_token_is_limited_to_its_project_and_experiment(installation: Installation) -> None:
    user = await installation.add_user("mia", Role.SUPERUSER)
    job = await authenticate(
        installation.db, installation.signer, token=await issue_job_token(installation, user.id, project_id=7)
    )
    here = installation.experiment_id
    assert (job.kind, job.project_id, job.roles) == (TokenKind.JOB, 7, {here: Role.SUPERUSER})
    permit(job, Action.PROCESS, Thing("project", here, user.id, Role.SUPERUSER, project_id=7))
    permit(job, Action.DECLARE, Thing("namespace", here))
    for action, thing in [
        (Action.PROCESS, Thing("project", here, user.id, Role.SUPERUSER, project_id=8)),
        (Action.PROCESS, Thing("project", here + 1, user.id, Role.SUPERUSER, project_id=7)),
        (Action.DECLARE, Thing("namespace", here + 1)),
        (Action.EDIT, Thing("campaign", here, user.id)),
    ]:
        assert not may(job, action, thing)
    with pytest.raises(NotPermittedError):
        await create_token(installation.db, installation.signer, job, label="escape")
    with pytest.raises(NotPermittedError):
        await list_tokens(installation.db, job)


async def test_the_job_of_an_administrator_works_in_an_experiment_without_membership(
    installation: Installation,
) -> None:
    admin = await installation.add_user("root", is_admin=True)
    job = await authenticate(installation.db, installation.signer, token=await issue_job_token(installation, admin.id))
    assert not job.is_admin
    assert (job.roles, job.experiments) == (
        {installation.experiment_id: Role.SUPERUSER},
        {installation.experiment_id: "dune"},
    )


async def test_a_job_whose_owner_left_the_experiment_may_nothing(installation: Installation) -> None:
    user = await installation.add_user("mia", Role.ANALYSIS)
    text = await issue_job_token(installation, user.id)
    await set_member(installation.db, SYSTEM, experiment="dune", username="mia", role=None)
    job = await authenticate(installation.db, installation.signer, token=text)
    assert not may(job, Action.PROCESS, Thing("project", installation.experiment_id, user.id, project_id=7))


async def test_whoever_owns_the_machine_gets_a_token_for_any_user(installation: Installation) -> None:
    await installation.add_user("mia")
    token = await issue_local_token(installation.db, installation.signer, username="mia", days=2)
    assert (await authenticate(installation.db, installation.signer, token=token.text)).username == "mia"
    with pytest.raises(UserNotFoundError, match="no user nobody"):
        await issue_local_token(installation.db, installation.signer, username="nobody", days=2)
    with pytest.raises(InvalidInputError):
        await issue_local_token(installation.db, installation.signer, username="mia", days=0)


async def test_nobody_works_in_the_name_of_a_user_who_is_shut_out_or_unknown(installation: Installation) -> None:
    user = await installation.add_user("mia")
    async with installation.db.write() as tx:
        await tx.composed(sql("UPDATE auth.users SET is_active = false WHERE id = ") + value(user.id))
    for user_id in (user.id, 999_999):
        with pytest.raises(UserNotFoundError):
            await issue_job_token(installation, user_id)
        with pytest.raises(UserNotFoundError):
            await get_principal_of(installation.db, user_id=user_id)


async def test_the_token_row_of_somebody_else_does_not_make_a_token_good(installation: Installation) -> None:
    await installation.add_user("mia")
    bob = await installation.add_user("bob")
    token = await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)
    async with installation.db.write() as tx:
        await tx.composed(
            sql("UPDATE auth.tokens SET user_id = ") + value(bob.id) + sql(" WHERE jti = ") + value(token.jti)
        )
    with pytest.raises(TokenRevokedError):
        await authenticate(installation.db, installation.signer, token=token.text)


async def test_servers_that_start_together_sign_with_one_key(
    db: Database, migrated: ServerUnderTest, clock: MovableClock
) -> None:
    other = await Database.open(migrated.connect, size=4, clock=clock)
    try:
        signers = await asyncio.gather(*(load_signer(pool) for pool in (db, other) for _ in range(4)))
    finally:
        await other.close()
    async with db.read() as tx:
        assert len(await tx.composed(sql("SELECT FROM auth.signing_keys"))) == 1
    await create_user(db, SYSTEM, username="mia", password=PASSWORD)
    token = await sign_in(db, signers[0], username="mia", password=PASSWORD)
    for signer in signers:
        assert (await authenticate(db, signer, token=token.text)).username == "mia"


async def test_a_restarted_server_reads_the_tokens_it_gave_out(installation: Installation) -> None:
    await installation.add_user("mia")
    token = await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)
    again = await load_signer(installation.db)
    assert (await authenticate(installation.db, again, token=token.text)).jti == token.jti


async def test_a_token_of_another_installation_is_refused(installation: Installation) -> None:
    await installation.add_user("mia")
    token = await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)
    async with installation.db.write() as tx:
        await tx.composed(sql("DELETE FROM auth.signing_keys"))
    with pytest.raises(TokenInvalidError):
        await authenticate(installation.db, await load_signer(installation.db), token=token.text)


async def count_events(db: Database, kind: str) -> int:
    async with db.read() as tx:
        rows = await tx.composed(sql("SELECT FROM database.events WHERE kind = ") + value(kind))
    return len(rows)

"""Experiments, users and memberships."""

import pytest
from tests.integration.auth.conftest import PASSWORD, Installation

from sutler.auth import (
    SYSTEM,
    Action,
    ExperimentExistsError,
    ExperimentNotFoundError,
    OldPasswordWrongError,
    Principal,
    Role,
    Thing,
    TokenRevokedError,
    UserExistsError,
    UserNotFoundError,
    WeakPasswordError,
    WrongPasswordError,
    authenticate,
    change_password,
    create_experiment,
    create_token,
    create_user,
    find_experiment_in,
    get_experiment_in,
    get_principal_of,
    list_experiments,
    list_members,
    list_users,
    set_member,
    sign_in,
)
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.database import Database, list_history


async def read_again(installation: Installation, who: Principal) -> Principal:
    return await get_principal_of(installation.db, user_id=who.user_id)


async def test_whoever_makes_an_experiment_is_its_superuser(installation: Installation) -> None:
    root = await installation.add_principal("root", is_admin=True)
    made = await create_experiment(installation.db, root, name="sbnd", full_name="Short-Baseline")
    assert root.consulted == [(Action.ADMINISTER, Thing("installation", None))]
    assert (await read_again(installation, root)).roles == {made.id: Role.SUPERUSER}
    assert (made.name, made.full_name, made.is_active) == ("sbnd", "Short-Baseline", True)


async def test_an_experiment_needs_an_administrator_and_a_free_and_proper_name(installation: Installation) -> None:
    superuser = await installation.add_principal("mia", Role.SUPERUSER)
    with pytest.raises(NotPermittedError, match="administrator"):
        await create_experiment(installation.db, superuser, name="sbnd")
    with pytest.raises(ExperimentExistsError, match="dune"):
        await create_experiment(installation.db, SYSTEM, name="dune")
    with pytest.raises(InvalidInputError, match="name"):
        await create_experiment(installation.db, SYSTEM, name="Short Baseline")
    assert [found.name for found in await list_experiments(installation.db, SYSTEM)] == ["dune"]


async def test_members_see_their_experiments_and_administrators_all(installation: Installation) -> None:
    await create_experiment(installation.db, SYSTEM, name="sbnd")
    mia = await installation.add_principal("mia", Role.ANALYSIS)
    bob = await installation.add_principal("bob")
    root = await installation.add_principal("root", is_admin=True)
    seen = [[found.name for found in await list_experiments(installation.db, who)] for who in (mia, bob, root)]
    assert seen == [["dune"], [], ["dune", "sbnd"]]
    assert mia.consulted


async def test_an_experiment_is_found_by_name_within_a_transaction(installation: Installation) -> None:
    async with installation.db.read() as tx:
        assert (await get_experiment_in(tx, name="dune")).id == installation.experiment_id
        assert await find_experiment_in(tx, name="nova") is None
        with pytest.raises(ExperimentNotFoundError, match="There is no experiment nova"):
            await get_experiment_in(tx, name="nova")


async def test_a_user_can_sign_in_and_is_a_member_of_nothing(installation: Installation) -> None:
    root = await installation.add_principal("root", is_admin=True)
    made = await create_user(
        installation.db, root, username="mia", password=PASSWORD, display_name="Mia M.", email="mia@lab.org"
    )
    assert (made.display_name, made.email, made.is_admin, made.signed_in_at) == ("Mia M.", "mia@lab.org", False, None)
    assert (await get_principal_of(installation.db, user_id=made.id)).roles == {}
    await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)
    assert [user.username for user in await list_users(installation.db, root)] == ["mia", "root"]


async def test_a_user_needs_an_administrator_a_free_name_and_a_good_password(installation: Installation) -> None:
    superuser = await installation.add_principal("mia", Role.SUPERUSER)
    with pytest.raises(NotPermittedError):
        await create_user(installation.db, superuser, username="bob", password=PASSWORD)
    with pytest.raises(NotPermittedError):
        await list_users(installation.db, superuser)
    with pytest.raises(UserExistsError, match="mia"):
        await create_user(installation.db, SYSTEM, username="mia", password=PASSWORD)
    with pytest.raises(WeakPasswordError):
        await create_user(installation.db, SYSTEM, username="bob", password="1234567")
    with pytest.raises(InvalidInputError, match="username"):
        await create_user(installation.db, SYSTEM, username="b b", password=PASSWORD)
    assert [user.username for user in await list_users(installation.db, SYSTEM)] == ["mia"]


async def test_a_superuser_makes_members_changes_their_roles_and_takes_them_out(installation: Installation) -> None:
    superuser = await installation.add_principal("mia", Role.SUPERUSER)
    bob = await installation.add_principal("bob")
    for role in (Role.ANALYSIS, Role.PRODUCTION, Role.SHIFTER):
        await set_member(installation.db, superuser, experiment="dune", username="bob", role=role)
        assert (await read_again(installation, bob)).roles == {installation.experiment_id: role}
    assert superuser.consulted == [(Action.MANAGE_MEMBERS, Thing("experiment", installation.experiment_id))] * 3
    listed = await list_members(
        installation.db, bob_as_member := await read_again(installation, bob), experiment="dune"
    )
    assert [(member.username, member.role) for member in listed] == [("bob", Role.SHIFTER), ("mia", Role.SUPERUSER)]
    assert bob_as_member.consulted == [(Action.VIEW, Thing("experiment", installation.experiment_id))]
    await set_member(installation.db, superuser, experiment="dune", username="bob", role=None)
    with pytest.raises(NotPermittedError):
        await list_members(installation.db, await read_again(installation, bob), experiment="dune")


@pytest.mark.parametrize("role", [Role.ANALYSIS, Role.SHIFTER, Role.PRODUCTION])
async def test_other_roles_manage_no_members(installation: Installation, role: Role) -> None:
    who = await installation.add_principal("mia", role)
    with pytest.raises(NotPermittedError, match="manage the members of this experiment: it takes the role superuser"):
        await set_member(installation.db, who, experiment="dune", username="mia", role=Role.SUPERUSER)
    assert (await read_again(installation, who)).roles == {installation.experiment_id: role}


async def test_unknown_users_and_experiments_are_named(installation: Installation) -> None:
    with pytest.raises(UserNotFoundError, match="nobody"):
        await set_member(installation.db, SYSTEM, experiment="dune", username="nobody", role=Role.ANALYSIS)
    with pytest.raises(ExperimentNotFoundError, match="nova"):
        await set_member(installation.db, SYSTEM, experiment="nova", username="nobody", role=Role.ANALYSIS)
    with pytest.raises(UserNotFoundError, match="nobody"):
        await change_password(installation.db, SYSTEM, username="nobody", password=PASSWORD)


async def test_the_history_of_a_user_tells_each_change_once(installation: Installation) -> None:
    superuser = await installation.add_principal("mia", Role.SUPERUSER)
    bob = await installation.add_user("bob")
    for role in (Role.ANALYSIS, Role.ANALYSIS, None, None):
        await set_member(installation.db, superuser, experiment="dune", username="bob", role=role)
    async with installation.db.read() as tx:
        history = await list_history(tx, subject_kind="user", subject_id=bob.id)
    told = [(event.kind, event.actor, event.facts.get("role"), event.experiment_id) for event in reversed(history)]
    assert told == [
        ("auth.user_created", "sutler", None, None),
        ("auth.member_changed", "mia", "analysis", installation.experiment_id),
        ("auth.member_changed", "mia", None, installation.experiment_id),
    ]


async def test_users_change_their_password_with_the_old_one(installation: Installation) -> None:
    who = await installation.add_principal("mia")
    for wrong in (None, "", "wrong horse"):
        with pytest.raises(OldPasswordWrongError, match="old_password"):
            await change_password(installation.db, who, username="mia", password="another horse", old_password=wrong)
    await change_password(installation.db, who, username="mia", password="another horse", old_password=PASSWORD)
    await sign_in(installation.db, installation.signer, username="mia", password="another horse")
    with pytest.raises(WrongPasswordError):
        await sign_in(installation.db, installation.signer, username="mia", password=PASSWORD)


async def test_administrators_change_anybodys_password_but_others_only_their_own(installation: Installation) -> None:
    superuser = await installation.add_principal("mia", Role.SUPERUSER)
    await installation.add_user("bob", Role.ANALYSIS)
    root = await installation.add_principal("root", is_admin=True)
    with pytest.raises(NotPermittedError):
        await change_password(
            installation.db, superuser, username="bob", password="another horse", old_password=PASSWORD
        )
    with pytest.raises(OldPasswordWrongError):
        await change_password(installation.db, root, username="root", password="another horse")
    with pytest.raises(WeakPasswordError):
        await change_password(installation.db, root, username="bob", password="short")
    await change_password(installation.db, root, username="bob", password="another horse")
    await sign_in(installation.db, installation.signer, username="bob", password="another horse")


async def test_a_new_password_ends_other_sessions_and_keeps_this_one_and_the_scripts(
    installation: Installation, db: Database
) -> None:
    await installation.add_user("mia")
    here, elsewhere = [await sign_in(db, installation.signer, username="mia", password=PASSWORD) for _ in range(2)]
    who = await authenticate(db, installation.signer, token=here.text)
    script = await create_token(db, installation.signer, who, label="cron")
    await change_password(db, who, username="mia", password="another horse", old_password=PASSWORD)
    for token in (here, script):
        await authenticate(db, installation.signer, token=token.text)
    with pytest.raises(TokenRevokedError):
        await authenticate(db, installation.signer, token=elsewhere.text)

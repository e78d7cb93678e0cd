"""Groups: some members of an experiment under one name."""

from __future__ import annotations

import pytest
from tests.integration.auth.conftest import Installation

from sutler.auth import (
    SYSTEM,
    Authenticator,
    GroupExistsError,
    GroupNotFoundError,
    Role,
    UserNotFoundError,
    create_group,
    get_principal_of,
    issue_local_token,
    list_groups,
    set_group_member,
    set_member,
)
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.database import list_history


async def test_groups_follow_from_roles_and_are_made_besides(installation: Installation) -> None:
    db = installation.db
    mia = await installation.add_principal("mia", Role.SUPERUSER)
    ben = await installation.add_principal("ben", Role.SHIFTER)
    assert mia.groups == {"dune_analysis", "dune_production"}
    assert ben.groups == {"dune_analysis"}
    await create_group(db, mia, experiment="dune", name="calibrators", description="Calibration")
    await set_group_member(db, mia, name="calibrators", username="ben", is_member=True)
    assert (await get_principal_of(db, user_id=ben.user_id)).groups == {"dune_analysis", "calibrators"}
    listed = await list_groups(db, ben, experiment="dune")
    assert [(group.name, group.members, group.is_computed) for group in listed] == [
        ("dune_analysis", ("ben", "mia"), True),
        ("dune_production", ("mia",), True),
        ("calibrators", ("ben",), False),
    ]


async def test_a_member_of_a_group_counts_only_while_a_member_of_its_experiment(installation: Installation) -> None:
    db = installation.db
    ben = await installation.add_principal("ben", Role.ANALYSIS)
    await create_group(db, SYSTEM, experiment="dune", name="calibrators")
    await set_group_member(db, SYSTEM, name="calibrators", username="ben", is_member=True)
    await set_member(db, SYSTEM, experiment="dune", username="ben", role=None)
    assert (await get_principal_of(db, user_id=ben.user_id)).groups == frozenset()
    assert (await list_groups(db, SYSTEM, experiment="dune"))[-1].members == ()
    await installation.add_user("eve")
    with pytest.raises(InvalidInputError, match="eve is no member"):
        await set_group_member(db, SYSTEM, name="calibrators", username="eve", is_member=True)


async def test_only_superusers_manage_groups_under_free_and_proper_names(installation: Installation) -> None:
    db = installation.db
    mia = await installation.add_principal("mia", Role.SUPERUSER)
    ben = await installation.add_principal("ben", Role.PRODUCTION)
    with pytest.raises(NotPermittedError):
        await create_group(db, ben, experiment="dune", name="calibrators")
    await create_group(db, mia, experiment="dune", name="calibrators")
    with pytest.raises(GroupExistsError):
        await create_group(db, mia, experiment="dune", name="calibrators")
    for name in ("no blanks", "", "sbnd_production", "x_analysis"):
        with pytest.raises(InvalidInputError):
            await create_group(db, mia, experiment="dune", name=name)
    with pytest.raises(NotPermittedError):
        await set_group_member(db, ben, name="calibrators", username="ben", is_member=True)
    with pytest.raises(GroupNotFoundError):
        await set_group_member(db, mia, name="dune_production", username="ben", is_member=True)
    with pytest.raises(UserNotFoundError):
        await set_group_member(db, mia, name="calibrators", username="nobody", is_member=True)


async def test_a_change_reaches_tokens_given_out_and_is_told_once(installation: Installation) -> None:
    db = installation.db
    ben = await installation.add_principal("ben", Role.ANALYSIS)
    await create_group(db, SYSTEM, experiment="dune", name="calibrators")
    token = (await issue_local_token(db, installation.signer, username="ben", days=1)).text
    authenticator = Authenticator(db, installation.signer)
    try:
        assert (await authenticator.authenticate(token)).groups == {"dune_analysis"}
        for _ in range(2):
            await set_group_member(db, SYSTEM, name="calibrators", username="ben", is_member=True)
        assert "calibrators" in (await authenticator.authenticate(token)).groups
        for _ in range(2):
            await set_group_member(db, SYSTEM, name="calibrators", username="ben", is_member=False)
        assert "calibrators" not in (await authenticator.authenticate(token)).groups
    finally:
        await authenticator.close()
    async with db.read() as tx:
        events = await list_history(tx, subject_kind="user", subject_id=ben.user_id)
    changes = [event.facts["is_member"] for event in events if event.kind == "auth.group_member_changed"]
    assert changes == [False, True]

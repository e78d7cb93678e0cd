"""Login setups, job types and schedules are read by their number, and templates say who uses them."""

from __future__ import annotations

import pytest
from tests.integration.campaigns.scene import Scene

from sutler import auth, campaigns
from sutler.auth import Principal, Role
from sutler.base.errors import NotFoundError, NotPermittedError
from sutler.campaigns import NewCampaign, NewSchedule, NewStage, StageSettings, TemplateUse

SETTINGS = StageSettings(dataset_query="files from nova:raw")


async def _make_stranger(scene: Scene) -> Principal:
    """Somebody of another experiment."""
    await auth.create_experiment(scene.db, scene.admin, name="minos")
    user = await auth.create_user(scene.db, scene.admin, username="eve", password="correct horse")
    await auth.set_member(scene.db, scene.admin, experiment="minos", username="eve", role=Role.PRODUCTION)
    return await auth.get_principal_of(scene.db, user_id=user.id)


async def _make_campaign(scene: Scene, name: str, *, job_type: str | None, default: str | None) -> int:
    new = NewCampaign(
        "nova", name, stages=(NewStage("one", job_type, "here", settings=SETTINGS),), default_job_type=default
    )
    return (await campaigns.create_campaign(scene.db, scene.producer, new=new)).id


async def test_templates_are_read_by_their_number(scene: Scene) -> None:
    [job_type] = await campaigns.list_job_types(scene.db, scene.producer)
    [setup] = await campaigns.list_login_setups(scene.db, scene.producer)
    assert await campaigns.get_job_type(scene.db, scene.analyst, job_type_id=job_type.id) == job_type
    assert await campaigns.get_login_setup(scene.db, scene.analyst, login_setup_id=setup.id) == setup
    with pytest.raises(NotFoundError):
        await campaigns.get_job_type(scene.db, scene.producer, job_type_id=job_type.id + 1)
    with pytest.raises(NotFoundError):
        await campaigns.list_login_setup_users(scene.db, scene.producer, login_setup_id=setup.id + 1)


async def test_templates_and_schedules_are_for_the_members_of_their_experiment(scene: Scene) -> None:
    stranger = await _make_stranger(scene)
    [job_type] = await campaigns.list_job_types(scene.db, scene.producer)
    [setup] = await campaigns.list_login_setups(scene.db, scene.producer)
    [stage] = await scene.make_campaign(NewStage("one", "copy", "here", settings=SETTINGS))
    for ask in (
        campaigns.get_job_type(scene.db, stranger, job_type_id=job_type.id),
        campaigns.get_login_setup(scene.db, stranger, login_setup_id=setup.id),
        campaigns.list_job_type_users(scene.db, stranger, job_type_id=job_type.id),
        campaigns.list_login_setup_users(scene.db, stranger, login_setup_id=setup.id),
        campaigns.get_schedule(scene.db, stranger, stage_id=stage),
        campaigns.find_schedule(scene.db, stranger, stage_id=stage),
    ):
        with pytest.raises(NotPermittedError):
            await ask


async def test_schedule_of_a_stage_is_read_by_it(scene: Scene) -> None:
    [stage] = await scene.make_campaign(NewStage("one", "copy", "here", settings=SETTINGS))
    assert await campaigns.find_schedule(scene.db, scene.analyst, stage_id=stage) is None
    with pytest.raises(NotFoundError):
        await campaigns.get_schedule(scene.db, scene.analyst, stage_id=stage)
    saved = await campaigns.save_schedule(scene.db, scene.producer, stage_id=stage, new=NewSchedule("0 3 * * *"))
    assert await campaigns.get_schedule(scene.db, scene.analyst, stage_id=stage) == saved


async def test_users_are_told_whether_they_name_it_or_inherit_it(scene: Scene) -> None:
    [job_type] = await campaigns.list_job_types(scene.db, scene.producer)
    await campaigns.clone_job_type(scene.db, scene.producer, job_type_id=job_type.id, name="other")
    own = await _make_campaign(scene, "own", job_type="copy", default=None)
    both = await _make_campaign(scene, "both", job_type="other", default="copy")
    above = await _make_campaign(scene, "above", job_type=None, default="copy")
    await _make_campaign(scene, "elsewhere", job_type="other", default=None)
    gone = await _make_campaign(scene, "gone", job_type="copy", default=None)
    stages = {
        one: (await campaigns.view_campaign(scene.db, scene.producer, campaign_id=one)).stages[0].id
        for one in (own, above, gone)
    }
    await campaigns.remove_stage(scene.db, scene.producer, stage_id=stages[gone])
    page = await campaigns.list_job_type_users(scene.db, scene.producer, job_type_id=job_type.id)
    assert page.items == (
        TemplateUse(above, "above", None, None, is_inherited=False),
        TemplateUse(above, "above", stages[above], "one", is_inherited=True),
        TemplateUse(both, "both", None, None, is_inherited=False),
        TemplateUse(own, "own", stages[own], "one", is_inherited=False),
    )


async def test_pages_of_users_follow_each_other(scene: Scene) -> None:
    [setup] = await campaigns.list_login_setups(scene.db, scene.producer)
    for number in range(3):
        await _make_campaign(scene, f"c{number}", job_type="copy", default=None)
    whole = await campaigns.list_login_setup_users(scene.db, scene.producer, login_setup_id=setup.id)
    found: list[TemplateUse] = []
    cursor = None
    while True:
        page = await campaigns.list_login_setup_users(
            scene.db, scene.producer, login_setup_id=setup.id, after=cursor, limit=1
        )
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert tuple(found) == whole.items
    assert [one.campaign for one in found] == ["c2", "c1", "c0"]


async def test_many_templates_users_are_found_by_an_index(scene: Scene) -> None:
    """Whatever there is beside them, what is looked at are the stages and campaigns that refer to the template."""
    [job_type] = await campaigns.list_job_types(scene.db, scene.producer)
    async with scene.db.connection() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        from sutler.campaigns.store.template_users import _JOB_TYPE_USERS

        plan = await connection.fetch(
            f"EXPLAIN {_JOB_TYPE_USERS} WHERE used.template_id = {job_type.id} ORDER BY used.place LIMIT 51"
        )
    text = "\n".join(row[0] for row in plan)
    for index in ("campaigns_default_job_type_idx", "stages_job_type_idx"):
        assert index in text, text

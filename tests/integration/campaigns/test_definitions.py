"""Definitions: all or nothing, with every problem said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.integration.campaigns.scene import Scene

from sutler import campaigns
from sutler.base.errors import InvalidInputError, NotFoundError, NotPermittedError
from sutler.campaigns import (
    NewCampaign,
    NewDependency,
    NewJobType,
    NewLoginSetup,
    NewStage,
    StageSettings,
    StageWithoutDataError,
)
from sutler.catalog import MqlSyntaxError
from sutler.database import AlreadyExistsError


def a_campaign(*stages: NewStage, name: str = "c") -> NewCampaign:
    return NewCampaign("nova", name, stages=stages)


async def list_campaign_names(scene: Scene) -> list[str]:
    return [c.name for c in (await campaigns.list_campaigns(scene.db, scene.producer)).items]


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        (NewStage("s", "nothing", "here", settings=StageSettings(dataset_query="files")), NotFoundError),
        (NewStage("s", "copy", "nowhere", settings=StageSettings(dataset_query="files")), NotFoundError),
        (NewStage("s", "copy", "here", settings=StageSettings(dataset_query="flies from nova:raw")), MqlSyntaxError),
        (
            NewStage("s", "copy", "here", settings=StageSettings(dataset_query="files", split_type="nfiles(x)")),
            InvalidInputError,
        ),
        (NewStage("s", "copy", "here", settings=StageSettings(split_type="nfiles(3)")), StageWithoutDataError),
        (NewStage("s", "copy", "here", settings=StageSettings(dataset_query="files", job_count=0)), InvalidInputError),
        (
            NewStage(
                "s",
                "copy",
                "here",
                settings=StageSettings(dataset_query="files", worker_timeout_seconds=-1.0),
            ),
            InvalidInputError,
        ),
        (NewStage(" s", "copy", "here", settings=StageSettings(dataset_query="files")), InvalidInputError),
    ],
)
async def test_a_campaign_with_a_bad_stage_leaves_nothing(
    scene: Scene, stage: NewStage, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await campaigns.create_campaign(scene.db, scene.producer, new=a_campaign(stage))
    assert await list_campaign_names(scene) == []


async def test_a_name_is_taken_once_per_experiment(scene: Scene) -> None:
    await campaigns.create_campaign(scene.db, scene.producer, new=a_campaign())
    with pytest.raises(AlreadyExistsError):
        await campaigns.create_campaign(scene.db, scene.producer, new=a_campaign())


async def test_saving_again_changes_what_is_there(scene: Scene) -> None:
    saved = await campaigns.save_job_type(scene.db, scene.producer, new=NewJobType("nova", "copy", "/bin/echo"))
    setup = await campaigns.save_login_setup(scene.db, scene.producer, new=NewLoginSetup("nova", "here", setup="x=1"))
    job_types = await campaigns.list_job_types(scene.db, scene.producer)
    assert [(j.id, j.launch_script) for j in job_types] == [(saved.id, "/bin/echo")]
    assert [s.setup for s in await campaigns.list_login_setups(scene.db, scene.producer)] == [setup.setup]


@pytest.mark.parametrize(
    "new",
    [
        NewJobType("nova", "j", "run 'open"),
        NewJobType("nova", "j", "  "),
        NewJobType("nova", "j", "run", run_timeout=timedelta(0)),
    ],
)
async def test_what_could_never_be_run_is_refused_when_it_is_saved(scene: Scene, new: NewJobType) -> None:
    with pytest.raises(InvalidInputError):
        await campaigns.save_job_type(scene.db, scene.producer, new=new)


async def test_shell_text_of_a_login_setup_is_written_by_its_owners_only(scene: Scene) -> None:
    with pytest.raises(NotPermittedError):
        await campaigns.save_login_setup(scene.db, scene.analyst, new=NewLoginSetup("nova", "here", setup="rm -rf ~"))


async def test_a_stage_is_added_with_its_dependency(scene: Scene) -> None:
    campaign = await campaigns.create_campaign(
        scene.db,
        scene.producer,
        new=a_campaign(NewStage("a", "copy", "here", settings=StageSettings(dataset_query="files"))),
    )
    with pytest.raises(StageWithoutDataError):
        await campaigns.add_stage(scene.db, scene.producer, campaign_id=campaign.id, new=NewStage("b", "copy", "here"))
    await campaigns.add_fed_stage(
        scene.db,
        scene.producer,
        campaign_id=campaign.id,
        new=NewStage("b", "copy", "here"),
        dependencies=(NewDependency("a", "b", "%.root"),),
    )
    view = await campaigns.view_campaign(scene.db, scene.producer, campaign_id=campaign.id)
    assert [(d.upstream_stage, d.downstream_stage, d.file_pattern) for d in view.dependencies] == [("a", "b", "%.root")]


async def test_lists_are_paged_and_searched(scene: Scene) -> None:
    for name in ("alpha", "beta", "alpine"):
        await campaigns.create_campaign(scene.db, scene.producer, new=a_campaign(name=name))
    first = await campaigns.list_campaigns(scene.db, scene.producer, limit=2)
    second = await campaigns.list_campaigns(scene.db, scene.producer, limit=2, after=first.next_cursor)
    assert [c.name for c in (*first.items, *second.items)] == ["alpine", "beta", "alpha"]
    assert second.next_cursor is None
    found = await campaigns.list_campaigns(scene.db, scene.producer, name="al*")
    assert {c.name for c in found.items} == {"alpha", "alpine"}


async def test_an_experiment_that_one_is_not_in_is_not_there(scene: Scene) -> None:
    with pytest.raises(NotFoundError):
        await campaigns.list_campaigns(scene.db, scene.producer, experiment="other")
    with pytest.raises(NotFoundError):
        await campaigns.save_job_type(scene.db, scene.producer, new=NewJobType("other", "j", "true"))

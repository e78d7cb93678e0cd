"""Data handlers: everything that a campaign does with files goes through the one it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast
from uuid import uuid4

import pytest
from tests.integration.campaigns.flow import RAW, finish, list_of, make_chain
from tests.integration.campaigns.scene import Scene

from sutler import campaigns
from sutler.campaigns import CampaignChange, Cause, Recovery, RecoveryType, StageSettings, handlers
from sutler.campaigns.handlers import DataHandler

CALLS = {
    "ask_ahead",
    "attach_in",
    "count_in",
    "create_project_in",
    "find_with_children_in",
    "get_replica_state_in",
    "list_children_in",
    "list_handles_in",
    "needs_asking_in",
    "resolve_in",
    "restart_in",
    "take_done_in",
}


@dataclass
class Recorder:
    """A data handler that does what another does, and remembers what it was asked for."""

    behind: DataHandler
    asked: set[str] = field(default_factory=set)

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self.behind, name)
        if name in CALLS:
            self.asked.add(name)
        return found


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A data handler that is connected under the name of another one."""
    made = Recorder(handlers.CONNECTED["data_dispatcher"])
    monkeypatch.setattr(handlers, "CONNECTED", {**handlers.CONNECTED, "sam": cast("DataHandler", made)})
    return made


async def choose(scene: Scene, stage_id: int, name: str) -> None:
    """Let a campaign name another data handler."""
    view = await campaigns.view_stage(scene.db, scene.producer, stage_id=stage_id)
    campaign = view.campaign
    await campaigns.edit_campaign(
        scene.db,
        scene.producer,
        campaign_id=campaign.id,
        revision=campaign.revision,
        change=CampaignChange(data_handler=name),
    )


@pytest.mark.row(23)
async def test_launches_recoveries_and_dependants_ask_the_handler_that_their_campaign_names(
    scene: Scene, recorder: Recorder
) -> None:
    entries = (Recovery(RecoveryType.REPROCESS_ORPHANS), Recovery(RecoveryType.STATE_NOT_DONE))
    settings = StageSettings(dataset_query=RAW, split_type="drainingn(4)", methodology="one_project")
    first, second = await make_chain(scene, settings, recoveries=entries)
    await choose(scene, first, "sam")
    await scene.launch(first)
    [made] = await list_of(scene, first)
    await finish(scene, made, fail=["f01.root"])
    recovery = (await list_of(scene, first))[-1]
    assert recovery.cause is Cause.RECOVERY
    await finish(scene, recovery)
    [follower] = await list_of(scene, second)
    assert follower.data_handler == "sam"
    await campaigns.relaunch_submission(
        scene.db, scene.launcher, scene.producer, submission_id=made.id, key=str(uuid4())
    )
    assert recorder.asked == {
        "ask_ahead",
        "resolve_in",
        "create_project_in",
        "list_handles_in",
        "find_with_children_in",
        "restart_in",
        "list_children_in",
    }


@pytest.mark.row(23)
async def test_a_submission_keeps_the_handler_that_it_was_launched_with(scene: Scene, recorder: Recorder) -> None:
    first, second = await make_chain(scene, StageSettings(dataset_query=RAW))
    await scene.launch(first)
    await choose(scene, first, "sam")
    await finish(scene, (await list_of(scene, first))[0])
    [follower] = await list_of(scene, second)
    assert follower.data_handler == "sam"
    assert recorder.asked == {"create_project_in"}


def test_every_handler_that_is_connected_has_a_word_that_campaigns_may_use() -> None:
    assert set(handlers.CONNECTED) <= set(campaigns.DATA_HANDLERS)
    assert all(handler.name == name for name, handler in handlers.CONNECTED.items())

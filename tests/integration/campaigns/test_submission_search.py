"""Submissions of all campaigns are found by what they are like, by those who may see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.campaigns.scene import Scene

from sutler import auth, campaigns
from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError, NotFoundError
from sutler.campaigns import BatchStatus, Cause, NewStage, StageSettings, SubmissionFilter, SubmissionStatus

SETTINGS = StageSettings(dataset_query="files from nova:raw")


async def _search(scene: Scene, wanted: SubmissionFilter) -> list[int]:
    page = await campaigns.search_submissions(scene.db, scene.producer, wanted=wanted)
    return [one.id for one in page.items]


async def test_each_filter_leaves_out_what_is_not_like_it(scene: Scene, clock: MovableClock) -> None:
    [reco] = await scene.make_campaign(NewStage("reco_100", "copy", "here", settings=SETTINGS))
    [other] = await scene.make_campaign(NewStage("recox100", "copy", "here", settings=SETTINGS))
    first = await scene.launch(reco)
    clock.advance(timedelta(hours=1))
    second = await scene.launch(other)
    test = await scene.launch(other, is_test=True)
    await campaigns.cancel_submission(scene.db, scene.launcher.backends, scene.producer, submission_id=first, reason="")
    campaign = (await scene.view(first)).campaign
    created_at = (await scene.view(second)).submission.created_at
    everything = [test, second, first]
    expected = {
        SubmissionFilter(): everything,
        SubmissionFilter(campaign_id=campaign.id): [first],
        SubmissionFilter(campaign=campaign.name.upper()): [first],
        SubmissionFilter(campaign="c*"): everything,
        SubmissionFilter(stage="reco_100"): [first],
        SubmissionFilter(stage="reco%"): [],
        SubmissionFilter(stage="RECO*"): everything,
        SubmissionFilter(stage_id=other): [test, second],
        SubmissionFilter(status=SubmissionStatus.COMPLETED): [],
        SubmissionFilter(status=SubmissionStatus.CREATED, stage_id=other): [test, second],
        SubmissionFilter(batch_status=BatchStatus.LAUNCH_FAILED): [],
        SubmissionFilter(cause=Cause.MANUAL): everything,
        SubmissionFilter(cause=Cause.RECOVERY): [],
        SubmissionFilter(launched_by="pia"): everything,
        SubmissionFilter(launched_by="ann"): [],
        SubmissionFilter(launched_by="nobody"): [],
        SubmissionFilter(since=created_at): [test, second],
        SubmissionFilter(since=created_at + timedelta(hours=1)): [],
        SubmissionFilter(is_test=True): [test],
        SubmissionFilter(is_test=False): [second, first],
        SubmissionFilter(stage="*", launched_by="pia", is_test=False, since=created_at): [second],
    }
    found = {wanted: await _search(scene, wanted) for wanted in expected}
    assert found == expected


async def test_it_finds_what_the_list_of_submissions_shows(scene: Scene) -> None:
    [stage] = await scene.make_campaign(NewStage("reco", "copy", "here", settings=SETTINGS))
    submission_id = await scene.launch(stage)
    await scene.work_off(submission_id, fail=1)
    listed = await campaigns.list_submissions(scene.db, scene.producer)
    assert (await campaigns.search_submissions(scene.db, scene.producer)).items == listed.items
    assert listed.items[0].failed_count == 1


async def test_pages_follow_each_other_newest_first(scene: Scene) -> None:
    [stage] = await scene.make_campaign(NewStage("reco", "copy", "here", settings=SETTINGS))
    made = [await scene.launch(stage) for _ in range(3)]
    page = await campaigns.search_submissions(scene.db, scene.producer, limit=2)
    rest = await campaigns.search_submissions(scene.db, scene.producer, limit=2, after=page.next_cursor)
    assert [one.id for one in (*page.items, *rest.items)] == made[::-1]
    assert rest.next_cursor is None


async def test_others_see_none_of_them(scene: Scene) -> None:
    [stage] = await scene.make_campaign(NewStage("reco", "copy", "here", settings=SETTINGS))
    await scene.launch(stage)
    await auth.create_experiment(scene.db, scene.admin, name="minos")
    user = await auth.create_user(scene.db, scene.admin, username="eve", password="correct horse")
    await auth.set_member(scene.db, scene.admin, experiment="minos", username="eve", role=Role.PRODUCTION)
    stranger = await auth.get_principal_of(scene.db, user_id=user.id)
    for wanted in (SubmissionFilter(), SubmissionFilter(stage_id=stage), SubmissionFilter(launched_by="pia")):
        assert (await campaigns.search_submissions(scene.db, stranger, wanted=wanted)).items == ()
    with pytest.raises(NotFoundError):
        await campaigns.search_submissions(scene.db, stranger, experiment="nova")


@pytest.mark.parametrize(
    "since",
    [datetime(2026, 1, 1), datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)],  # noqa: DTZ001
)
async def test_instant_that_nothing_can_have_is_refused(scene: Scene, since: datetime) -> None:
    with pytest.raises(InvalidInputError):
        await _search(scene, SubmissionFilter(since=since))

"""Nothing changes without the anti-forgery token of the session, and nothing changes by looking."""

from __future__ import annotations

from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from tests.doors.pages.browser import Browser, ServicesUnderTest, find_field, make_app
from tests.integration.campaigns.scene import Scene

from sutler import campaigns, pages, rest
from sutler.pages.session import make_form_token

CHANGES = (
    "sign-in",
    "sign-out",
    "campaigns/new",
    "campaigns/change",
    "campaigns/plan",
    "campaigns/apply",
    *(
        f"campaigns/{{campaign}}/{verb}"
        for verb in ("watch", "launch", "edit", "dependencies", "clone", "delete", "stages/new", "stages/change")
    ),
    "samples/{sample}/clone",
    *(f"stages/{{stage}}/{verb}" for verb in ("launch", "rehearse", "hold", "release", "edit", "remove", "schedule")),
    "stages/{stage}/schedule/delete",
    "stages/{stage}/split/{split}",
    "stages/{stage}/split/{split}/reset",
    "queue/delete",
    "holds",
    "login-setups",
    *(f"login-setups/{{login_setup}}/{verb}" for verb in ("try", "clone", "delete")),
    "job-types",
    *(f"job-types/{{job_type}}/{verb}" for verb in ("clone", "delete")),
    *(
        f"submissions/{{submission}}/{verb}"
        for verb in ("cancel", "approve", "unapprove", "complete", "locate", "retry", "relaunch", "recover")
    ),
    "projects/{project}/alter",
    "projects/{project}/cancel",
    "projects/{project}/activate",
    "projects/{project}/restart",
    "projects/{project}/copy",
    "projects/{project}/delete",
    "projects/{project}/handles/{handle}/restart",
    "rses/{experiment}",
    "rses/{experiment}/{rse}",
    "rses/{experiment}/{rse}/delete",
    "proximity/{experiment}/pair",
    "proximity/{experiment}/text",
    "proximity/{experiment}/url",
    "search/save",
    "search/forget",
    "catalog/indexes/add",
    "catalog/indexes/drop",
    "experiments/{experiment_name}/check",
    "experiments/{experiment_name}/hosts",
    "experiments/{experiment_name}/services/{service}",
    "experiments/{experiment_name}/services/{service}/remove",
    "experiments/{experiment_name}/services/{service}/credentials",
    "experiments/{experiment_name}/services/{service}/credentials/{side}/remove",
)
PLACES = {
    "stage": "{stage_id}",
    "submission": "{submission_id}",
    "project": "{project_id}",
    "handle": "{position}",
    "experiment": "{experiment}",
    "rse": "{rse_name}",
    "experiment_name": "{name}",
    "service": "{kind}",
    "side": "{side}",
    "campaign": "{campaign_id}",
    "login_setup": "{login_setup_id}",
    "job_type": "{job_type_id}",
    "sample": "{name}",
    "split": "{kind}",
}
NAMES = {"experiment": "nova", "rse": "DISK", "experiment_name": "nova", "service": "metacat", "side": "production"}
NAMES |= {"sample": "monte_carlo", "split": "production"}


async def _count_events(scene: Scene) -> int:
    async with scene.db.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM database.events"))


@pytest.mark.parametrize("path", CHANGES)
async def test_form_without_the_token_of_the_session_changes_nothing(
    producer: Browser, scene: Scene, stages: list[int], path: str
) -> None:
    submission_id = await scene.launch(stages[0])
    before = await _count_events(scene)
    project_id = (await scene.view(submission_id)).submission.project_id
    stage = (await campaigns.view_stage(scene.db, scene.producer, stage_id=stages[0])).stage
    numbers = {"campaign": stage.campaign_id, "login_setup": stage.login_setup_id, "job_type": stage.job_type_id}
    address = path.format(**numbers, stage=stages[0], submission=submission_id, project=project_id, handle=0, **NAMES)
    for token in ("", "0" * 64, make_form_token("another session"), "\N{SNOWMAN}"):
        reply = await producer.client.post(
            address, data={"csrf": token, "key": str(uuid4()), "username": "pia", "password": "correct horse"}
        )
        assert reply.status_code == 403
        assert "does not come from a page of your present session" in reply.text
    assert await _count_events(scene) == before


async def test_every_changing_address_is_among_those_that_are_tried(services: ServicesUnderTest) -> None:
    router = pages.create_pages(services, api_description=rest.describe_api())
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    posts = {route.path for route in routes if route.methods == {"POST"}}
    assert all(route.methods in ({"GET"}, {"POST"}) for route in routes)
    tried = {"/" + path.format(**PLACES) for path in CHANGES}
    assert posts == tried


async def test_form_sent_from_another_site_is_refused(producer: Browser, stages: list[int]) -> None:
    page = await producer.get(f"stages/{stages[0]}")
    reply = await producer.client.post(
        f"stages/{stages[0]}/hold",
        data={"csrf": find_field(page, "csrf")},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert reply.status_code == 403


async def test_token_of_one_session_is_no_good_in_another(
    producer: Browser, services: ServicesUnderTest, stages: list[int]
) -> None:
    page = await producer.get(f"stages/{stages[0]}")
    other = Browser(make_app(services))
    await other.sign_in("pia")
    assert (await other.post(f"stages/{stages[0]}/hold", page)).status_code == 403


async def test_launch_form_sent_twice_launches_once(producer: Browser, scene: Scene, stages: list[int]) -> None:
    page = await producer.get(f"stages/{stages[0]}")
    key = find_field(page, "key")
    first = await producer.post(f"stages/{stages[0]}/launch", page, key=key)
    second = await producer.post(f"stages/{stages[0]}/launch", page, key=key)
    assert first.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    view = await campaigns.view_stage(scene.db, scene.producer, stage_id=stages[0])
    assert [f"/submissions/{s.id}" for s in view.submissions] == [first.headers["location"]]


async def test_held_stage_says_so_and_is_released_again(producer: Browser, stages: list[int]) -> None:
    address = f"stages/{stages[0]}"
    page = await producer.get(address)
    assert (await producer.post(f"{address}/hold", page)).headers["location"] == f"/{address}"
    held = await producer.get(address)
    assert "Launches are on hold since" in held.text
    reply = await producer.post(f"{address}/launch", held, key=find_field(held, "key"))
    assert reply.headers["location"] == f"/{address}?queued=1"
    assert "The launch waits" in (await producer.get(f"{address}?queued=1")).text
    await producer.post(f"{address}/release", held)
    assert "Launches are on hold since" not in (await producer.get(address)).text


async def test_stage_that_only_others_feed_offers_no_launch(producer: Browser, stages: list[int]) -> None:
    assert 'disabled title="It has no query' in (await producer.get(f"stages/{stages[1]}")).text
    assert "disabled" not in (await producer.get(f"stages/{stages[0]}")).text


async def test_submission_is_cancelled_after_a_question_and_the_reason_is_kept(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    submission_id = await scene.launch(stages[0])
    question = await producer.get(f"submissions/{submission_id}/cancel")
    assert f"Cancel submission {submission_id}?" in question.text
    reply = await producer.post(f"submissions/{submission_id}/cancel", question, reason="wrong <release>")
    assert reply.headers["location"] == f"/submissions/{submission_id}"
    page = await producer.get(f"submissions/{submission_id}")
    assert "cancelled by pia: wrong &lt;release&gt;" in page.text


async def test_looking_changes_nothing(producer: Browser, scene: Scene, stages: list[int]) -> None:
    submission_id = await scene.launch(stages[0])
    before = await _count_events(scene)
    for path in ("", f"stages/{stages[0]}", f"submissions/{submission_id}", f"submissions/{submission_id}/cancel"):
        assert (await producer.get(path)).status_code == 200
    assert await _count_events(scene) == before

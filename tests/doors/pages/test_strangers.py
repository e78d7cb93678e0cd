"""Who is not in an experiment sees nothing of it on any page, and who is not signed in sees no page at all."""

from __future__ import annotations

from fastapi.routing import APIRoute
from tests.doors.pages.browser import Browser, ServicesUnderTest
from tests.integration.campaigns.scene import Scene

from sutler import auth, campaigns, pages, rest
from sutler.pages.submission_changes import VERBS

OPEN_TO_ALL = {"/sign-in"}
"""What is shown to who is not signed in."""
OF_NOBODY = {
    "/",
    "/api",
    "/campaigns/new",
    "/campaigns/text",
    "/holds",
    "/job-types",
    "/job-types/new",
    "/login-setups",
    "/login-setups/new",
    "/projects",
    "/projects/part",
    "/queue",
    "/rses",
    "/samples",
    "/samples/{name}",
    "/schedules",
    "/search",
    "/search/check",
    "/search/export",
    "/search/words",
    "/submissions",
}
"""Pages that belong to no experiment: who is in none is shown them without anything of any."""
NOT_NOW = {
    "/catalog/indexes",  # for administrators
    "/projects/{project_id}/activate",
    "/projects/{project_id}/restart",
    "/projects/{project_id}/handles/{position}/restart",
    "/submissions/{submission_id}/pictures/{file_id}",  # nothing that was put out is a picture
    *(f"/submissions/{{submission_id}}/{verb}" for verb in VERBS),  # most of them are for another status
}
"""Pages that members may be refused: what they ask cannot be done now, or takes more than being a member."""
QUERIES = {
    "/files": "did=nova:f00.root",
    "/datasets": "did=nova:raw",
    "/search": "q=files from nova:raw",
    "/search/check": "q=files from nova:raw",
    "/search/words": "q=files from nova:&at=16",
    "/search/export": "q=files from nova:raw&form=names",
    "/campaigns/{campaign_id}/stages/change": "what=hold&stage={stage_id}",
    "/submissions/{submission_id}/compare": "other={submission_id}",
    "/submissions": "campaign_id={campaign_id}",
    "/live": "subjects=campaign/{campaign_id}",
}
WORDS = ("nova", "pia", "DISK", "f00.root", "fid00", "/bin/true")
"""What would give the experiment away: its name, who is in it, its storage, its files, what it runs."""


def _list_routes(services: ServicesUnderTest) -> list[str]:
    router = pages.create_pages(services, api_description=rest.describe_api())
    return [route.path for route in router.routes if isinstance(route, APIRoute) and route.methods == {"GET"}]


async def _fill_in(scene: Scene, stage_id: int) -> dict[str, object]:
    submission_id = await scene.launch(stage_id)
    stage = (await campaigns.view_stage(scene.db, scene.producer, stage_id=stage_id)).stage
    return {
        "campaign_id": stage.campaign_id,
        "stage_id": stage_id,
        "submission_id": submission_id,
        "project_id": (await scene.view(submission_id)).submission.project_id,
        "login_setup_id": stage.login_setup_id,
        "job_type_id": stage.job_type_id,
        "file_id": 1,
        "number": 1,
        "position": 0,
        "experiment": "nova",
        "rse_name": "DISK",
        "namespace": "nova",
        "kind": "production",
    }


def _make_address(route: str, places: dict[str, object]) -> str:
    names = {
        "/samples/{name}": "monte_carlo",
        "/experiments/{name}": "nova",
        "/datasets/{namespace}/{name:path}": "raw",
    }
    path = route.replace("{name:path}", "{name}").format(**places, name=names.get(route, "f00.root"))
    query = QUERIES.get(route, "").format(**places)
    return path.removeprefix("/") + (f"?{query}" if query else "")


async def test_who_is_not_signed_in_is_led_to_the_sign_in_page_from_every_page(
    browser: Browser, services: ServicesUnderTest, scene: Scene, stages: list[int]
) -> None:
    places = await _fill_in(scene, stages[0])
    shown = {}
    for route in _list_routes(services):
        reply = await browser.get(_make_address(route, places))
        if "/sign-in" not in reply.headers.get("location", ""):
            shown[route] = reply.status_code
    assert shown == dict.fromkeys(OPEN_TO_ALL, 200)


async def test_who_is_in_no_experiment_sees_nothing_of_one_on_any_page(
    browser: Browser, services: ServicesUnderTest, scene: Scene, stages: list[int]
) -> None:
    places = await _fill_in(scene, stages[0])
    await auth.create_user(scene.db, scene.admin, username="eve", password="correct horse")
    assert (await browser.sign_in("eve")).status_code == 303
    refused, told = set(), []
    for route in _list_routes(services):
        address = _make_address(route, places)
        reply = await browser.get(address)
        assert reply.status_code in (200, 303, 403, 404), f"{address}: {reply.status_code} {reply.text}"
        if reply.status_code in (403, 404):
            refused.add(route)
        # A page that says what there is not repeats what was asked for.
        told += [(address, word) for word in WORDS if word not in address and word in reply.text]
    assert told == []
    assert set(_list_routes(services)) - refused == OF_NOBODY | OPEN_TO_ALL


async def test_members_see_every_page(
    producer: Browser, services: ServicesUnderTest, scene: Scene, stages: list[int]
) -> None:
    places = await _fill_in(scene, stages[0])
    refused = {}
    for route in _list_routes(services):
        if route in OPEN_TO_ALL | {"/live"}:
            continue
        reply = await producer.get(_make_address(route, places))
        if reply.status_code != 200:
            refused[route] = reply.status_code
        else:
            assert "default-src" in reply.headers["content-security-policy"], route
    assert refused.keys() <= NOT_NOW
    assert set(refused.values()) <= {403, 404, 409}

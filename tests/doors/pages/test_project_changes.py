"""Projects are changed after a question, by those who may, and never by halves."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from tests.doors.pages.browser import Browser, ServicesUnderTest, make_app
from tests.doors.pages.projects import finish, make_mixed_project, make_project, reserve
from tests.integration.campaigns.scene import Scene

from sutler import dispatch
from sutler.base.errors import InvalidInputError
from sutler.dispatch import HandleState, Project, ProjectState
from sutler.pages.forms import read_duration, read_names, read_number, read_object, read_text, write_duration


async def _get(scene: Scene, project_id: int) -> Project:
    return await dispatch.get_project(scene.db, scene.producer, project_id=project_id)


@pytest.fixture
async def project(scene: Scene) -> int:
    """A project of a done, a failed, a reserved and an initial file."""
    return await make_mixed_project(scene)


async def test_project_is_cancelled_with_a_reason_and_opened_again(
    producer: Browser, scene: Scene, project: int
) -> None:
    question = await producer.get(f"projects/{project}/cancel")
    assert f"Cancel project {project}?" in question.text
    reply = await producer.post(f"projects/{project}/cancel", question, reason=" wrong <run> ")
    assert (reply.status_code, reply.headers["location"]) == (303, f"/projects/{project}")
    assert (await _get(scene, project)).state is ProjectState.CANCELLED
    page = await producer.get(f"projects/{project}")
    assert "Cancelled: wrong &lt;run&gt;" in page.text
    assert 'id="do-cancel" disabled title="It is cancelled already."' in page.text
    question = await producer.get(f"projects/{project}/activate")
    await producer.post(f"projects/{project}/activate", question)
    assert (await _get(scene, project)).state is ProjectState.ACTIVE


async def test_chosen_states_are_put_back(producer: Browser, scene: Scene, project: int) -> None:
    question = await producer.get(f"projects/{project}/restart")
    assert re.search(r'value="failed" checked', question.text)
    reply = await producer.client.post(
        f"projects/{project}/restart",
        data={"csrf": re.findall(r'name="csrf" value="(\w+)"', question.text)[-1], "state": ["failed", "reserved"]},
    )
    assert reply.status_code == 303
    counts = (await _get(scene, project)).counts
    assert (counts.initial_count, counts.reserved_count, counts.done_count, counts.failed_count) == (3, 0, 1, 0)


async def test_nothing_is_put_back_when_no_state_or_a_wrong_one_is_chosen(
    producer: Browser, scene: Scene, project: int
) -> None:
    question = await producer.get(f"projects/{project}/restart")
    assert (await producer.post(f"projects/{project}/restart", question)).status_code == 422
    assert (await producer.post(f"projects/{project}/restart", question, state="lost")).status_code == 422
    assert (await _get(scene, project)).failed_count == 1


async def test_copy_leads_to_the_new_project(producer: Browser, scene: Scene, project: int) -> None:
    reply = await producer.post(f"projects/{project}/copy", await producer.get(f"projects/{project}/copy"))
    number = int(reply.headers["location"].rpartition("/")[2])
    copied = await _get(scene, number)
    assert number != project
    assert (copied.total_count, copied.initial_count) == (4, 4)


async def test_deleted_project_is_gone(producer: Browser, project: int) -> None:
    question = await producer.get(f"projects/{project}/delete")
    assert "This cannot be undone." in question.text
    reply = await producer.post(f"projects/{project}/delete", question)
    assert reply.headers["location"] == "/projects"
    assert (await producer.get(f"projects/{project}")).status_code == 404


async def test_project_of_a_submission_is_not_deleted(producer: Browser, scene: Scene, stages: list[int]) -> None:
    project = (await scene.view(await scene.launch(stages[0]))).submission.project_id
    reply = await producer.post(f"projects/{project}/delete", await producer.get(f"projects/{project}/delete"))
    assert reply.status_code == 409
    assert (await producer.get(f"projects/{project}")).status_code == 200


async def test_single_file_is_put_back_after_a_question(producer: Browser, scene: Scene, project: int) -> None:
    address = f"projects/{project}/handles/1/restart"
    question = await producer.get(address)
    assert "Put this file back?" in question.text
    reply = await producer.post(address, question)
    assert reply.headers["location"] == f"/projects/{project}/handles/1"
    view = await dispatch.get_handle(scene.db, scene.producer, project_id=project, position=1)
    assert view.handle.state is HandleState.INITIAL
    untouched = await producer.get(f"projects/{project}/handles/3/restart")
    assert untouched.status_code == 409


async def test_settings_are_shown_as_they_are_and_stored_as_they_are_typed(
    producer: Browser, scene: Scene, project: int
) -> None:
    form = await producer.get(f"projects/{project}/alter")
    assert 'name="max_attempts" type="text" value="3"' in form.text
    reply = await producer.post(
        f"projects/{project}/alter",
        form,
        worker_timeout="1 d 12 h",
        idle_timeout="",
        max_attempts="5",
        retry_pause="90",
        users="ann",
        groups="nova_production",
        attributes='{"version": "2", "runs": [1, 2]}',
    )
    assert reply.status_code == 303, reply.text
    altered = await _get(scene, project)
    assert altered.worker_timeout == timedelta(hours=36)
    assert altered.idle_timeout is None
    assert (altered.max_attempts, altered.retry_pause) == (5, timedelta(seconds=90))
    assert altered.retry_on_timeout is False
    assert (altered.users, altered.groups) == (("ann",), ("nova_production",))
    assert altered.attributes == {"version": "2", "runs": [1, 2]}
    again = (await producer.get(f"projects/{project}/alter")).text
    assert 'value="1 d 12 h"' in again
    assert 'value="1 min 30 s"' in again


async def test_wrong_settings_are_all_named_and_nothing_is_stored(
    producer: Browser, scene: Scene, project: int
) -> None:
    form = await producer.get(f"projects/{project}/alter")
    before = await _get(scene, project)
    reply = await producer.post(
        f"projects/{project}/alter",
        form,
        worker_timeout="soon",
        idle_timeout="-5",
        max_attempts="0",
        attributes="{broken",
        users="ann",
    )
    assert reply.status_code == 422
    text = reply.text.replace("&#39;", "'")
    assert "'soon' is no time span" in text
    assert "'-5' is no time span" in text
    assert "'0' is no whole number from 1" in text
    assert "is no JSON" in text
    assert 'value="soon"' in text
    assert await _get(scene, project) == before
    for fields in ({"users": "nobody"}, {"groups": "no_group"}, {"attributes": '{"a": NaN}'}, {"users": "a\0b"}):
        reply = await producer.post(f"projects/{project}/alter", form, **fields)
        assert reply.status_code == 422, fields
    assert await _get(scene, project) == before


async def test_buttons_of_those_who_may_not_are_off_and_say_why(
    services: ServicesUnderTest, scene: Scene, project: int
) -> None:
    browser = Browser(make_app(services))
    await browser.sign_in("ann")
    page = await browser.get(f"projects/{project}")
    for name in ("restart", "alter", "activate", "cancel", "delete"):
        assert re.search(rf'id="do-{name}" disabled title="You may not (launch|edit) this project', page.text)
        assert (await browser.get(f"projects/{project}/{name}")).status_code == 403
    assert re.search(r'id="do-copy" class="button"', page.text)
    assert re.search(r'id="why-not">You may not launch this project: .* You may not edit this project: ', page.text)
    for name in ("restart", "alter", "activate", "cancel", "delete", "handles/1/restart"):
        reply = await browser.post(f"projects/{project}/{name}", page, state="failed")
        assert reply.status_code == 403, name
        assert "Not permitted" in reply.text
    assert (await _get(scene, project)).counts.failed_count == 1


async def test_question_about_what_makes_no_sense_now_is_refused(producer: Browser, scene: Scene) -> None:
    fresh = await make_project(scene)
    assert (await producer.get(f"projects/{fresh}/activate")).status_code == 409
    assert (await producer.get(f"projects/{fresh}/restart")).status_code == 409
    await finish(scene, *await reserve(scene, fresh, 4))
    assert (await producer.get(f"projects/{fresh}/cancel")).status_code == 409
    assert "put some back" in (await producer.get(f"projects/{fresh}/activate")).text


async def test_changes_of_projects_that_are_not_there_are_refused(producer: Browser, project: int) -> None:
    page = await producer.get(f"projects/{project}")
    for number in ("99999999", "9" * 25, "x"):
        for name in ("restart", "alter", "activate", "cancel", "delete", "copy", "handles/0/restart"):
            reply = await producer.post(f"projects/{number}/{name}", page, state="failed")
            assert reply.status_code == 404, (number, name)


async def test_stranger_changes_nothing(browser: Browser, scene: Scene, project: int) -> None:
    sign_in = await browser.get("sign-in")
    for name in ("restart", "alter", "activate", "cancel", "delete", "copy"):
        reply = await browser.post(f"projects/{project}/{name}", sign_in, state="failed")
        assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in")
    assert (await _get(scene, project)).counts.failed_count == 1


async def test_odd_reasons_are_refused(producer: Browser, scene: Scene, project: int) -> None:
    question = await producer.get(f"projects/{project}/cancel")
    for reason in ("x" * 501, "a\0b"):
        assert (await producer.post(f"projects/{project}/cancel", question, reason=reason)).status_code == 422
    assert (await _get(scene, project)).state is ProjectState.ACTIVE


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", None), ("90", 90), ("90 s", 90), ("45min", 2700), ("2 h 5 min", 7500), ("1d", 86400), ("1.5 h", 5400)],
)
def test_time_spans_are_read_as_people_write_them(text: str, seconds: float | None) -> None:
    assert read_duration("", text) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("text", ["soon", "-5", "0", "5 weeks", "1 h later", "9" * 20, "nan", "1e9", "٣ h"])
def test_what_is_no_time_span_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read_duration("worker_timeout", text)


@pytest.mark.parametrize("seconds", [1, 0.25, 59, 60, 61, 3661, 86399, 90061, 1_000_000])
def test_written_time_spans_are_read_back(seconds: float) -> None:
    assert read_duration("", write_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_forms_are_read_strictly() -> None:
    assert read_names("users", " ann, bob\nann ") == ["ann", "bob"]
    assert read_names("users", "") == []
    assert read_object("a", "") == {}
    assert read_number("n", "-1") == -1
    assert read_text("t", " x ") == "x"
    for text in ("[1]", "3", "{", "[" * 5000, json.dumps("x")):
        with pytest.raises(InvalidInputError):
            read_object("attributes", text)
    for text in ("", "1.5", "9" * 11, "0x10", "²"):
        with pytest.raises(InvalidInputError):
            read_number("distance", text)

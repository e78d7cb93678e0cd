"""Projects are found by what stands in the address, and what is wrong with it is said."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
import pytest
from tests.doors.pages.browser import Browser
from tests.doors.pages.projects import make_mixed_project, make_project
from tests.integration.campaigns.scene import Scene

from sutler import dispatch
from sutler.base.errors import InvalidInputError
from sutler.dispatch import ProjectState
from sutler.pages import browsing
from sutler.pages.finding import ProjectFilters, join_conditions, list_conditions, read_filters, read_project_state


def _list_found(reply: httpx.Response) -> list[int]:
    return [int(number) for number in re.findall(r'id="project-(\d+)"', reply.text)]


async def _find(browser: Browser, **filters: str) -> list[int]:
    reply = await browser.client.get("projects", params=filters)
    assert reply.status_code == 200, reply.text
    return _list_found(reply)


async def test_newest_project_comes_first_with_percent_and_counts(producer: Browser, scene: Scene) -> None:
    first = await make_mixed_project(scene)
    second = await make_project(scene)
    reply = await producer.get("projects")
    assert _list_found(reply) == [second, first]
    assert "50 %" in reply.text
    assert f'href="/projects/{first}?state=failed#files"' in reply.text
    assert f"live?subjects=project/{second},project/{first}" in reply.text


async def test_every_filter_narrows_what_is_found(producer: Browser, scene: Scene) -> None:
    plain = await make_project(scene)
    marked = await make_project(
        scene, attributes={"version": "1.2", "run": 7, "test": True}, query="files from nova:raw where core.number > 1"
    )
    cancelled = await make_project(scene, attributes={"version": "1.3"})
    await dispatch.cancel_project(scene.db, scene.producer, project_id=cancelled)
    assert await _find(producer, id=str(plain)) == [plain]
    assert await _find(producer, owner="pia") == [cancelled, marked, plain]
    assert await _find(producer, owner="ann") == []
    assert await _find(producer, state="cancelled") == [cancelled]
    assert await _find(producer, experiment="nova", state="active") == [marked, plain]
    assert await _find(producer, attribute="version=1.2") == [marked]
    assert await _find(producer, attribute="run=7") == [marked]
    assert await _find(producer, attribute="test = true") == [marked]
    assert await _find(producer, attribute="version") == [cancelled, marked]
    assert await _find(producer, text="core.number") == [marked]
    assert await _find(producer, q='version ~ "^1" and ! (state = cancelled)') == [marked]
    assert await _find(producer, q=f"id = {plain} or id = {marked}", attribute="version") == [marked]


async def test_filters_stay_in_the_form_and_in_the_addresses_of_states(producer: Browser) -> None:
    text = (await producer.get("projects?attribute=version=1.2&q=run%20%3E%205")).text
    assert 'value="version=1.2"' in text
    assert 'value="run &gt; 5"' in text
    assert 'href="/projects?state=done&amp;attribute=version%3D1.2&amp;q=run+%3E+5"' in text
    assert '<details class="finder-more" open>' in text


async def test_mistake_in_a_search_is_shown_where_it_stands(producer: Browser) -> None:
    for extra in ("", "&attribute=a=1"):
        reply = await producer.get(f"projects?q={quote('state = done and (owner = pia')}{extra}")
        assert reply.status_code == 422
        assert '<pre class="excerpt">state = done and (owner = pia\n' in reply.text
        assert re.search(r"\n +\^</pre>", reply.text)


async def test_search_that_closes_brackets_of_its_own_is_no_way_around_the_other_filters(
    producer: Browser, scene: Scene
) -> None:
    await make_project(scene)
    reply = await producer.client.get("projects", params={"q": "id > 0) or (id > 0", "attribute": "version=9"})
    assert reply.status_code == 422


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"id": "x"}, "is no number of a project"),
        ({"id": "9" * 30}, "is no number of a project"),
        ({"state": "lost"}, "is not one of active, done, failed, cancelled, abandoned"),
        ({"attribute": "my key=1"}, "is not written like version=1.2"),
        ({"attribute": "owner=pia"}, "is a field of every project"),
        ({"attribute": "a='\""}, "cannot hold both kinds of quotation marks"),
        ({"text": "a\0b"}, "must not hold the character"),
        ({"owner": "a\0b"}, "must not hold the character"),
        ({"text": "x" * 2000}, "must have at most 1000 characters"),
        ({"q": 'version ~ "("'}, "the database cannot use it"),
        ({"after": "nonsense"}, "is not one that this list gave out"),
    ],
)
async def test_unusable_filters_are_named(producer: Browser, filters: dict[str, str], sentence: str) -> None:
    reply = await producer.client.get("projects", params=filters)
    assert reply.status_code == 422
    assert sentence in reply.text.replace("&#39;", "'").replace("&#34;", '"')
    assert 'id="q"' in reply.text


async def test_odd_characters_are_found_as_text(producer: Browser, scene: Scene) -> None:
    odd = await make_project(scene, attributes={"note": "it's <b> %_"}, query="name = '☃'")
    await make_project(scene, attributes={"note": "its <b> %_"})
    assert await _find(producer, attribute="note=it's <b> %_") == [odd]
    assert await _find(producer, text="☃") == [odd]
    reply = await producer.client.get("projects", params={"owner": "<script>alert"})
    assert "<script>alert" not in reply.text
    assert "&lt;script&gt;alert" in reply.text


async def test_list_is_paged_by_the_last_project_seen(
    producer: Browser, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "PROJECTS_PER_PAGE", 2)
    numbers = [await make_project(scene, attributes={"n": n}) for n in range(5)]
    reply = await producer.get("projects?attribute=n")
    found = _list_found(reply)
    while following := re.search(r'id="projects-next" href="/([^"]+)"', reply.text):
        reply = await producer.get(following[1].replace("&amp;", "&"))
        found += _list_found(reply)
    assert found == numbers[::-1]
    assert "Newest" in reply.text


async def test_empty_list_says_what_to_do(producer: Browser) -> None:
    assert "No projects yet" in (await producer.get("projects")).text
    assert "No project fits" in (await producer.get("projects?owner=nobody")).text


async def test_experiment_that_is_not_there_is_said(producer: Browser) -> None:
    assert (await producer.get("projects?experiment=nowhere")).status_code == 404


async def test_stranger_is_led_to_the_sign_in_page(browser: Browser) -> None:
    reply = await browser.get("projects?q=a")
    assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in?next=%2Fprojects%3Fq%3Da")


def test_conditions_are_whole_searches_in_brackets() -> None:
    filters = ProjectFilters(id="7", attribute="n=5", text='say "x"')
    conditions = ["id = 7", 'n = "5" or n = 5', "'say \"x\"' in query"]
    assert list_conditions(filters) == conditions
    assert join_conditions(conditions[:2]) == '(id = 7) and (n = "5" or n = 5)'
    assert join_conditions([]) is None


def test_filters_lose_blanks_around_them() -> None:
    assert read_filters(ProjectFilters(owner=" pia ")) == ProjectFilters(owner="pia")
    assert read_project_state("done") is ProjectState.DONE
    with pytest.raises(InvalidInputError):
        read_project_state("gone")

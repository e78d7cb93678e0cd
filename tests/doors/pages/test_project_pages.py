"""The page of a project: what it waits for, its files by filters, its plot, its history, who was refused."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from tests.conftest import NOON
from tests.doors.pages.browser import Browser, ServicesUnderTest, make_app
from tests.doors.pages.projects import finish, make_mixed_project, make_project, reserve
from tests.integration.campaigns.scene import Scene

from sutler import auth, dispatch, replicas
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.events import RecordedEvent
from sutler.dispatch import Counts, Throughput
from sutler.pages.history import describe_event
from sutler.pages.pace import describe_pace
from sutler.pages.projects import EVENTS_PER_PAGE
from sutler.replicas import NewReplica


@pytest.fixture
async def project(scene: Scene) -> int:
    """A project of a done, a failed, a reserved and an initial file."""
    return await make_mixed_project(scene)


def _list_names(text: str) -> list[str]:
    return re.findall(r"</span>(f\d\d\.root)</a>", text)


async def test_project_page_says_how_far_it_is_and_what_it_waits_for(producer: Browser, project: int) -> None:
    text = (await producer.get(f"projects/{project}")).text
    assert 'id="percent">50<' in text
    assert "1 file is reserved by 1 worker" in text
    assert "1 file is ready and waits for a worker." in text
    assert _list_names(text) == ["f00.root", "f01.root", "f02.root", "f03.root"]
    assert "exited with code 3 &lt;script&gt;" in text
    assert "&lt;b&gt;" in text
    assert f"live?subjects=project/{project}" in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=done", ["f00.root"]),
        ("state=failed", ["f01.root"]),
        ("state=failed&state=reserved", ["f01.root", "f02.root"]),
        ("state=initial&state=done", ["f00.root", "f03.root"]),
        ("state=initial&state=done&state=reserved&state=failed", ["f00.root", "f01.root", "f02.root", "f03.root"]),
        ("name=f01", ["f01.root"]),
        ("name=f0%25", []),
        ("namespace=nova&name=root", ["f00.root", "f01.root", "f02.root", "f03.root"]),
        ("namespace=other", []),
        ("state=failed&name=f02", []),
        ("state=&name=", ["f00.root", "f01.root", "f02.root", "f03.root"]),
    ],
)
async def test_files_are_filtered_by_the_address(producer: Browser, project: int, query: str, names: list[str]) -> None:
    for address in (f"projects/{project}?{query}", f"projects/{project}/files?{query}"):
        reply = await producer.get(address)
        assert reply.status_code == 200
        assert _list_names(reply.text) == names


async def test_chosen_filters_stay_chosen(producer: Browser, project: int) -> None:
    text = (await producer.get(f"projects/{project}?state=failed&name=f0")).text
    assert re.findall(r'value="(\w+)" checked', text) == ["failed"]
    assert 'name="name" type="search" value="f0"' in text
    assert f'hx-get="/projects/{project}/files?state=failed&amp;name=f0"' in text


@pytest.mark.parametrize(
    "query",
    ["state=lost", "after=x", "after=-1", "after=99999999999", "name=a%00b", "namespace=%00", f"name={'x' * 1100}"],
)
async def test_unusable_filters_are_refused(producer: Browser, project: int, query: str) -> None:
    assert (await producer.get(f"projects/{project}?{query}")).status_code == 422
    assert (await producer.get(f"projects/{project}/files?{query}")).status_code == 422


async def test_files_come_a_hundred_a_page(producer: Browser, scene: Scene) -> None:
    project = await make_project(scene, *(f"g{number:03d}" for number in range(250)))
    reply = await producer.get(f"projects/{project}")
    found = re.findall(r"</span>(g\d{3})</a>", reply.text)
    assert len(found) == 100
    while following := re.search(r'id="files-next" href="/([^"#]+)', reply.text):
        reply = await producer.get(following[1].replace("&amp;", "&"))
        found += re.findall(r"</span>(g\d{3})</a>", reply.text)
    assert found == [f"g{number:03d}" for number in range(250)]


async def test_search_that_stops_before_the_end_says_so_and_goes_on(
    producer: Browser, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.dispatch.operations.throughput.STRETCH", 5)
    project = await make_project(scene, *(f"g{number:03d}" for number in range(12)))
    reply = await producer.get(f"projects/{project}?name=g011")
    assert "Looked at the first 5 of 12 files" in reply.text
    found: list[str] = []
    while following := re.search(r'id="files-next" href="/([^"#]+)', reply.text):
        assert "Look further" in reply.text
        reply = await producer.get(following[1].replace("&amp;", "&"))
        found += re.findall(r"</span>(g\d{3})</a>", reply.text)
    assert found == ["g011"]
    assert "Look further" not in reply.text


async def test_refused_workers_are_named_and_without_any_nothing_is_said(
    producer: Browser, scene: Scene, project: int, clock: MovableClock
) -> None:
    assert "Refused workers" not in (await producer.get(f"projects/{project}")).text
    async with scene.db.connection() as connection:
        await connection.execute(
            "INSERT INTO dispatch.refusals VALUES ($1, 'w<7>', 'The token has expired.', 214, $2, $3)",
            project,
            clock.now() - timedelta(hours=2),
            clock.now(),
        )
    text = (await producer.get(f"projects/{project}/part")).text
    assert "Refused workers" in text
    assert "w&lt;7&gt;" in text
    assert '<td>The token has expired.</td><td class="num">214</td>' in text
    assert text.count("2026-03-01T10:00:00.000Z") == 1


async def test_points_of_the_plot_are_added_up(
    producer: Browser, scene: Scene, project: int, clock: MovableClock
) -> None:
    empty = (await producer.get(f"projects/{project}/throughput")).json()
    assert empty["at"] == [] or sum(empty["done"]) == 1
    async with scene.db.connection() as connection:
        await connection.execute("DELETE FROM dispatch.throughput")
        for minutes, done in ((9, 5), (8, 7), (1, 1)):
            await connection.execute(
                "INSERT INTO dispatch.throughput VALUES ($1, $2, $3, 2, 1)",
                project,
                clock.now() - timedelta(minutes=minutes),
                done,
            )
    points = (await producer.get(f"projects/{project}/throughput")).json()
    assert points["minutes"] == 1
    assert points["done"] == [5, 7, 0, 0, 0, 0, 0, 0, 1, 0]
    assert points["failed"] == [2, 2, 0, 0, 0, 0, 0, 0, 2, 0]
    assert points["at"][-1] == int(clock.now().timestamp())
    assert points["sentence"].startswith("Lately 130 files an hour: like that, the remaining 2 take about")


async def test_history_tells_in_words_what_happened(producer: Browser, scene: Scene, project: int) -> None:
    text = (await producer.get(f"projects/{project}/history")).text
    assert "Made with 4 files" in text
    assert "Worker w1 took 3 files" in text
    assert "1 file of worker w1: failed" in text


async def test_history_is_paged(producer: Browser, scene: Scene) -> None:
    project = await make_project(scene, *(f"g{number:03d}" for number in range(EVENTS_PER_PAGE)), is_virtual=True)
    for _ in range(EVENTS_PER_PAGE):
        await reserve(scene, project)
    first = (await producer.get(f"projects/{project}/history")).text
    found = re.search(r'id="history-next" href="/([^"]+)"', first)
    assert found is not None
    assert "Made with" not in first
    assert "Made with 100 files" in (await producer.get(found[1])).text
    assert (await producer.get(f"projects/{project}/history?after=x")).status_code == 422


@pytest.mark.parametrize(
    ("kind", "facts", "words"),
    [
        ("dispatch.project_created", {"count": 1, "source": 7}, "made with 1 file as a copy of project 7"),
        ("dispatch.project_cancelled", {"reason": ""}, "cancelled"),
        ("dispatch.project_altered", {"changed": ["idle_timeout"], "added": 2}, "changed idle timeout; added 2 files"),
        ("dispatch.project_altered", {"changed": []}, "looked at, nothing changed"),
        (
            "dispatch.handles_released",
            {"outcome": "worker_lost", "state": "initial"},
            "files of worker ?: worker lost, put back",
        ),
        ("dispatch.something_new", {}, "something new"),
    ],
)
def test_events_are_told_in_words(kind: str, facts: dict[str, Any], words: str) -> None:
    event = RecordedEvent(1, NOON, 1, 1, "pia", kind, "project", "1", facts)
    assert describe_event(event) == words


def test_pace_is_told_only_while_something_moves(clock: MovableClock) -> None:
    now = clock.now()
    counts = Counts(100, 60, 0, 0, 40, 0)
    lately = Throughput(now - timedelta(minutes=10), timedelta(minutes=10), 20, 0, 5)
    old = Throughput(now - timedelta(hours=3), timedelta(minutes=10), 20, 0, 5)
    assert describe_pace([lately], counts, now) == (
        "Lately 120 files an hour: like that, the remaining 60 take about 30 min."
    )
    assert describe_pace([old], counts, now) == ""
    assert describe_pace([], counts, now) == ""
    assert describe_pace([lately], Counts(40, 0, 0, 0, 40, 0), now) == "Lately 120 files an hour."


async def test_handle_page_says_of_each_replica_whether_it_can_be_read(producer: Browser, scene: Scene) -> None:
    for name in ("DOWN", "OFF", "TAPE"):
        await replicas.create_rse(scene.db, scene.producer, experiment="nova", name=name, is_tape=name == "TAPE")
        copy = NewReplica(Did("nova", "f00.root"), name, f"root://{name}/x", is_staged=name != "TAPE")
        await replicas.add_replicas(scene.db, scene.producer, experiment="nova", replicas=[copy])
    await replicas.update_rse(scene.db, scene.producer, experiment="nova", name="DOWN", is_available=False)
    await replicas.update_rse(scene.db, scene.producer, experiment="nova", name="OFF", is_enabled=False)
    project = await make_project(scene)
    text = (await producer.get(f"projects/{project}/handles/0")).text
    assert "1 of 4 can be read now" in text
    assert "Not now: the RSE is down." in text
    assert "Not now: the experiment has disabled this RSE." in text
    assert "Not now: it is on tape and not staged." in text
    assert "Waits for a worker." in text
    missing = await make_project(scene, "nowhere.root")
    assert "Waits for a replica that can be read." in (await producer.get(f"projects/{missing}/handles/0")).text
    await dispatch.cancel_project(scene.db, scene.producer, project_id=project)
    over = (await producer.get(f"projects/{project}/handles/0")).text
    assert "It is not given out any more: the project is cancelled." in over
    assert "No replica is known in nova" in (await producer.get(f"projects/{missing}/handles/0")).text


async def test_handle_page_shows_every_attempt_the_newest_first(producer: Browser, scene: Scene) -> None:
    project = await make_project(scene, "f00.root", max_attempts=3)
    for worker, reason in (("w1", "disk full"), ("w2", "no licence")):
        [lease] = await reserve(scene, project, worker_id=worker)
        await finish(scene, lease, reason=reason, worker_id=worker, may_retry=True)
    await reserve(scene, project, worker_id="w3")
    text = (await producer.get(f"projects/{project}/handles/0")).text
    assert re.findall(r'aria-label="Attempt (\d)"', text) == ["3", "2", "1"]
    assert text.index("no licence") < text.index("disk full")


@pytest.mark.parametrize(
    "address",
    [
        "projects/0",
        "projects/99999999",
        "projects/99999999999999999999",
        "projects/x",
        "projects/-1",
        "projects/99999999/part",
        "projects/99999999/files",
        "projects/99999999/throughput",
        "projects/99999999/history",
        "projects/99999999/alter",
        "projects/99999999/cancel",
        "projects/99999999999999999999/throughput",
        "projects/99999999999999999999/history",
        "projects/99999999999999999999/delete",
    ],
)
async def test_project_that_is_not_there_is_a_page_too(producer: Browser, address: str) -> None:
    assert (await producer.get(address)).status_code == 404


async def test_handle_that_is_not_there_is_a_page_too(producer: Browser, project: int) -> None:
    for position in ("4", "99999999999", "x", "-1"):
        for end in ("", "/part", "/restart"):
            assert (await producer.get(f"projects/{project}/handles/{position}{end}")).status_code == 404


async def test_stranger_is_led_to_the_sign_in_page(browser: Browser, project: int) -> None:
    for end in ("", "/part", "/files", "/throughput", "/history", "/alter", "/cancel", "/handles/0"):
        reply = await browser.get(f"projects/{project}{end}")
        assert reply.status_code == 303
        assert reply.headers["location"].startswith("/sign-in?next=")


async def test_member_of_another_experiment_is_refused(services: ServicesUnderTest, scene: Scene, project: int) -> None:
    async with scene.db.connection() as connection:
        admin_id = await connection.fetchval("SELECT id FROM auth.users WHERE username = 'admin'")
    admin = await auth.get_principal_of(scene.db, user_id=admin_id)
    await auth.create_user(scene.db, admin, username="eve", password="correct horse")
    eve = Browser(make_app(services))
    await eve.sign_in("eve")
    for end in ("", "/part", "/files", "/throughput", "/history", "/alter", "/cancel", "/handles/0"):
        assert (await eve.get(f"projects/{project}{end}")).status_code == 403
    assert str(project) not in re.findall(r'id="project-(\d+)"', (await eve.get("projects")).text)
    boss = Browser(make_app(services))
    await boss.sign_in("admin")
    assert "Experiment <b>nova</b>" in (await boss.get(f"projects/{project}")).text

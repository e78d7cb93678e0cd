"""The journey of somebody who watches a project: find it, see it move, filter its files, put one back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from demo.server import DemoServer
from playwright.sync_api import Page, expect

from sutler.client import Client
from sutler.wire.dispatch import NewHandle, NewProject

pytestmark = pytest.mark.browser

FILES = 40


class Worker:
    """A worker that takes files and reports them, call by call."""

    def __init__(self, server: DemoServer, token: str, project_id: int) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=30)
        self._project_id = project_id

    def take(self, count: int) -> list[int]:
        """Lease files and return the ids of the attempts."""
        wish = {"worker_id": "w1", "request_id": str(uuid4()), "count": count}
        reply = self._http.post(f"/projects/{self._project_id}/next", json=wish).raise_for_status()
        return [lease["attempt_id"] for lease in reply.json()["leases"]]

    def report(self, outcome: str, attempts: list[int], **more: object) -> None:
        """Report attempts as `done` or `failed`."""
        body = {"worker_id": "w1", "attempt_ids": attempts, **more}
        self._http.post(f"/attempts/{outcome}", json=body).raise_for_status()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()


@pytest.fixture
def project(server: DemoServer) -> int:
    """A project of numbered units that nobody has taken yet."""
    with Client(url=server.url, token=server.create_token()) as client:
        files = tuple(NewHandle("gen", f"unit{number:03d}") for number in range(FILES))
        new = NewProject("local", files, is_virtual=True, attributes={"made_for": "watching"})
        return client.create_project(new).project_id


@pytest.fixture
def worker(server: DemoServer, project: int) -> Iterator[Worker]:
    """A worker of the project."""
    worker = Worker(server, server.create_token(), project)
    yield worker
    worker.close()


def test_a_project_moves_without_a_reload_and_its_files_are_filtered(
    signed_in: Page, project: int, worker: Worker
) -> None:
    page = signed_in
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Projects").click()
    page.get_by_role("searchbox", name="Search").fill("made_for = watching")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url(re.compile(r"/projects\?q="))
    page.get_by_role("link", name=str(project), exact=True).click()
    page.wait_for_url(f"/projects/{project}")
    expect(page.locator("#percent")).to_have_text("0")
    expect(page.locator("#why")).to_contain_text("40 files are ready and wait for a worker.")
    page.evaluate("window.wasHereBefore = true")

    taken = worker.take(30)
    expect(page.locator("#why")).to_contain_text("30 files are reserved by 1 worker")
    expect(page.locator("tr.row-reserved")).to_have_count(30)
    worker.report("done", taken[:10])
    worker.report("failed", taken[10:12], reason="exited with code 3", retry=False)
    expect(page.locator("#percent")).to_have_text("30")
    expect(page.locator("tr.row-failed")).to_have_count(2)
    expect(page.locator("#throughput-card")).to_be_visible()
    assert page.evaluate("window.wasHereBefore"), "the page was loaded again"

    page.get_by_label("failed", exact=True).check()
    page.get_by_label("Text in the name").fill("011")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile(r"state=failed&namespace=&name=011"))
    expect(page.locator("table.handles tbody tr")).to_have_count(1)
    page.get_by_role("link", name="gen:unit011").click()
    expect(page.get_by_text("exited with code 3").first).to_be_visible()
    page.get_by_role("link", name="Put back…").click()
    page.get_by_role("button", name="Put it back").click()
    expect(page.get_by_text("not submitted", exact=True).first).to_be_visible()


def test_the_plot_is_drawn_from_what_ended(signed_in: Page, project: int) -> None:
    page = signed_in
    points = {"minutes": 5, "at": [1772366400, 1772366700], "done": [7, 1200], "failed": [1, 0], "returned": [0, 2]}
    page.route("**/throughput", lambda route: route.fulfill(json={**points, "sentence": "Lately 100 files an hour."}))
    page.goto(f"/projects/{project}")
    expect(page.locator("#throughput-card canvas")).to_be_visible()
    expect(page.locator("#throughput-words")).to_have_text("Lately 100 files an hour.")
    page.locator("#throughput-card .u-over").hover()
    expect(page.locator("#throughput-card .u-legend")).to_contain_text(re.compile(r"Done(7|1.200)"))


@pytest.mark.parametrize("path", ["/projects", "/projects/{project}", "/rses", "/proximity/local"])
def test_a_page_fits_a_narrow_screen(signed_in: Page, project: int, path: str) -> None:
    page = signed_in
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(path.format(project=project))
    assert page.evaluate("document.documentElement.scrollWidth") <= 400

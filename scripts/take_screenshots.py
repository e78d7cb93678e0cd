"""Takes the pictures of the documentation from a real run of the demo: `make docs`."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from demo.campaign import EXPERIMENT, Defined, Shape, define_campaign
from demo.following import StageProgress, follow_campaign
from demo.server import DemoServer, find_free_port
from playwright.sync_api import Page, ViewportSize, sync_playwright
from scripts.reprocessing import Workers, finish, furnish

from sutler.client import Client

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PASSWORD = "only-for-pictures"  # noqa: S105 - of a server that lives for a minute
SIZE: ViewportSize = {"width": 1280, "height": 860}
FILES_PER_MINUTE = 400
DRAINED_SECONDS = 230
"""For how long a project is drained before it is photographed: its plot has a column for every minute."""

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> int:
    """Run the demo's campaign and drain a project on a server of their own, and photograph its pages."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is missing; install it with: apt-get install chromium", file=sys.stderr)
        return 1
    print(f"Taking pictures of a campaign and of a project that is drained for {DRAINED_SECONDS} seconds …")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sutler-pictures-", ignore_cleanup_errors=True) as folder:
        server = DemoServer(Path(folder), find_free_port(), environment={"SUTLER_ADMIN_PASSWORD": PASSWORD})
        server.start()
        try:
            with sync_playwright() as playwright, Client(url=server.url, token=server.create_token()) as client:
                browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
                context = browser.new_context(base_url=server.url, viewport=SIZE, locale="en-GB", timezone_id="UTC")
                take_pictures(context.new_page(), client, server)
                browser.close()
        finally:
            server.stop()
    return 0


def take_pictures(page: Page, client: Client, server: DemoServer) -> None:
    """Sign in, follow the campaign to its end while a project is drained, and take each page at its best moment."""
    sign_in(page)
    furnished = furnish(client)
    with Workers(server.url, furnished, files_per_minute=FILES_PER_MINUTE):
        drained_until = time.monotonic() + DRAINED_SECONDS
        defined = define_campaign(client, Shape(), storage=server.data_dir / "storage")
        client.launch_stage(defined.first_stage_id, key="pictures")
        follow_campaign(client, defined.campaign_id, show=make_photographer(page))
        photograph_results(page, client, defined)
        photograph_catalogue(page, client, defined)
        photograph_storage(page)
        time.sleep(max(0.0, drained_until - time.monotonic()))
        photograph_draining(page, furnished.project_id)
    finish(server.url, furnished)
    page.goto(f"/projects/{furnished.project_id}/handles/{find_retried(client, furnished.project_id)}")
    photograph(page, "file-attempts", height=860)


def sign_in(page: Page) -> None:
    """Sign in as the first user."""
    page.goto("/sign-in")
    page.get_by_label("User").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")


def make_photographer(page: Page) -> Callable[[list[StageProgress]], None]:
    """Return what takes the live pictures once, when the second stage is half-way."""
    taken: set[str] = set()

    def look(progress: list[StageProgress]) -> None:
        running = progress[1].submission
        if "live" not in taken and running is not None and 35 <= running.percent_completed <= 75:
            taken.add("live")
            page.goto(f"/submissions/{running.id}")
            photograph(page, "submission-live")
            page.goto(f"/campaigns/{running.campaign_id}")
            photograph(page, "campaign-live")

    return look


def photograph_results(page: Page, client: Client, defined: Defined) -> None:
    """Take the pictures of what is left at the end."""
    view = client.view_campaign(defined.campaign_id)
    by_stage = {submission.stage: submission for submission in view.submissions}
    page.goto(f"/submissions/{by_stage['analyse'].id}")
    page.locator("figure img").wait_for()
    photograph(page, "submission-analysis")
    generate = by_stage["generate"]
    page.goto(f"/projects/{generate.project_id}/handles/{Shape.failing_index}")
    photograph(page, "handle")
    page.goto("/search?q=files from demo:reco wehre core.events > 1310")
    photograph(page, "search-error")


def photograph_catalogue(page: Page, client: Client, defined: Defined) -> None:
    """Take the pictures of a query with columns, of a file between its parents and children, and of a dataset."""
    query = "files from demo:reco where core.events > 1310"
    page.goto("/search?" + urlencode({"q": query, "columns": "core.events, core.data_tier"}))
    page.get_by_text("core.events", exact=True).first.wait_for()
    photograph(page, "search", height=760)
    view = client.view_campaign(defined.campaign_id)
    reconstruct = next(one for one in view.submissions if one.stage == "reconstruct")
    output = client.list_submission_outputs(reconstruct.id).items[0]
    page.goto(f"/files/{output.namespace}/{output.name}")
    page.locator(".lineage svg").first.wait_for()
    photograph(page, "file", height=1000)
    page.goto("/datasets/demo/reco")
    photograph(page, "dataset", height=1000)


def photograph_storage(page: Page) -> None:
    """Take the pictures of storage elements and of how far they are."""
    page.goto(f"/rses?experiment={EXPERIMENT}")
    photograph(page, "storage", height=520)
    page.goto(f"/proximity/{EXPERIMENT}?site=FNAL&rse=CERN_DISK")
    photograph(page, "distances", height=690)


def photograph_draining(page: Page, project_id: int) -> None:
    """Take the pictures of projects while one of them is drained."""
    page.goto('/projects?q=version >= v09 and campaign = "reprocessing 2026"')
    photograph(page, "projects", height=620)
    page.goto(f"/projects/{project_id}")
    page.locator("#throughput-card canvas").wait_for()
    photograph(page, "project-live", height=1090)


def find_retried(client: Client, project_id: int) -> int:
    """Return the position of a file that failed once and is done."""
    for line in client.stream_handles(project_id):
        handle = line.handle
        if handle.state == "done" and handle.attempts > 1:
            return handle.position
    raise AssertionError("no file was tried twice")


def photograph(page: Page, name: str, *, height: int = SIZE["height"]) -> None:
    """Keep what the page shows."""
    assert re.fullmatch(r"[a-z-]+", name)
    page.set_viewport_size({**SIZE, "height": height})
    page.wait_for_load_state("load")
    page.locator("main").wait_for()
    page.screenshot(path=IMAGES / f"{name}.png")
    page.set_viewport_size(SIZE)


if __name__ == "__main__":
    sys.exit(main())

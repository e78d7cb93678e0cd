"""Takes the pictures of the documentation from a real run of the demo: `make docs`."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from demo.campaign import Defined, Shape, define_campaign
from demo.following import StageProgress, follow_campaign
from demo.server import DemoServer, find_free_port
from playwright.sync_api import Page, ViewportSize, sync_playwright

from sutler.client import Client

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PASSWORD = "only-for-pictures"  # noqa: S105 - of a server that lives for a minute
SIZE: ViewportSize = {"width": 1280, "height": 860}
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> int:
    """Run the demo's campaign on a server of its own and photograph its pages."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is missing; install it with: apt-get install chromium", file=sys.stderr)
        return 1
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
    """Sign in, follow the campaign to its end, and take a picture of each page at its best moment."""
    sign_in(page)
    defined = define_campaign(client, Shape(), storage=server.data_dir / "storage")
    client.launch_stage(defined.first_stage_id, key="pictures")
    follow_campaign(client, defined.campaign_id, show=make_photographer(page))
    photograph_results(page, client, defined)


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


def photograph(page: Page, name: str) -> None:
    """Keep what the page shows."""
    page.wait_for_load_state("load")
    page.locator("main").wait_for()
    assert re.fullmatch(r"[a-z-]+", name)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())

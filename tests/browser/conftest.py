"""A real server and headless Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.campaign import Defined, Shape, define_campaign
from demo.server import DemoServer, find_free_port
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from sutler.client import Client

PASSWORD = "correct horse"
SHAPE = Shape(seed=5, files=10, events=200)
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """A server whose first user is `admin`."""
    server = DemoServer(
        tmp_path_factory.mktemp("browser"), find_free_port(), environment={"SUTLER_ADMIN_PASSWORD": PASSWORD}
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def campaign(server: DemoServer) -> Defined:
    """The demo's campaign, defined and not launched."""
    with Client(url=server.url, token=server.create_token()) as client:
        return define_campaign(client, SHAPE, storage=server.data_dir / "storage")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the system; without it the tests are skipped, but never where everything has to be there."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        message = "Chromium is missing; install it with: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


def is_script_error(message: ConsoleMessage) -> bool:
    """Whether the browser complains, but not about a refusal that a test asked for."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


@pytest.fixture
def page(browser: Browser, server: DemoServer, tmp_path: Path) -> Iterator[Page]:
    """A page of a fresh visitor. Errors in scripts fail the test."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if is_script_error(message) else None)
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def signed_in(page: Page) -> Page:
    """A page of the first user, at the list of campaigns."""
    page.goto("/")
    page.get_by_label("User").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")
    return page

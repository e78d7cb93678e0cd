"""The journey of a superuser: name a MetaCat, set a password, see that it works, and stop using it."""

from __future__ import annotations

import re

import pytest
from demo.server import DemoServer
from playwright.sync_api import Page, expect
from tests.browser.conftest import PASSWORD

from sutler.client import Client

pytestmark = pytest.mark.browser


def test_a_metacat_is_connected_checked_and_left_again(signed_in: Page, server: DemoServer) -> None:
    page = signed_in
    with Client(url=server.url, token=server.create_token()) as client:
        client.create_experiment("mirror")
    page.reload()
    page.get_by_role("link", name="mirror", exact=True).click()
    page.wait_for_url("/experiments/mirror")

    metacat = page.get_by_role("region", name="MetaCat")
    metacat.get_by_text("Use one").click()
    metacat.get_by_label(re.compile("^Server")).fill(f"{server.url}/metacat/local")
    metacat.get_by_label(re.compile("^Sign-in")).fill(f"{server.url}/auth")
    metacat.get_by_role("button", name="Save").click()
    expect(metacat.get_by_text("Nobody yet.")).to_be_visible()

    metacat.get_by_text("Set a password or token").click()
    metacat.get_by_label("User name there").fill("admin")
    secret = metacat.get_by_label(re.compile("^Password or token"))
    expect(secret).to_have_attribute("type", "password")
    secret.fill(PASSWORD)
    metacat.get_by_role("button", name="Keep it").click()
    expect(metacat.get_by_role("cell", name="admin", exact=True)).to_be_visible()
    assert PASSWORD not in page.content()

    page.get_by_role("button", name="Check now").click()
    seen = page.get_by_role("region", name="What the check saw")
    expect(seen.get_by_text("The password of admin is taken")).to_be_visible(timeout=60_000)
    expect(seen.get_by_text("broken", exact=True)).to_have_count(0)

    metacat.get_by_text("Stop using it").click()
    metacat.get_by_role("button", name="Stop using MetaCat").click()
    expect(metacat.get_by_text("Not used")).to_be_visible()

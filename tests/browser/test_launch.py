"""The journey of an operator: sign in, launch a stage, see it move."""

from __future__ import annotations

import re

import pytest
from demo.campaign import Defined
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

WHOLE_CAMPAIGN = 120_000  # milliseconds


@pytest.mark.row(44)
def test_a_launched_stage_moves_without_a_reload(signed_in: Page, campaign: Defined) -> None:
    page = signed_in
    page.get_by_role("link", name=campaign.name, exact=True).first.click()
    page.get_by_role("link", name="generate", exact=True).first.click()
    page.wait_for_url(f"/stages/{campaign.first_stage_id}")
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_url(re.compile(r"/submissions/\d+$"))
    page.evaluate("window.wasHereBefore = true")
    seen = {page.locator("#percent").inner_text()}
    expect(page.locator("#percent")).not_to_have_text(next(iter(seen)), timeout=WHOLE_CAMPAIGN)
    expect(page.locator("#percent")).to_have_text("100", timeout=WHOLE_CAMPAIGN)
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    assert page.evaluate("window.wasHereBefore"), "the page was loaded again"

    for stage in ("reconstruct", "analyse"):
        page.locator("section[aria-labelledby=followers] a").click(timeout=WHOLE_CAMPAIGN)
        page.locator("nav.crumbs").get_by_role("link", name=stage).wait_for()
        expect(page.locator("#percent")).to_have_text("100", timeout=WHOLE_CAMPAIGN)
    picture = page.locator("figure img")
    expect(picture).to_be_visible(timeout=WHOLE_CAMPAIGN)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    page.locator("figcaption a").click()
    expect(page.get_by_role("heading", name="zmumu.mass.png")).to_be_visible()
    parents = page.get_by_role("region", name="Parents")
    expect(parents.get_by_role("link", name=re.compile(r"zmumu\.generate\.000001\.reco\.root"))).to_be_visible()


def test_a_visitor_is_asked_to_sign_in_and_led_back(page: Page) -> None:
    page.goto("/campaigns/1")
    assert "/sign-in?next=" in page.url


def test_a_wrong_password_is_said_and_nothing_else(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("User").fill("admin")
    page.get_by_label("Password").fill("not the password")
    with page.expect_response(re.compile("/sign-in")):
        page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()

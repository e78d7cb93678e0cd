"""The journey of a production manager without a text editor: a sample, its plan, a stage, a schedule, a hold."""

from __future__ import annotations

import re

import pytest
from demo.campaign import EXPERIMENT, Defined
from demo.server import DemoServer
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import PASSWORD

pytestmark = pytest.mark.browser


def test_a_sample_becomes_a_campaign_whose_stage_is_edited_scheduled_and_held(
    signed_in: Page, campaign: Defined
) -> None:
    page = signed_in
    page.get_by_role("link", name="Samples", exact=True).click()
    page.get_by_role("link", name=re.compile("^Reconstruction|^Keep-up|reconstruct", re.IGNORECASE)).first.click()
    page.get_by_label("Experiment").select_option(EXPERIMENT)
    page.get_by_label("Name of the campaign").fill("from a sample")
    page.get_by_role("button", name="Plan it").click()
    expect(page.get_by_role("heading", name="Plan for the new campaign from a sample")).to_be_visible()
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.get_by_role("heading", name="from a sample", exact=True)).to_be_visible()

    page.locator("a.stage-name").first.click()
    page.get_by_role("link", name="Edit…").click()
    page.get_by_label("Percent done").fill("80")
    page.get_by_label("Project abandoned without work for").fill("sometimes")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("is no time span")
    expect(page.get_by_label("Percent done")).to_have_value("80")
    page.get_by_label("Project abandoned without work for").fill("never")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/stages/\d+$"))

    page.get_by_role("link", name="Schedule…").click()
    page.get_by_label("Hour").fill("4")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("0 4 * * *")).to_be_visible()

    page.go_back()
    page.get_by_role("link", name="Campaigns", exact=True).first.click()
    page.get_by_role("button", name="Watch from a sample", exact=True).click()
    expect(page.get_by_role("button", name="Stop watching from a sample")).to_be_visible()


def test_a_launch_is_rehearsed_held_and_taken_back(signed_in: Page, campaign: Defined) -> None:
    page = signed_in
    page.goto(f"/stages/{campaign.first_stage_id}/launch")
    page.get_by_label("Parameter 1, key").fill("--memory=")
    page.get_by_label("Parameter 1, value").fill("3 GB")
    page.get_by_role("button", name="Dry run").click()
    shown = page.get_by_role("region", name=re.compile("^Dry run"))
    expect(shown).to_contain_text("--memory=3 GB")
    expect(page.get_by_label("Parameter 1, value")).to_have_value("3 GB")

    page.goto(f"/stages/{campaign.first_stage_id}")
    page.get_by_text("Hold its launches…").click()
    page.get_by_label("Reason").fill("new release first")
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.get_by_text("new release first").first).to_be_visible()
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_text("The launch waits")).to_be_visible()
    page.get_by_role("link", name="held launches").click()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Delete those ticked").click()
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    page.goto(f"/stages/{campaign.first_stage_id}")
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text("Launches are on hold")).to_have_count(0)


def test_forms_work_without_script_and_fit_a_narrow_screen(
    browser: Browser, server: DemoServer, campaign: Defined
) -> None:
    context = browser.new_context(
        base_url=server.url, viewport={"width": 400, "height": 800}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("User").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    for address in ("edit", "launch", "split", "schedule", ""):
        page.goto(f"/stages/{campaign.first_stage_id}/{address}".rstrip("/"))
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, address
    page.goto(f"/campaigns/{campaign.campaign_id}/clone")
    page.get_by_label("Name of the copy").fill("copied without script")
    page.get_by_role("button", name="Clone it").click()
    expect(page.get_by_role("heading", name="copied without script")).to_be_visible()
    context.close()

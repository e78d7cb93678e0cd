"""Typing a query: words are offered, and the query is looked at before it is sent."""

from __future__ import annotations

from demo.campaign import Defined
from playwright.sync_api import Page, expect


def test_offered_words_are_taken_with_the_keyboard(signed_in: Page, campaign: Defined) -> None:
    assert campaign.campaign_id
    page = signed_in
    page.goto("/search")
    box = page.locator("#q")
    box.press_sequentially("files from de")
    expect(page.get_by_role("option", name="demo:")).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("files from demo:")
    box.press("Escape")
    box.press_sequentially("x wehre")
    expect(page.locator("#check")).to_contain_text("Did you mean 'where'?")

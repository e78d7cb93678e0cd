"""Signing in and out, and what a session opens."""

from __future__ import annotations

import pytest
from tests.doors.pages.browser import Browser, ServicesUnderTest, make_app
from tests.integration.campaigns.scene import Scene

from sutler import auth
from sutler.pages.session import SESSION_COOKIE, choose_next


async def test_page_leads_to_the_sign_in_form_and_from_there_back(browser: Browser, scene: Scene) -> None:
    reply = await browser.get("search?q=files from nova:raw")
    assert reply.status_code == 303
    assert reply.headers["location"] == "/sign-in?next=%2Fsearch%3Fq%3Dfiles%2520from%2520nova%3Araw"
    form = await browser.get(reply.headers["location"].lstrip("/"))
    assert form.status_code == 200
    reply = await browser.sign_in("pia", next_path="/search?q=files%20from%20nova:raw")
    assert reply.headers["location"] == "/search?q=files%20from%20nova:raw"
    assert "10 files" in (await browser.get(reply.headers["location"].lstrip("/"))).text


async def test_wrong_password_shows_the_form_again_and_begins_no_session(browser: Browser) -> None:
    reply = await browser.sign_in("pia", "wrong horse")
    assert reply.status_code == 401
    assert "The user name or the password is wrong." in reply.text
    assert 'value="pia"' in reply.text
    assert SESSION_COOKIE not in browser.client.cookies
    assert (await browser.get("")).status_code == 303


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    services: ServicesUnderTest, scheme: str
) -> None:
    reply = await Browser(make_app(services), scheme=scheme).sign_in("pia")
    cookie = next(text for text in reply.headers.get_list("set-cookie") if text.startswith(SESSION_COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert ("Secure" in cookie) is (scheme == "https")
    assert "Max-Age=604800" in cookie


@pytest.mark.parametrize(
    "wish",
    [
        "//evil.test/",
        "https://evil.test/",
        "/\\evil.test",
        "evil",
        "",
        "/%0a\n",
        "javascript:alert(1)",
        "/\t/evil.test",
    ],
)
async def test_signing_in_never_leads_to_another_site(browser: Browser, wish: str) -> None:
    assert (await browser.sign_in("pia", next_path=wish)).headers["location"] == "/"


def test_next_page_lies_below_the_path_of_the_installation() -> None:
    assert choose_next("/sutler/stages/3?x=1", "/sutler") == "/sutler/stages/3?x=1"
    assert choose_next("/other", "/sutler") == "/sutler/"


async def test_whoever_is_signed_in_is_led_past_the_form(producer: Browser) -> None:
    reply = await producer.get("sign-in?next=/search")
    assert (reply.status_code, reply.headers["location"]) == (303, "/search")


async def test_signing_out_ends_the_session_on_the_server_too(producer: Browser) -> None:
    kept = producer.client.cookies[SESSION_COOKIE]
    reply = await producer.post("sign-out", await producer.get(""))
    assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in")
    assert SESSION_COOKIE not in producer.client.cookies
    producer.client.cookies.set(SESSION_COOKIE, kept)
    assert (await producer.get("")).status_code == 303


async def test_spoilt_cookie_does_not_keep_anybody_from_signing_in(browser: Browser) -> None:
    browser.client.cookies.set(SESSION_COOKIE, "spoilt", domain="sutler.test", path="/")
    assert (await browser.get("")).status_code == 303
    assert (await browser.sign_in("pia")).status_code == 303
    assert (await browser.get("")).status_code == 200


async def test_token_for_scripts_opens_no_page(browser: Browser, scene: Scene) -> None:
    token = await auth.create_token(scene.db, scene.launcher.signer, scene.producer, label="script")
    browser.client.cookies.set(SESSION_COOKIE, token.text)
    assert (await browser.get("")).status_code == 303


async def test_part_of_a_page_makes_the_browser_load_the_page_when_the_session_is_over(browser: Browser) -> None:
    reply = await browser.get("submissions/1/progress", **{"HX-Request": "true"})
    assert (reply.status_code, reply.headers["hx-refresh"]) == (401, "true")


async def test_pages_work_below_a_path_prefix(services: ServicesUnderTest) -> None:
    browser = Browser(make_app(services), root="/sutler")
    reply = await browser.sign_in("pia")
    assert reply.headers["location"] == "/sutler/"
    page = await browser.get("")
    assert page.status_code == 200
    assert 'href="/sutler/search"' in page.text
    assert "Path=/sutler" in reply.headers["set-cookie"]

"""The page of an experiment: superusers set its services and try them, members look."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.doors.pages.browser import Browser, ServicesUnderTest, make_app
from tests.integration.campaigns.scene import Scene
from tests.integration.replicas.rucio_stand_in import RucioStandIn

from sutler import auth
from sutler.auth import SYSTEM, CredentialSide, Role

SECRET = "open sesame"
PAGE = "experiments/nova"


@pytest.fixture
async def superuser(browser: Browser, scene: Scene) -> Browser:
    """A browser in which a superuser of `nova` is signed in."""
    await auth.create_user(scene.db, SYSTEM, username="sue", password="correct horse")
    await auth.set_member(scene.db, SYSTEM, experiment="nova", username="sue", role=Role.SUPERUSER)
    assert (await browser.sign_in("sue")).status_code == 303
    return browser


@pytest.fixture
async def rucio() -> AsyncIterator[RucioStandIn]:
    """A Rucio that knows `mia` as the account `dunepro`."""
    stand_in = RucioStandIn(passwords={("dunepro", "mia"): SECRET}, scopes={"dunepro": ["<b>dune</b>"]})
    async with stand_in.serve():
        yield stand_in


async def set_rucio(superuser: Browser, url: str) -> None:
    page = await superuser.get(PAGE)
    fields = {"server_url": url, "account": "dunepro", "timeout": "9 s"}
    reply = await superuser.post(f"{PAGE}/services/rucio", page, **fields)
    assert (reply.status_code, reply.headers["location"]) == (303, "/experiments/nova")


async def set_password(superuser: Browser, **fields: str) -> None:
    page = await superuser.get(PAGE)
    given = {"side": "any", "method": "password", "username": "mia", "secret": SECRET} | fields
    reply = await superuser.post(f"{PAGE}/services/rucio/credentials", page, **given)
    assert (reply.status_code, reply.headers["location"]) == (303, "/experiments/nova")


async def test_the_page_is_linked_from_the_head_of_every_page_and_for_administrators_from_storage(
    services: ServicesUnderTest, superuser: Browser, scene: Scene
) -> None:
    assert 'href="/experiments/nova"' in (await superuser.get("projects")).text
    await auth.create_user(scene.db, SYSTEM, username="ada", password="correct horse", is_admin=True)
    administrator = Browser(make_app(services))
    await administrator.sign_in("ada")
    assert 'href="/experiments/nova"' not in (await administrator.get("projects")).text
    assert 'href="/experiments/nova"' in (await administrator.get("rses?experiment=nova")).text
    assert "Check now" in (await administrator.get(PAGE)).text


async def test_a_service_is_set_checked_and_removed(superuser: Browser, scene: Scene, rucio: RucioStandIn) -> None:
    assert "Not used" in (await superuser.get(PAGE)).text
    await set_rucio(superuser, rucio.url)
    await set_password(superuser)
    page = await superuser.get(PAGE)
    assert rucio.url in page.text
    assert "all work that has no credential of its own" in page.text
    checked = await superuser.post(f"{PAGE}/check", page)
    assert checked.status_code == 200
    assert "It acts as dunepro, whose status is ACTIVE." in checked.text
    assert "&lt;b&gt;dune&lt;/b&gt;" in checked.text
    assert 'class="chip chip-fine"' in checked.text
    reply = await superuser.post(f"{PAGE}/services/rucio/credentials/any/remove", page)
    assert reply.status_code == 303
    broken = await superuser.post(f"{PAGE}/check", page)
    assert 'class="chip chip-broken"' in broken.text
    assert (await superuser.post(f"{PAGE}/services/rucio/remove", page)).status_code == 303
    assert (await auth.list_services(scene.db, SYSTEM, experiment="nova")).services == ()
    assert "Nothing to check" in (await superuser.post(f"{PAGE}/check", page)).text


async def test_a_password_is_on_no_page_not_even_after_a_mistake(superuser: Browser, rucio: RucioStandIn) -> None:
    await set_rucio(superuser, rucio.url)
    page = await superuser.get(PAGE)
    fields = {"side": "any", "method": "password", "username": "two words", "secret": SECRET}
    wrong = await superuser.post(f"{PAGE}/services/rucio/credentials", page, **fields)
    assert wrong.status_code == 422
    assert "may not contain blanks" in wrong.text
    await set_password(superuser, secret="quite wrong")
    checked = await superuser.post(f"{PAGE}/check", page)
    assert "was refused" in checked.text
    for reply in (wrong, checked, await superuser.get(PAGE)):
        assert SECRET not in reply.text
        assert "quite wrong" not in reply.text


async def test_what_is_wrong_with_a_service_is_shown_with_what_was_typed(superuser: Browser, scene: Scene) -> None:
    page = await superuser.get(PAGE)
    fields = {"server_url": "ftp://<b>", "auth_url": "https://mia@x", "timeout": "60 s"}
    reply = await superuser.post(f"{PAGE}/services/metacat", page, **fields)
    assert reply.status_code == 422
    assert "must begin with http:// or https://" in reply.text
    assert "may not contain a user name or password" in reply.text
    assert 'value="ftp://&lt;b&gt;"' in reply.text
    for timeout in ("soon", " ", "2 h"):
        sent = {"server_url": "https://meta.example", "timeout": timeout}
        assert (await superuser.post(f"{PAGE}/services/metacat", page, **sent)).status_code == 422, timeout
    assert (await auth.list_services(scene.db, SYSTEM, experiment="nova")).services == ()


async def test_a_usual_sign_in_address_moves_with_the_server(superuser: Browser, scene: Scene) -> None:
    page = await superuser.get(PAGE)
    await superuser.post(f"{PAGE}/services/metacat", page, server_url="https://meta.example", timeout="2 min")
    shown = await superuser.get(PAGE)
    assert "<code>https://meta.example/auth</code>" in shown.text
    assert 'name="auth_url" value=""' in shown.text
    assert 'name="timeout" value="2 min"' in shown.text
    await superuser.post(f"{PAGE}/services/metacat", page, server_url="https://other.example", timeout="2 min")
    (service,) = (await auth.list_services(scene.db, SYSTEM, experiment="nova")).services
    assert service.auth_url == "https://other.example/auth"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("services/samweb", 404),
        ("services/samweb/remove", 404),
        ("services/rucio/remove", 404),
        ("services/samweb/credentials", 404),
        ("services/rucio/credentials", 404),
        ("services/rucio/credentials/any/remove", 404),
        ("services/rucio/credentials/nobody/remove", 404),
    ],
)
async def test_what_is_not_there_is_not_found(superuser: Browser, path: str, status: int) -> None:
    page = await superuser.get(PAGE)
    reply = await superuser.post(f"{PAGE}/{path}", page, username="mia", secret=SECRET, server_url="https://x")
    assert reply.status_code == status
    assert SECRET not in reply.text


@pytest.mark.parametrize("fields", [{"side": "left"}, {"method": "guess"}, {"username": ""}, {"secret": ""}])
async def test_a_credential_that_cannot_be_used_is_refused(
    superuser: Browser, scene: Scene, rucio: RucioStandIn, fields: dict[str, str]
) -> None:
    await set_rucio(superuser, rucio.url)
    given = {"side": "any", "method": "password", "username": "mia", "secret": SECRET} | fields
    reply = await superuser.post(f"{PAGE}/services/rucio/credentials", await superuser.get(PAGE), **given)
    assert reply.status_code == 422
    assert (await auth.list_services(scene.db, SYSTEM, experiment="nova")).credentials == ()


async def test_members_look_and_may_change_nothing(
    services: ServicesUnderTest, superuser: Browser, scene: Scene, rucio: RucioStandIn
) -> None:
    await set_rucio(superuser, rucio.url)
    await set_password(superuser, side=CredentialSide.PRODUCTION.value, username="robot")
    member = Browser(make_app(services))
    await member.sign_in("pia")
    page = await member.get(PAGE)
    assert rucio.url in page.text
    assert "robot" not in page.text
    assert "Check now" not in page.text
    assert "it takes the role superuser" in page.text
    for path in (
        "check",
        "services/rucio",
        "services/rucio/remove",
        "services/rucio/credentials",
        "services/rucio/credentials/production/remove",
    ):
        reply = await member.post(
            f"{PAGE}/{path}", page, server_url="https://evil.example", username="pia", secret=SECRET
        )
        assert reply.status_code == 403, path
    (service,) = (await auth.list_services(scene.db, SYSTEM, experiment="nova")).services
    assert service.server_url == rucio.url


async def test_a_form_without_its_token_changes_nothing(superuser: Browser, scene: Scene, rucio: RucioStandIn) -> None:
    await set_rucio(superuser, rucio.url)
    asked = len(rucio.asked)
    for path in ("check", "services/metacat", "services/rucio/remove", "services/rucio/credentials"):
        reply = await superuser.post(f"{PAGE}/{path}", server_url="https://x", username="mia", secret=SECRET)
        assert reply.status_code == 403, path
    assert len(rucio.asked) == asked
    assert len((await auth.list_services(scene.db, SYSTEM, experiment="nova")).services) == 1


async def test_an_experiment_that_one_is_not_in_is_not_found(superuser: Browser, scene: Scene) -> None:
    await auth.create_experiment(scene.db, SYSTEM, name="mu2e")
    assert (await superuser.get("experiments/mu2e")).status_code == 404
    assert (await superuser.get("experiments/nowhere")).status_code == 404

"""Storage elements are looked at by members and changed by those who may."""

from __future__ import annotations

import pytest
from tests.doors.pages.browser import Browser, ServicesUnderTest, make_app
from tests.integration.campaigns.scene import Scene

from sutler import replicas
from sutler.base.did import Did
from sutler.replicas import Rse, RseNotFoundError


async def _get(scene: Scene, name: str = "DISK") -> Rse:
    return await replicas.get_rse(scene.db, scene.producer, experiment="nova", name=name)


async def test_list_shows_what_is_down_disabled_or_on_tape(producer: Browser, scene: Scene) -> None:
    await replicas.create_rse(scene.db, scene.producer, experiment="nova", name="TAPE", is_tape=True, preference=9)
    await replicas.update_rse(
        scene.db, scene.producer, experiment="nova", name="TAPE", is_available=False, description="<b>"
    )
    text = (await producer.get("rses")).text
    assert text.index(">DISK<") < text.index(">TAPE<")
    assert "down" in text
    assert "&lt;b&gt;" in text
    assert "It is down" in (await producer.get("rses/nova/TAPE")).text
    await replicas.update_rse(scene.db, scene.producer, experiment="nova", name="TAPE", is_enabled=False)
    assert "does not use it" in (await producer.get("rses/nova/TAPE")).text


async def test_storage_element_is_changed_by_its_form(producer: Browser, scene: Scene) -> None:
    form = await producer.get("rses/nova/DISK")
    assert 'name="is_enabled" value="yes" checked' in form.text
    reply = await producer.post(
        "rses/nova/DISK", form, is_enabled="yes", preference="-3", url_prefix="root://x//y", description="Pools"
    )
    assert (reply.status_code, reply.headers["location"]) == (303, "/rses/nova/DISK")
    rse = await _get(scene)
    assert (rse.is_enabled, rse.is_available, rse.is_tape) == (True, False, False)
    assert (rse.preference, rse.url_prefix, rse.description) == (-3, "root://x//y", "Pools")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"preference": "near"}, "is no whole number"),
        ({"preference": "9" * 12}, "is no whole number"),
        ({"url_prefix": "two words"}, "must not hold blanks"),
        ({"description": "a\0b"}, "must not hold the character"),
        ({"pin_url": "x" * 1001}, "must have at most 1000 characters"),
    ],
)
async def test_unusable_fields_are_named_and_nothing_is_stored(
    producer: Browser, scene: Scene, fields: dict[str, str], sentence: str
) -> None:
    before = await _get(scene)
    reply = await producer.post("rses/nova/DISK", await producer.get("rses/nova/DISK"), **fields)
    assert reply.status_code == 422
    assert sentence in reply.text
    assert await _get(scene) == before


async def test_new_storage_element_is_made_once(producer: Browser, scene: Scene) -> None:
    form = await producer.get("rses/nova")
    reply = await producer.post("rses/nova", form, name=" NEW.1 ", is_tape="yes", preference="4")
    assert reply.headers["location"] == "/rses/nova/NEW.1"
    made = await _get(scene, "NEW.1")
    assert (made.is_enabled, made.is_tape, made.preference) == (True, True, 4)
    again = await producer.post("rses/nova", form, name="NEW.1")
    assert again.status_code == 422
    assert "has a storage element NEW.1 already" in again.text
    for name in ("", "a b", "x" * 65, "<b>", "a\0"):
        assert (await producer.post("rses/nova", form, name=name)).status_code == 422, name


async def test_storage_element_with_replicas_is_not_deleted_and_one_without_is(producer: Browser, scene: Scene) -> None:
    question = await producer.get("rses/nova/DISK/delete")
    assert (await producer.post("rses/nova/DISK/delete", question)).status_code == 409
    await replicas.create_rse(scene.db, scene.producer, experiment="nova", name="EMPTY")
    reply = await producer.post("rses/nova/EMPTY/delete", await producer.get("rses/nova/EMPTY/delete"))
    assert reply.headers["location"] == "/rses?experiment=nova"
    with pytest.raises(RseNotFoundError):
        await _get(scene, "EMPTY")


async def test_those_who_may_not_see_facts_but_change_nothing(services: ServicesUnderTest, scene: Scene) -> None:
    browser = Browser(make_app(services))
    await browser.sign_in("ann")
    before = await _get(scene)
    page = await browser.get("rses/nova/DISK")
    assert page.status_code == 200
    assert "<textarea" not in page.text
    assert 'name="preference"' not in page.text
    assert "it takes the role production" in page.text
    assert (await browser.get("rses/nova")).status_code == 403
    assert (await browser.get("rses/nova/DISK/delete")).status_code == 403
    for path in ("rses/nova", "rses/nova/DISK", "rses/nova/DISK/delete"):
        assert (await browser.post(path, page, name="X", preference="7")).status_code == 403, path
    assert await _get(scene) == before


@pytest.mark.parametrize(
    "address",
    [
        "rses?experiment=nowhere",
        "rses/nowhere",
        "rses/nowhere/DISK",
        "rses/nova/NONE",
        "rses/nova/%00",
        "rses/nova/a%20b",
    ],
)
async def test_what_is_not_there_is_a_page_too(producer: Browser, address: str) -> None:
    assert (await producer.get(address)).status_code == 404


async def test_changing_what_is_not_there_is_refused(producer: Browser) -> None:
    page = await producer.get("rses/nova/DISK")
    for path in ("rses/nowhere", "rses/nowhere/DISK", "rses/nova/NONE", "rses/nova/NONE/delete", "rses/nova/%00"):
        assert (await producer.post(path, page, name="X")).status_code == 404, path


async def test_stranger_is_led_to_the_sign_in_page(browser: Browser) -> None:
    for path in ("rses", "rses/nova", "rses/nova/DISK", "rses/nova/DISK/delete", "proximity/nova"):
        assert (await browser.get(path)).headers["location"].startswith("/sign-in?next="), path
    sign_in = await browser.get("sign-in")
    for path in ("rses/nova", "rses/nova/DISK", "rses/nova/DISK/delete"):
        assert (await browser.post(path, sign_in)).headers["location"] == "/sign-in", path


async def test_a_storage_element_tells_how_many_replicas_it_holds(producer: Browser, scene: Scene) -> None:
    await replicas.create_rse(scene.db, scene.producer, experiment="nova", name="NEW")
    assert "<b>0 replicas</b>" in (await producer.get("rses/nova/NEW")).text
    copies = [replicas.NewReplica(Did("nova", f"copied{number}"), "NEW", f"root://x/{number}") for number in range(3)]
    await replicas.add_replicas(scene.db, scene.producer, experiment="nova", replicas=copies)
    assert "<b>3 replicas</b>" in (await producer.get("rses/nova/NEW")).text
    bounded = await replicas.count_replicas(scene.db, scene.producer, experiment="nova", name="NEW", at_most=2)
    assert bounded == 2

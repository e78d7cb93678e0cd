"""Searching the catalogue that an experiment has at a MetaCat server, and its files there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from tests.contract.metacat.bed import SECRET
from tests.contract.metacat.metacat_stand_in import Fault, MetacatStandIn
from tests.doors.pages.browser import Browser, ServicesUnderTest
from tests.integration.campaigns.scene import Scene

from sutler import auth
from sutler.auth import SYSTEM, CredentialMethod, CredentialSide, NewCredential, NewService, ServiceKind

OUT = "files from prod:out"
THERE = {"experiment": "nova"}


@pytest.fixture
async def metacat(scene: Scene, services: ServicesUnderTest) -> AsyncIterator[MetacatStandIn]:
    """The server that `nova` uses, with three files; it answers nobody without a token."""
    clock = scene.db.clock
    stand_in = MetacatStandIn(passwords={"pro": SECRET}, is_closed=True, now=lambda: clock.now().timestamp())
    stand_in.put_files("prod:out", "a", "b", "c")
    stand_in.files["fid-b"] |= {
        "creator": "pro",
        "checksums": {"adler32": "0a0b0c0d"},
        "metadata": {"core.run": 7, "core.type": "<b>"},
        "parents": [{"fid": "fid-a"}],
    }
    stand_in.files["fid-c"]["parents"] = [{"fid": "fid-b"}]
    async with stand_in.serve():
        service = NewService(ServiceKind.METACAT, stand_in.url, timeout_for=timedelta(seconds=1))
        await auth.set_service(scene.db, SYSTEM, experiment="nova", service=service)
        credential = NewCredential(ServiceKind.METACAT, CredentialSide.ANY, CredentialMethod.PASSWORD, "pro", SECRET)
        await auth.set_credential(scene.db, SYSTEM, services.sealer, experiment="nova", credential=credential)
        yield stand_in


def _search(query: str = OUT, **fields: str) -> str:
    return str(httpx.URL("search", params={"q": query, **THERE, **fields}))


def _names(reply: httpx.Response) -> list[str]:
    return re.findall(r'href="/files/prod/([^"?]+)\?experiment=nova"', reply.text)


def _find_problem(reply: httpx.Response) -> str:
    found = re.search(r'id="problem"><p>(.*?)</p>', reply.text)
    assert found is not None
    return found[1]


async def test_the_catalogue_is_chosen_where_there_is_another_one(producer: Browser, metacat: MetacatStandIn) -> None:
    page = await producer.get("search")
    assert '<option value="">built in</option><option value="nova">of nova</option>' in page.text
    assert 'id="place"' not in page.text
    chosen = await producer.get("search?experiment=nova")
    assert '<option value="nova" selected>' in chosen.text
    assert f"are looked up at {metacat.url}." in chosen.text
    assert metacat.calls == []


async def test_without_another_one_nothing_is_to_be_chosen(producer: Browser) -> None:
    assert 'id="experiment"' not in (await producer.get("search")).text
    reply = await producer.get("search?q=files from nova:raw&experiment=nova")
    assert ">10 files<" in reply.text
    assert "experiment=nova" not in reply.text


async def test_a_query_is_answered_there(producer: Browser, metacat: MetacatStandIn) -> None:
    reply = await producer.get(_search(columns="core.run"))
    assert reply.status_code == 200
    assert ">3 files<" in reply.text
    assert _names(reply) == ["a", "b", "c"]
    assert '<td class="small cell number">7</td>' in reply.text
    for absent in ("/search/export", "/search/save", "sort=", "How it will be done", 'name="retired"'):
        assert absent not in reply.text


async def test_without_the_choice_the_built_in_catalogue_is_asked(producer: Browser, metacat: MetacatStandIn) -> None:
    reply = await producer.get("search?q=files from nova:raw")
    assert ">10 files<" in reply.text
    assert "/search/export" in reply.text
    assert 'href="/files/nova/f01.root"' in reply.text
    assert metacat.calls == []


async def test_pages_are_turned_there(producer: Browser, metacat: MetacatStandIn) -> None:
    metacat.put_files("prod:many", *(f"m{number:03d}" for number in range(250)))
    address, pages = _search("files from prod:many", columns="core.run"), []
    while address:
        reply = await producer.get(address)
        assert ">250 files<" in reply.text
        pages.append(_names(reply))
        following = re.search(r'id="found-next" href="/([^"]+)"', reply.text)
        address = following[1].replace("&amp;", "&") if following else ""
        assert not address or "columns=core.run&after=" in address
    assert [len(page) for page in pages] == [100, 100, 50]
    assert [name for page in pages for name in page] == [f"m{number:03d}" for number in range(250)]
    assert 'id="found-first" href="/search?q=files+from+prod%3Amany&amp;columns=core.run&amp;experiment=nova"' in (
        reply.text
    )


async def test_nothing_is_asked_there_while_a_query_is_typed(producer: Browser, metacat: MetacatStandIn) -> None:
    reply = await producer.get(_search().replace("search?", "search/check?"))
    assert (reply.status_code, reply.text.strip()) == (200, "")
    assert metacat.calls == []


@pytest.mark.parametrize("query", ["nonsense", "files from prod:out) - (files", "datasets matching prod:*"])
async def test_what_is_no_query_for_files_is_not_sent(producer: Browser, metacat: MetacatStandIn, query: str) -> None:
    reply = await producer.get(_search(query))
    assert reply.status_code == 422
    assert _find_problem(reply)
    assert metacat.calls == []


async def test_a_place_that_is_no_number_is_a_problem(producer: Browser, metacat: MetacatStandIn) -> None:
    reply = await producer.get(_search(after="fid-a"))
    assert (reply.status_code, "whole number" in _find_problem(reply)) == (422, True)


async def test_trouble_there_stands_where_problems_stand(
    producer: Browser, scene: Scene, metacat: MetacatStandIn
) -> None:
    refused = await producer.get(_search("files where a.b = 1"))
    assert (refused.status_code, f"{metacat.url}/data/query answered: 400" in _find_problem(refused)) == (502, True)
    assert f"are looked up at {metacat.url}." in refused.text
    metacat.faults.append(Fault("query", "drop", times=100))
    unreachable = await producer.get(_search())
    assert (unreachable.status_code, "Tried" in _find_problem(unreachable)) == (502, True)
    metacat.faults.clear()
    await auth.remove_credential(scene.db, SYSTEM, experiment="nova", kind=ServiceKind.METACAT, side=CredentialSide.ANY)
    missing = await producer.get(_search())
    assert (missing.status_code, "has set no credential there" in _find_problem(missing)) == (502, True)
    assert _names(missing) == []


async def test_the_catalogue_of_an_experiment_that_is_not_there_is_a_problem(producer: Browser) -> None:
    reply = await producer.get("search?q=files&experiment=none")
    assert (reply.status_code, "There is no experiment none" in _find_problem(reply)) == (422, True)


async def test_the_page_of_a_file_shows_what_is_known_there(producer: Browser, metacat: MetacatStandIn) -> None:
    for address in ("files/prod/b?experiment=nova", "files?fid=fid-b&experiment=nova"):
        reply = await producer.get(address)
        assert reply.status_code == 200
        for words in ("fid-b", "0a0b0c0d", "<b>pro</b>", "core.run", "&lt;b&gt;", "No project holds it", metacat.url):
            assert words in reply.text
        assert _names(reply) == ["a", "c"]
        assert 'href="/search?experiment=nova"' in reply.text
        assert "Provenance" not in reply.text


async def test_copies_and_uses_of_a_file_there_are_our_own(
    producer: Browser, scene: Scene, stages: list[int], metacat: MetacatStandIn
) -> None:
    submission_id = await scene.launch(stages[0])
    name = (await scene.list_names(submission_id))[0]
    metacat.put_files("nova:out", name)
    reply = await producer.get(f"files/nova/{name}?experiment=nova")
    assert f"file:///data/{name}" in reply.text
    assert f'href="/submissions/{submission_id}"' in reply.text.partition("Used by")[2]


async def test_a_file_that_is_unknown_there_is_not_found(producer: Browser, metacat: MetacatStandIn) -> None:
    assert (await producer.get("files/nova/f01.root?experiment=nova")).status_code == 404
    assert (await producer.get("files/nova/f01.root")).status_code == 200
    assert (await producer.get("files?fid=fid-none&experiment=nova")).status_code == 404
    metacat.faults.append(Fault("files", 400))
    assert (await producer.get("files/prod/b?experiment=nova")).status_code == 502

"""The map of distances: shown as a table, changed pair by pair, as text, or from another server; never by halves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from tests.doors.pages.browser import Browser, ServicesUnderTest, find_field, make_app
from tests.integration.campaigns.scene import Scene

from sutler import replicas
from sutler.base.errors import InvalidInputError, UpstreamError
from sutler.pages import resources
from sutler.pages.matrix import lay_over, make_matrix, write_map
from sutler.pages.resources import is_public, read_resource
from sutler.replicas import Proximity

MAP = "FNAL,DISK,0\nFNAL,OLD,-1\nDEFAULT,DEFAULT,100\n"
ADDRESS = "proximity/nova"


@pytest.fixture
async def page(producer: Browser, scene: Scene) -> Browser:
    """The producer before a map of three pairs."""
    await replicas.set_proximity(scene.db, scene.producer, experiment="nova", text=MAP)
    return producer


async def _read(scene: Scene) -> set[tuple[str, str, int]]:
    entries = await replicas.list_proximity(scene.db, scene.producer, experiment="nova")
    return {(entry.site, entry.rse, entry.distance) for entry in entries}


async def test_table_tells_known_unknown_and_forbidden_pairs_apart(page: Browser) -> None:
    text = (await page.get(ADDRESS)).text
    assert 'title="FNAL, DISK: distance 0."' in text
    assert 'title="FNAL, OLD: never."' in text
    assert 'title="DEFAULT, DISK: Not in the map. By DEFAULT: distance 100."' in text
    assert 'title="FNAL, DEFAULT: Not in the map: behind every storage element with a known distance."' in text
    assert 'title="The experiment has no storage element of that name"' in text
    assert '<span class="unknown">\N{EN DASH}</span>' in text


async def test_empty_map_is_a_page_too(producer: Browser) -> None:
    text = (await producer.get(ADDRESS)).text
    assert '<b class="num">0</b> pairs' in text
    assert '<th scope="row">DEFAULT</th>' in text


async def test_one_pair_is_chosen_changed_added_and_taken_out(page: Browser, scene: Scene) -> None:
    form = await page.get(f"{ADDRESS}?site=FNAL&rse=DISK")
    assert 'name="distance" value="0"' in form.text
    mark = find_field(form, "mark")
    reply = await page.post(f"{ADDRESS}/pair", form, site="FNAL", rse="DISK", distance="-7", mark=mark)
    assert reply.headers["location"] == f"/{ADDRESS}"
    await page.post(f"{ADDRESS}/pair", form, site=" CERN ", rse="DISK", distance="+5")
    assert await _read(scene) == {
        ("FNAL", "DISK", -7),
        ("FNAL", "OLD", -1),
        ("DEFAULT", "DEFAULT", 100),
        ("CERN", "DISK", 5),
    }
    await page.post(f"{ADDRESS}/pair", form, site="FNAL", rse="OLD", remove="yes")
    assert ("FNAL", "OLD", -1) not in await _read(scene)


async def test_form_of_an_older_map_changes_nothing(page: Browser, scene: Scene) -> None:
    form = await page.get(ADDRESS)
    mark = find_field(form, "mark")
    await replicas.set_proximity(scene.db, scene.producer, experiment="nova", text="A,B,1")
    for path, fields in (("pair", {"site": "A", "rse": "C", "distance": "1"}), ("text", {"text": "X,Y,1"})):
        reply = await page.post(f"{ADDRESS}/{path}", form, mark=mark, **fields)
        assert reply.status_code == 409
        assert "changed the map meanwhile" in reply.text
    assert await _read(scene) == {("A", "B", 1)}


@pytest.mark.parametrize(
    "fields",
    [
        {"site": "A", "rse": "B", "distance": "far"},
        {"site": "A", "rse": "B", "distance": ""},
        {"site": "A", "rse": "B", "distance": "9" * 10},
        {"site": "", "rse": "B", "distance": "1"},
        {"site": "A,B", "rse": "C", "distance": "1"},
        {"site": "A\nX,Y", "rse": "C", "distance": "1"},
        {"site": "#A", "rse": "C", "distance": "1"},
        {"site": "A\0", "rse": "C", "distance": "1"},
        {"site": "x" * 2000, "rse": "C", "distance": "1"},
    ],
)
async def test_unusable_pair_is_refused_and_the_map_stays(page: Browser, scene: Scene, fields: dict[str, str]) -> None:
    before = await _read(scene)
    reply = await page.post(f"{ADDRESS}/pair", await page.get(ADDRESS), **fields)
    assert reply.status_code == 422
    assert "The map was not changed:" in reply.text
    assert await _read(scene) == before


async def test_text_replaces_the_map_or_is_laid_over_it(page: Browser, scene: Scene) -> None:
    form = await page.get(ADDRESS)
    assert (
        await page.post(f"{ADDRESS}/text", form, text="# new\r\n\r\nFNAL , DISK, 3\r\nX,Y,-1", keep="yes")
    ).status_code == 303
    assert await _read(scene) == {("FNAL", "DISK", 3), ("X", "Y", -1), ("FNAL", "OLD", -1), ("DEFAULT", "DEFAULT", 100)}
    await page.post(f"{ADDRESS}/text", form, text="X,Y,2")
    assert await _read(scene) == {("X", "Y", 2)}


async def test_wrong_lines_are_named_by_number_and_nothing_is_half_stored(page: Browser, scene: Scene) -> None:
    before = await _read(scene)
    for keep in ("", "yes"):
        text = "A,B,1\nnonsense\n<b>,C,x\n"
        reply = await page.post(f"{ADDRESS}/text", await page.get(ADDRESS), text=text, keep=keep)
        assert reply.status_code == 422
        assert re.findall(r"<li><b>(line \d)</b>", reply.text) == ["line 2", "line 3"]
        assert "A,B,1\nnonsense\n&lt;b&gt;,C,x" in reply.text
        assert await _read(scene) == before


async def test_long_text_is_taken_and_a_too_long_one_is_not(page: Browser, scene: Scene) -> None:
    form = await page.get(ADDRESS)
    text = "\n".join(f"site{number:06d},DISK,{number}" for number in range(10_000))
    assert (await page.post(f"{ADDRESS}/text", form, text=text)).status_code == 303
    assert len(await _read(scene)) == 10_000
    assert (await page.post(f"{ADDRESS}/text", form, text="x" * 340_001)).status_code == 422
    assert (await page.post(f"{ADDRESS}/text", form, text="x" * 4_000_000)).status_code == 413
    assert len(await _read(scene)) == 10_000


async def test_text_of_the_length_that_the_form_promises_is_taken_whatever_is_in_it(page: Browser) -> None:
    form = await page.get(ADDRESS)
    longest = int(re.findall(r"at most ([\d,]+) bytes", form.text)[0].replace(",", ""))
    for text in ("," * longest, "\N{SNOWMAN}" * (longest // 3)):
        reply = await page.post(f"{ADDRESS}/text", form, text=text)
        assert (reply.status_code, "is not site,rse,number" in reply.text) == (422, True)
    assert (
        f"The text has more than {longest:,} bytes."
        in (await page.post(f"{ADDRESS}/text", form, text="," * (longest + 1))).text
    )


async def test_map_that_is_too_large_for_a_table_is_shown_as_text(
    services: ServicesUnderTest, page: Browser, scene: Scene
) -> None:
    large = "".join(f"S{number},R{number},1\n" for number in range(150))
    await replicas.set_proximity(scene.db, scene.producer, experiment="nova", text=large)
    member = Browser(make_app(services))
    await member.sign_in("ann")
    for browser, is_editable in ((page, True), (member, False)):
        text = (await browser.get(ADDRESS)).text
        assert "The map is too large for a table; below it stands as text." in text
        assert "<td" not in text
        assert "S149,R149,1\n" in text
        assert (f'action="/{ADDRESS}/text"' in text) is is_editable
        assert ("readonly" in text) is not is_editable


async def test_members_see_the_map_and_only_some_may_change_it(
    services: ServicesUnderTest, page: Browser, scene: Scene
) -> None:
    before = await _read(scene)
    browser = Browser(make_app(services))
    await browser.sign_in("ann")
    shown = await browser.get(ADDRESS)
    assert "it takes the role production" in shown.text
    assert "<textarea" not in shown.text
    for path in ("pair", "text", "url"):
        fields = {"site": "A", "rse": "B", "distance": "1", "text": "A,B,1", "url": "https://example.org/"}
        assert (await browser.post(f"{ADDRESS}/{path}", shown, **fields)).status_code == 403
    refused = await page.post(f"{ADDRESS}/url", await page.get(ADDRESS), url="https://example.org/")
    assert refused.status_code == 403
    assert "it takes the role superuser" in refused.text
    assert await _read(scene) == before


async def test_map_of_an_experiment_that_is_not_there_is_refused(page: Browser) -> None:
    assert (await page.get("proximity/nowhere")).status_code == 404
    form = await page.get(ADDRESS)
    for path in ("pair", "text", "url"):
        assert (await page.post(f"proximity/nowhere/{path}", form, site="A", rse="B", distance="1")).status_code == 404


async def test_stranger_changes_nothing(browser: Browser) -> None:
    sign_in = await browser.get("sign-in")
    for path in ("pair", "text", "url"):
        assert (await browser.post(f"{ADDRESS}/{path}", sign_in, text="A,B,1")).headers["location"] == "/sign-in"


@pytest.fixture
async def boss(services: ServicesUnderTest) -> Browser:
    """A browser in which the administrator is signed in."""
    browser = Browser(make_app(services))
    await browser.sign_in("admin")
    return browser


@asynccontextmanager
async def _serve(answers: Mapping[str, bytes]) -> AsyncIterator[str]:
    """Answer paths on this machine with these bytes, whole replies; others never."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
        if path in answers:
            writer.write(answers[path])
            await writer.drain()
            writer.close()
        else:
            await reader.read()
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def _reply(text: bytes, head: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines of private networks may be asked, and are given little time."""
    monkeypatch.setattr(resources, "is_public", lambda _: True)
    monkeypatch.setattr(resources, "TIMEOUT_SECONDS", 0.5)


@pytest.mark.usefixtures("near")
async def test_lines_are_taken_from_another_server(boss: Browser, page: Browser, scene: Scene) -> None:
    async with _serve({"/map": _reply(b"FNAL,DISK,3\nX,Y,2\n"), "/go": _reply(b"", "302 F\r\nLocation: /map")}) as url:
        form = await boss.get(ADDRESS)
        reply = await boss.post(f"{ADDRESS}/url", form, url=f"{url}/go", keep="yes")
        assert reply.status_code == 303, reply.text
        assert await _read(scene) == {
            ("FNAL", "DISK", 3),
            ("X", "Y", 2),
            ("FNAL", "OLD", -1),
            ("DEFAULT", "DEFAULT", 100),
        }
        await boss.post(f"{ADDRESS}/url", form, url=f"{url}/map")
        assert await _read(scene) == {("FNAL", "DISK", 3), ("X", "Y", 2)}


@pytest.mark.usefixtures("near")
async def test_what_goes_wrong_at_the_other_server_is_said_and_the_map_stays(
    boss: Browser, page: Browser, scene: Scene
) -> None:
    answers = {
        "/gone": _reply(b"", "404 Not Found"),
        "/wrong": _reply(b"A,B,1\n<b>nonsense\n"),
        "/large": _reply(b"x" * 1_000_001),
        "/bytes": _reply(b"\xff\xfe"),
        "/loop": _reply(b"", "302 F\r\nLocation: /loop"),
        "/file": _reply(b"", "302 F\r\nLocation: file:///etc/passwd"),
        "/broken": _reply(b"", "302 F\r\nLocation: http://[x"),
        "/noise": b"noise\r\n\r\n",
    }
    sentences = {
        "/gone": (502, "404 Not Found"),
        "/wrong": (422, "<b>line 2</b>"),
        "/large": (502, "more than 1 MB"),
        "/bytes": (502, "something that is no text in UTF-8"),
        "/loop": (502, "more than 5 redirects"),
        "/file": (422, "is no address that begins with http:// or https://"),
        "/broken": (502, "a redirect to &#39;http://[x&#39;, which is no address"),
        "/noise": (502, "answered"),
        "/silent": (502, "nothing complete within 0.5 seconds"),
    }
    before = await _read(scene)
    form = await boss.get(ADDRESS)
    async with _serve(answers) as url:
        for path, (status, sentence) in sentences.items():
            reply = await boss.post(f"{ADDRESS}/url", form, url=url + path)
            assert (reply.status_code, sentence in reply.text) == (status, True), (path, reply.text)
            assert "<b>nonsense" not in reply.text
            assert f'value="{url}{path}"' in reply.text
    reply = await boss.post(f"{ADDRESS}/url", form, url=url + "/map")
    assert reply.status_code == 502
    assert await _read(scene) == before


@pytest.mark.parametrize(
    "url",
    ["", "ftp://example.org/x", "file:///etc/passwd", "//example.org", "http://", "http://[", "http://a b/", "http://x:99999/",
     "javascript:alert(1)", "http://no-such-host.invalid/", "https://\N{SNOWMAN}" + "x" * 80 + "/"],
)  # fmt: skip
async def test_address_that_nobody_can_ask_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError):
        await read_resource(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/"]
)
async def test_private_machines_are_not_asked(url: str) -> None:
    with pytest.raises(InvalidInputError, match="private network"):
        await read_resource(url)


async def test_redirect_to_a_private_machine_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _serve({"/": _reply(b"", "302 F\r\nLocation: http://127.0.0.2/")}) as url:
        monkeypatch.setattr(resources, "is_public", lambda address: address == "127.0.0.1")
        with pytest.raises(InvalidInputError, match=r"127\.0\.0\.2 is a machine of a private network"):
            await read_resource(url + "/")


async def test_addresses_of_a_host_are_tried_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _serve({"/": _reply(b"A,B,1")}) as url:
        port = int(url.rpartition(":")[2])
        loop = asyncio.get_running_loop()

        async def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
            assert host == "two.example"
            return [(0, 0, 0, "", (address, port)) for address in ("127.0.0.9", "127.0.0.1")]

        monkeypatch.setattr(loop, "getaddrinfo", look_up, raising=False)
        monkeypatch.setattr(resources, "is_public", lambda _: True)
        assert await read_resource(f"http://two.example:{port}/") == "A,B,1"


async def test_port_where_nobody_listens_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "is_public", lambda _: True)
    async with _serve({}) as url:
        pass
    with pytest.raises(UpstreamError, match=r"127\.0\.0\.1:\d+ answered"):
        await read_resource(url)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("172.16.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::7f00:1", False),
        ("64:ff9b:1:ffff::808:808", False),
        ("::7f00:1", False),
        ("::8.8.8.8", False),
        ("::ffff:0:127.0.0.1", False),
        ("::ffff:0:8.8.8.8", False),
        ("fec0::1", False),
        ("feff::1", False),
    ],
)
def test_public_addresses_are_told_from_others(address: str, expected: bool) -> None:
    assert is_public(address) is expected


def test_matrix_has_a_column_for_every_storage_element_and_default_comes_first() -> None:
    entries = [Proximity("B", "ONE", 1), Proximity("A", "DEFAULT", 7), Proximity("DEFAULT", "DEFAULT", 100)]
    matrix = make_matrix(entries, [])
    assert matrix is not None
    assert [column.name for column in matrix.columns] == ["DEFAULT", "ONE"]
    assert [row.site for row in matrix.rows] == ["DEFAULT", "A", "B"]
    by_site = {row.site: row.cells[1] for row in matrix.rows}
    assert (by_site["DEFAULT"].distance, by_site["DEFAULT"].inherited) == (None, 100)
    assert (by_site["A"].distance, by_site["A"].inherited) == (None, 7)
    assert (by_site["B"].distance, by_site["B"].inherited) == (1, None)


def test_matrix_has_twenty_thousand_cells_at_most() -> None:
    column = [Proximity(f"S{number}", "ONE", 1) for number in range(9_999)]
    matrix = make_matrix(column, [])
    assert matrix is not None
    assert sum(len(row.cells) for row in matrix.rows) == 20_000
    assert make_matrix([*column, Proximity("MORE", "ONE", 1)], []) is None


def test_lines_laid_over_a_map_come_first_so_that_their_numbers_stay() -> None:
    entries = [Proximity("A", "B", 1), Proximity("C", "D", 2)]
    assert lay_over("A , B, 5", entries) == "A , B, 5\nC,D,2\n"
    assert lay_over("A,B,5\nC,D,6", entries) == "A,B,5\nC,D,6"
    assert write_map(entries) == "A,B,1\nC,D,2\n"

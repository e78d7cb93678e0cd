"""The pages of the catalogue: asking, taking results along, files with their provenance, datasets."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import httpx
import pytest
from tests.doors.pages.browser import Browser, find_field
from tests.integration.campaigns.scene import Scene

from sutler import auth, catalog, dispatch
from sutler.auth import Role
from sutler.base.did import Did
from sutler.campaigns import NewStage, StageSettings, StageType
from sutler.catalog import NewFile

QUERY = "files from nova:raw"


async def _declare(scene: Scene, *files: NewFile, dataset: Did | None = None) -> None:
    await catalog.declare_files(scene.db, scene.producer, files=list(files), dataset=dataset)


async def _declare_many(scene: Scene, count: int) -> None:
    await catalog.create_dataset(scene.db, scene.producer, did=Did("nova", "many"))
    files = [NewFile("nova", f"m{n:03d}", n, metadata={"core.turn": (n * 7) % count}) for n in range(count)]
    await _declare(scene, *files, dataset=Did("nova", "many"))


def _names(reply: httpx.Response) -> list[str]:
    return re.findall(r'href="/files/nova/([^"]+)"', reply.text)


async def _turn_pages(browser: Browser, address: str) -> list[list[str]]:
    reply = await browser.get(address)
    pages = [_names(reply)]
    while following := re.search(r'id="(?:found|files)-next" href="/([^"#]+)', reply.text):
        reply = await browser.get(following[1].replace("&amp;", "&"))
        assert reply.status_code == 200
        pages.append(_names(reply))
    return pages


async def test_results_have_the_chosen_columns_and_keep_them_in_their_addresses(producer: Browser) -> None:
    reply = await producer.get(f"search?q={QUERY} where core.number > 7&columns=core.number,core.none")
    assert reply.status_code == 200
    assert ">2 files<" in reply.text
    assert '<td class="small cell number">8</td><td class="small cell"><span class="dim">\N{EN DASH}' in reply.text
    assert "columns=core.number%2Ccore.none&amp;sort=core.number" in reply.text


@pytest.mark.parametrize(("sort", "first"), [("core.turn", "m000"), ("-size", "m249"), ("-core.none", "")])
async def test_sorted_results_are_paged_without_a_gap(producer: Browser, scene: Scene, sort: str, first: str) -> None:
    await _declare_many(scene, 250)
    pages = await _turn_pages(producer, f"search?q=files from nova:many&sort={sort}")
    assert [len(page) for page in pages] == [100, 100, 50]
    assert not first or pages[0][0] == first
    assert len({name for page in pages for name in page}) == 250
    if sort == "core.turn":
        assert pages[0][1] == "m143"  # 143 * 7 is 1 more than four times 250


@pytest.mark.parametrize(
    "query",
    [
        "files from nova:many",
        "files from nova:many where core.turn >= 0 # all of them",
        "files from nova:many ordered limit 250",
        "filter stride(1, 0) (files from nova:many)",
    ],
)
async def test_unsorted_results_are_paged_by_the_last_file(producer: Browser, scene: Scene, query: str) -> None:
    await _declare_many(scene, 250)
    reply = await producer.get(str(httpx.URL("search", params={"q": query})))
    assert ">250 files<" in reply.text
    pages = await _turn_pages(producer, str(httpx.URL("search", params={"q": query})))
    assert [len(page) for page in pages] == [100, 100, 50]
    assert len({name for page in pages for name in page}) == 250


@pytest.mark.parametrize(
    ("address", "lengths"),
    [
        ("search?q=files from nova:many&sort=size", [100, 50]),
        ("search?q=filter stride(1, 0) (files from nova:many)", [100]),
    ],
)
async def test_too_many_files_are_not_sorted_and_the_page_says_so(
    producer: Browser, scene: Scene, monkeypatch: pytest.MonkeyPatch, address: str, lengths: list[int]
) -> None:
    monkeypatch.setattr("sutler.pages.search.LARGEST_SORTED", 120)
    await _declare_many(scene, 150)
    assert "There are too many files to" in (await producer.get(address)).text
    assert [len(page) for page in await _turn_pages(producer, address)] == lengths


async def test_query_that_only_makes_sense_in_brackets_of_the_page_is_refused(producer: Browser) -> None:
    reply = await producer.get(f"search?q={QUERY}) - (files&after=x")
    assert reply.status_code == 422
    assert re.search(r"\n +\^</pre>", reply.text)


async def test_names_without_a_namespace_are_of_the_default_one(producer: Browser) -> None:
    assert (await producer.get("search?q=files f01.root")).status_code == 422
    reply = await producer.get("search?q=files f01.root&namespace=nova")
    assert _names(reply) == ["f01.root"]


async def test_page_says_how_a_query_is_done(producer: Browser) -> None:
    reply = await producer.get(f"search?q={QUERY}")
    assert "How it will be done" in reply.text
    assert "catalog.files" in reply.text


async def test_datasets_and_saved_queries_are_found_too(producer: Browser, scene: Scene) -> None:
    await catalog.save_query(scene.db, scene.producer, namespace="nova", name="early", source=QUERY)
    datasets = await producer.get("search?q=datasets matching nova:r*")
    assert ">1 dataset<" in datasets.text
    assert 'href="/datasets/nova/raw"' in datasets.text
    assert ">1 saved query<" in (await producer.get("search?q=queries matching nova:*")).text


async def test_query_is_looked_at_while_it_is_typed(producer: Browser) -> None:
    good = await producer.get(f"search/check?q={QUERY}")
    assert '<b class="num">10</b> files' in good.text
    bad = await producer.get("search/check?q=files form nova:raw")
    assert bad.status_code == 200
    assert re.search(r"\n +\^</pre>", bad.text)
    assert (await producer.get("search/check?q=")).text.strip() == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("files from no", ["nova:"]),
        ("files from nova:r", ["nova:raw"]),
        ("files from nova:raw, no", ["nova:"]),
        ("files from nova:raw where core.", ["core.number"]),
        ("files from nova:raw where core.number > 1 and created_t", ["created_timestamp"]),
        ("files from nova:raw wh", ["where"]),
        ("files sel", ["selected by"]),
        ("dat", ["datasets matching"]),
        ("files from nova:raw where name = 'from no", []),
        ("files from nova:raw' where 'x", []),
        ("files from a:b:c", []),
        ("files from nova:raw where core.number > 1 \x00", []),
    ],
)
async def test_words_that_fit_are_offered(producer: Browser, text: str, words: list[str]) -> None:
    reply = await producer.get(str(httpx.URL("search/words", params={"text": text})))
    assert reply.status_code == 200
    assert [item["text"] for item in reply.json()["items"]] == words


async def test_others_are_offered_and_told_nothing(browser: Browser, scene: Scene) -> None:
    admin = await auth.get_principal_of(scene.db, user_id=await _find_user(scene, "admin"))
    await auth.create_experiment(scene.db, admin, name="other")
    await auth.create_user(scene.db, admin, username="eve", password="correct horse")
    await auth.set_member(scene.db, admin, experiment="other", username="eve", role=Role.SUPERUSER)
    await browser.sign_in("eve")
    for text in ("files from ", "files from nova:", "files from nova:raw where core"):
        reply = await browser.get(str(httpx.URL("search/words", params={"text": text})))
        assert reply.json()["items"] == []
    exported = await browser.get(f"search/export?q={QUERY}&format=json")
    assert exported.json() == []
    assert ">0</b> files" in (await browser.get(f"search/check?q={QUERY}")).text


async def _find_user(scene: Scene, username: str) -> int:
    async with scene.db.connection() as connection:
        return int(await connection.fetchval("SELECT id FROM auth.users WHERE username = $1", username))


@pytest.mark.parametrize("address", ["search/words?text=f", "search/check?q=files", "search/export?q=files"])
async def test_stranger_is_led_to_the_sign_in_page(browser: Browser, address: str) -> None:
    assert (await browser.get(address)).status_code == 303


async def test_results_are_taken_along_as_csv_and_json(producer: Browser, scene: Scene) -> None:
    odd = {"core.text": 'a "quoted", line\nand another', "core.list": [1, "x"], "core.number": -1}
    await _declare(scene, NewFile("nova", "odd", None, metadata=odd), dataset=Did("nova", "raw"))
    reply = await producer.get(f"search/export?q={QUERY}&columns=core.text,core.list&format=csv")
    assert reply.headers["content-type"].startswith("text/csv")
    assert "attachment" in reply.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))
    assert len(rows) == 11
    rows.sort(key=lambda row: row["name"])
    assert rows[-1]["core.text"] == odd["core.text"]
    assert json.loads(rows[-1]["core.list"]) == [1, "x"]
    assert (rows[-1]["size_bytes"], rows[0]["size_bytes"], rows[0]["core.text"]) == ("", "10", "")
    everything = (await producer.get(f"search/export?q={QUERY}&format=json")).json()
    assert [one["metadata"] for one in everything if one["name"] == "odd"] == [odd]
    whole = list(csv.DictReader(io.StringIO((await producer.get(f"search/export?q={QUERY}")).text, newline="")))
    assert [json.loads(row["metadata"]) for row in whole if row["name"] == "odd"] == [odd]


@pytest.mark.parametrize("query", ["format=xml&q=files", "q=files form nova:raw", "q="])
async def test_what_cannot_be_taken_along_is_said_before_anything_is_sent(producer: Browser, query: str) -> None:
    assert (await producer.get(f"search/export?{query}")).status_code == 422


async def test_query_is_saved_found_used_and_forgotten(producer: Browser, scene: Scene) -> None:
    page = await producer.get(f"search?q={QUERY}")
    fields = {"q": QUERY, "namespace": "nova", "name": "mine"}
    reply = await producer.post("search/save", page, **fields, kind="query")
    assert reply.status_code == 303, reply.text
    assert "Forget nova:mine" in (await producer.get("search")).text
    assert len(_names(await producer.get("search?q=files selected by nova:mine"))) == 10
    assert (await producer.post("search/save", page, **fields, kind="query")).status_code == 409
    assert (await producer.post("search/save", page, **fields, kind="query", replaces="yes")).status_code == 303
    assert (await producer.post("search/forget", page, namespace="nova", name="mine")).status_code == 303
    assert (await producer.post("search/forget", page, namespace="nova", name="mine")).status_code == 404
    assert (await producer.post("search/save", page, q=QUERY, namespace="nova")).status_code == 422


async def test_results_become_a_dataset(producer: Browser, scene: Scene) -> None:
    page = await producer.get(f"search?q={QUERY}")
    fields = {"q": f"{QUERY} where core.number < 4", "namespace": "nova", "name": "few", "kind": "dataset"}
    reply = await producer.post("search/save", page, **fields)
    assert reply.headers["location"] == "/datasets/nova/few"
    assert (await catalog.get_dataset(scene.db, scene.producer, did=Did("nova", "few"))).file_count == 4


async def test_only_owners_save_queries(browser: Browser) -> None:
    await browser.sign_in("ann")
    page = await browser.get(f"search?q={QUERY}")
    assert find_field(page, "csrf")
    reply = await browser.post("search/save", page, q=QUERY, namespace="nova", name="hers")
    assert reply.status_code == 403


async def test_picture_has_three_generations_each_way_and_counts_the_rest(producer: Browser, scene: Scene) -> None:
    line = [
        NewFile("nova", "g0"),
        *(NewFile("nova", f"g{n}", parents=(Did("nova", f"g{n - 1}"),)) for n in range(1, 8)),
    ]
    for file in line:
        await _declare(scene, file)
    await _declare(scene, *(NewFile("nova", f"k{n:03d}", parents=(Did("nova", "g4"),)) for n in range(60)))
    text = (await producer.get("files/nova/g4")).text
    picture = text[text.index("<svg width") :]
    picture = picture[: picture.index("</svg>")]
    drawn = re.findall(r"<title>nova:(\w+)</title>", picture)
    assert drawn[:4] == ["g1", "g2", "g3", "g4"]
    assert set(drawn) >= {"g5", "g6", "g7", "k000"}
    assert "g0" not in drawn
    assert "and 41 more" in picture
    query = re.search(r'href="/search\?q=(children[^"]+)"', picture)
    assert query is not None
    assert ">61 files<" in (await producer.get(f"search?q={query[1]}")).text


async def test_file_page_names_what_made_and_what_used_a_file(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    submission_id = await scene.launch(stages[0])
    name = (await scene.list_names(submission_id))[0]
    await scene.work_off(submission_id)
    used = (await producer.get(f"files/nova/{name}")).text
    assert "No submission is known to have made it." in used
    assert f'href="/submissions/{submission_id}"' in used.partition("Used by")[2]
    made = (await producer.get(f"files/nova/out.{name}")).text
    assert f'href="/submissions/{submission_id}"' in made.partition("Made by")[2].partition("Used by")[0]


async def test_a_file_without_parents_names_the_generator_that_made_it(producer: Browser, scene: Scene) -> None:
    generator = NewStage("make", "copy", "here", settings=StageSettings(stage_type=StageType.GENERATOR, unit_count=1))
    (stage,) = await scene.make_campaign(generator)
    submission_id = await scene.launch(stage)
    (unit,) = await scene.list_names(submission_id)
    await scene.work_off(submission_id)
    made = (await producer.get(f"files/nova/out.{unit}")).text
    assert f'href="/submissions/{submission_id}"' in made.partition("Made by")[2].partition("Used by")[0]


async def test_projects_of_other_experiments_are_not_among_the_uses(scene: Scene, stages: list[int]) -> None:
    submission_id = await scene.launch(stages[0])
    did = Did("nova", (await scene.list_names(submission_id))[0])
    eve = replace(scene.producer, user_id=0, username="eve", roles={}, experiments={})
    assert (await dispatch.list_uses_of_file(scene.db, eve, did=did, file_id=None)).used == ()
    assert len((await dispatch.list_uses_of_file(scene.db, scene.producer, did=did, file_id=None)).used) == 1


async def test_file_is_found_by_its_fid(producer: Browser, scene: Scene) -> None:
    file = (await catalog.get_file(scene.db, scene.producer, did=Did("nova", "f01.root"))).file
    assert "f01.root" in (await producer.get(f"files?fid={file.fid}")).text
    assert (await producer.get("files?q=files")).headers["location"] == "/search?q=files"


async def test_dataset_page_shows_files_by_pages_relatives_and_history(producer: Browser, scene: Scene) -> None:
    await _declare_many(scene, 120)
    await catalog.create_dataset(scene.db, scene.producer, did=Did("nova", "above"))
    await catalog.add_child_dataset(scene.db, scene.producer, parent=Did("nova", "above"), child=Did("nova", "many"))
    text = (await producer.get("datasets/nova/many")).text
    assert 'Dataset of <b class="num">120</b> files' in text
    assert 'href="/datasets/nova/above"' in text
    assert "120 files declared into it" in text
    assert "Put below it: nova:many" in (await producer.get("datasets/nova/above")).text
    pages = await _turn_pages(producer, "datasets/nova/many?keys=core.turn")
    assert [len(page) for page in pages] == [50, 50, 20]
    assert (await producer.get("datasets/nova/many?after=x")).status_code == 422


async def test_values_of_metadata_are_plotted_from_a_bounded_sample(
    producer: Browser, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.catalog.operations.samples.SAMPLED_FILES", 80)
    await _declare_many(scene, 120)
    odd = [
        NewFile("nova", f"o{n}", metadata={"core.word": "<b>" if n else "x", "core.huge": 10**30 + n})
        for n in range(20)
    ]
    await catalog.create_dataset(scene.db, scene.producer, did=Did("nova", "odd"))
    await _declare(scene, *odd, dataset=Did("nova", "odd"))
    text = (await producer.get("datasets/nova/many")).text
    assert "Of the first 80 of its 120 files" in text
    assert text.count("<rect x=") == 24
    odd_text = (await producer.get("datasets/nova/odd?keys=core.word&keys=core.none&keys=core.huge")).text
    assert "1e+30" in odd_text
    assert "Of all its files." in odd_text
    assert 'title="&lt;b&gt;"' in odd_text
    assert (await producer.get("datasets/nova/odd?" + "&".join(f"keys=a.{n}" for n in range(13)))).status_code == 422

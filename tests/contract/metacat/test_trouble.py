"""What happens when a MetaCat server or the way to it misbehaves."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.contract.metacat.bed import DATASET, SECRET, Bed, collect, make_file
from tests.contract.metacat.metacat_stand_in import Fault, reply, reply_json

from sutler.auth import CredentialSide, Role, ServiceKind, remove_credential
from sutler.auth.model import SYSTEM
from sutler.base.did import Did
from sutler.catalog import (
    CredentialMissingError,
    CredentialRefusedError,
    RemoteCatalogRefusedError,
    RemoteCatalogUnavailableError,
)

ALL = "files from prod:out"


@pytest.fixture
async def shelf(bed: Bed) -> Bed:
    """Three files in a dataset of `pro`."""
    bed.metacat.put_files("prod:out", "a", "b", "c")
    return bed


async def get_names(bed: Bed) -> list[str]:
    return [file.name for file in await collect(await bed.find(), ALL)]


@pytest.mark.parametrize("status", [502, 503, 504, 521, 524])
async def test_passing_trouble_is_waited_out(shelf: Bed, status: int) -> None:
    shelf.metacat.faults = [Fault("query", status, times=3), Fault("auth", status)]
    assert await get_names(shelf) == ["a", "b", "c"]
    assert shelf.metacat.count("query") == 4


async def test_a_lost_connection_is_taken_up_again(shelf: Bed) -> None:
    shelf.metacat.faults = [Fault("auth", "drop"), Fault("query", "drop"), Fault("files", "drop")]
    assert await get_names(shelf) == ["a", "b", "c"]
    assert [file.name for file in await (await shelf.find()).list_files(["fid-a"])] == ["a"]


async def test_trouble_that_does_not_pass_says_where_what_and_how_long(shelf: Bed) -> None:
    await shelf.connect(seconds=1)
    shelf.metacat.faults = [Fault("query", 503, times=10_000)]
    with pytest.raises(RemoteCatalogUnavailableError) as caught:
        await get_names(shelf)
    assert f"{shelf.metacat.url}/data/query is not available at the moment: it answered 503." in caught.value.sentence
    assert "times within 1 seconds" in caught.value.sentence
    assert caught.value.retry_after > timedelta(seconds=2)


async def test_a_server_that_is_not_there_is_said(shelf: Bed) -> None:
    await shelf.connect(url="http://127.0.0.1:9/metacat", seconds=1)
    await shelf.sign_in()
    with pytest.raises(RemoteCatalogUnavailableError, match="cannot be reached"):
        await get_names(shelf)


async def test_a_server_that_does_not_answer_is_left_when_the_time_is_up(shelf: Bed) -> None:
    await shelf.connect(seconds=1)
    shelf.metacat.faults = [Fault("query", "silent", times=10)]
    with pytest.raises(RemoteCatalogUnavailableError, match="did not answer in time"):
        await get_names(shelf)


async def test_an_answer_that_breaks_off_is_no_short_answer(shelf: Bed) -> None:
    await shelf.connect(seconds=1)
    line = json.dumps({"fid": "f", "namespace": "prod", "name": "a", "size": 1}).encode() + b"\n"
    promising_more = reply(line, 200, "application/json-seq").replace(b"Content-Length: ", b"Content-Length: 1")
    shelf.metacat.faults = [Fault("query", promising_more)]
    with pytest.raises(RemoteCatalogUnavailableError, match="in the middle of its answer"):
        await get_names(shelf)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>Please log in</html>", "text/html"),
        (b'{"fid": "f", "namespace": "prod"', "application/json-seq"),
        (b'{"fid": "f"}\n', "application/json-seq"),
        (b"42\n", "application/json-seq"),
        (b'{"error": "no database"}', "application/json"),
        (b'\x1e{"error": "no database"}\n', "application/json-seq"),
    ],
)
async def test_garbage_is_refused_with_its_beginning(shelf: Bed, body: bytes, kind: str) -> None:
    shelf.metacat.faults = [Fault("query", reply(body, 200, kind))]
    with pytest.raises(RemoteCatalogRefusedError) as caught:
        await get_names(shelf)
    shown = ("log in", "prod", "'f'", "42", "no database")
    assert any(word in caught.value.sentence for word in shown)
    assert caught.value.sentence.startswith(f"{shelf.metacat.url}/data/query answered: ")


@pytest.mark.parametrize(
    "kind",
    ["application/json-seq", "application/json-seq; charset=utf-8", "application/x-ndjson", "application/json"],
)
@pytest.mark.parametrize("separator", ["", "\x1e", "\x1e\x1e", "\r\n"])
async def test_every_form_of_a_sequence_is_read(shelf: Bed, kind: str, separator: str) -> None:
    shelf.metacat.sequence_type, shelf.metacat.separator = kind, separator
    assert await get_names(shelf) == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["application/json", "text/json", "text/json; charset=utf-8", "text/plain", ""])
async def test_plain_json_is_read_under_any_name_and_in_its_wrapper(shelf: Bed, kind: str) -> None:
    files = [{"fid": "f", "namespace": "prod", "name": "a", "size": 1}]
    shelf.metacat.faults = [Fault("query", reply(json.dumps({"results": files}), 200, kind))]
    assert await get_names(shelf) == ["a"]


async def test_a_sequence_that_calls_itself_plain_is_read(shelf: Bed) -> None:
    lines = [json.dumps({"fid": name, "namespace": "prod", "name": name, "size": 1}) for name in "ab"]
    shelf.metacat.faults = [Fault("query", reply("\n".join(lines), 200, "application/json"))]
    assert await get_names(shelf) == ["a", "b"]


async def test_an_empty_answer_is_an_empty_selection(shelf: Bed) -> None:
    for kind in ("application/json-seq", "application/json"):
        shelf.metacat.faults = [Fault("query", reply("", 200, kind))]
        assert await get_names(shelf) == []


async def test_numbers_that_json_does_not_know_are_none(shelf: Bed) -> None:
    line = '{"fid": "f", "namespace": "prod", "name": "a", "metadata": {"a.b": NaN, "a.c": Infinity}}'
    shelf.metacat.faults = [Fault("query", reply(line, 200, "application/json-seq"))]
    (file,) = await collect(await shelf.find(), ALL, with_metadata=True)
    assert (file.metadata, file.size_bytes) == ({"a.b": None, "a.c": None}, None)


async def test_a_large_selection_comes_in_parts(shelf: Bed) -> None:
    shelf.metacat.put_files("prod:many", *(f"f{number:05}" for number in range(9_000)))
    parts = [part async for part in (await shelf.find()).select("files from prod:many")]
    assert len(parts) > 2
    assert [file.name for part in parts for file in part] == [f"f{number:05}" for number in range(9_000)]


async def test_a_query_that_the_server_refuses_says_so_in_its_words(shelf: Bed) -> None:
    with pytest.raises(RemoteCatalogRefusedError, match=r"answered: 400 MQLSyntaxError: Unexpected token") as caught:
        await collect(await shelf.find(), "files where a.b = 1")
    assert caught.value.status == 400


async def test_a_redirect_is_told_and_not_followed(shelf: Bed) -> None:
    moved = reply("", 302).replace(b"\r\n\r\n", b"\r\nLocation: https://elsewhere.example/data\r\n\r\n")
    shelf.metacat.faults = [Fault("query", moved)]
    with pytest.raises(RemoteCatalogRefusedError, match=r"answered: 302 go to https://elsewhere.example/data"):
        await get_names(shelf)


async def test_what_is_open_is_read_without_a_credential_and_nothing_is_declared(shelf: Bed) -> None:
    await remove_credential(shelf.db, SYSTEM, experiment="dune", kind=ServiceKind.METACAT, side=CredentialSide.ANY)
    assert await get_names(shelf) == ["a", "b", "c"]
    source = await shelf.find()
    with pytest.raises(CredentialMissingError, match="side production"):
        await source.declare([make_file("x")], dataset=DATASET)
    shelf.metacat.is_closed = True
    with pytest.raises(CredentialMissingError, match="must know who asks"):
        await get_names(shelf)


async def test_a_lost_answer_to_declaring_declares_nothing_twice(shelf: Bed) -> None:
    shelf.metacat.faults = [Fault("declare_files", "drop", is_after=True), Fault("declare_files", 504, is_after=True)]
    files = [make_file("x"), make_file("y")]
    assert await (await shelf.find()).declare(files, dataset=DATASET) == [None, None]
    assert shelf.metacat.count("declare_files") == 1
    assert shelf.metacat.get_names("prod:out") == ["a", "b", "c", "x", "y"]


async def test_a_call_that_was_lost_on_the_way_is_made_again(shelf: Bed) -> None:
    shelf.metacat.faults = [Fault("declare_files", "drop", times=2), Fault("add_files", "drop")]
    assert await (await shelf.find()).declare([make_file("a"), make_file("x")], dataset=DATASET) == [None, None]
    assert shelf.metacat.get_names("prod:out") == ["a", "b", "c", "x"]


async def test_lost_answers_to_making_namespaces_and_datasets_are_looked_after(shelf: Bed) -> None:
    names = ("create_namespace", "create_dataset", "add_child_dataset")
    shelf.metacat.faults = [Fault(name, "drop", is_after=True) for name in names]
    source = await shelf.find()
    await source.ensure_namespace("fresh")
    await source.ensure_dataset(Did("fresh", "x"))
    await source.ensure_dataset(Did("fresh", "y"), parent=Did("fresh", "x"))
    assert shelf.metacat.count("create_namespace") == 1
    assert shelf.metacat.children == [("fresh:x", "fresh:y")]


async def test_one_file_that_breaks_the_server_keeps_no_other_back(shelf: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    declare = shelf.metacat._do_declare_files
    broken = reply("Internal error", 500)
    monkeypatch.setattr(
        shelf.metacat, "_do_declare_files", lambda call, user: broken if b'"bad"' in call.body else declare(call, user)
    )
    files = [make_file(name) for name in ("x", "bad", "y", "z")]
    said = await (await shelf.find()).declare(files, dataset=DATASET)
    assert said == [None, f"{shelf.metacat.url} refused it: 500 Internal error", None, None]
    assert shelf.metacat.get_names("prod:out") == ["a", "b", "c", "x", "y", "z"]


async def test_a_server_that_fails_for_every_file_is_the_one_to_blame(shelf: Bed) -> None:
    shelf.metacat.faults = [Fault("declare_files", 500, times=1000)]
    with pytest.raises(RemoteCatalogRefusedError, match="500"):
        await (await shelf.find()).declare([make_file(f"x{number}") for number in range(50)], dataset=DATASET)
    assert shelf.metacat.count("declare_files") < 30


async def test_many_files_go_in_calls_of_a_thousand(shelf: Bed) -> None:
    files = [make_file(f"x{number}") for number in range(2_300)]
    assert await (await shelf.find()).declare(files, dataset=DATASET) == [None] * 2_300
    sent = [len(json.loads(call.body)) for call in shelf.metacat.calls if call.method == "declare_files"]
    assert sent == [1000, 1000, 300]


async def test_files_without_a_dataset_go_into_one_of_their_namespace(shelf: Bed) -> None:
    assert await (await shelf.find()).declare([make_file("x")], dataset=None) == [None]
    assert shelf.metacat.get_names("prod:unsorted") == ["x"]


async def test_a_file_of_unknown_size_is_refused_without_asking(shelf: Bed) -> None:
    (said,) = await (await shelf.find()).declare([make_file("x", size=None)], dataset=DATASET)  # type: ignore[arg-type]
    assert said == f"Its size is not known, and {shelf.metacat.url} takes no file without one."
    assert shelf.metacat.count("declare_files") == 0


async def test_a_dataset_that_is_missing_is_no_fault_of_the_files(shelf: Bed) -> None:
    with pytest.raises(RemoteCatalogRefusedError, match="Dataset prod:none not found"):
        await (await shelf.find()).declare([make_file("x"), make_file("y")], dataset=Did("prod", "none"))


async def test_a_namespace_of_others_is_a_reason_for_each_file(shelf: Bed) -> None:
    shelf.metacat.put_files("theirs:set", "q")
    shelf.metacat.namespaces["theirs"]["owner_user"] = "somebody"
    files = [make_file("x", namespace="theirs"), make_file("y")]
    why, nothing = await (await shelf.find()).declare(files, dataset=DATASET)
    assert why == f"{shelf.metacat.url} refused it: Permission to declare files in namespace theirs denied"
    assert nothing is None


async def test_problems_that_name_no_file_are_found_by_halves(shelf: Bed) -> None:
    shelf.metacat.faults = [Fault("declare_files", reply_json({"message": "Invalid", "metadata_errors": []}, 488))]
    assert await (await shelf.find()).declare([make_file("x"), make_file("y")], dataset=DATASET) == [None, None]


async def test_namespaces_are_made_for_the_role_that_the_service_names(shelf: Bed) -> None:
    await shelf.connect(account="prod_role")
    source = await shelf.find(Role.PRODUCTION)
    with pytest.raises(RemoteCatalogRefusedError, match="403 Permission denied"):
        await source.ensure_namespace("fresh")
    shelf.metacat.roles["prod_role"] = {"pro"}
    await source.ensure_namespace("fresh")
    assert shelf.metacat.namespaces["fresh"]["owner_role"] == "prod_role"


async def test_a_password_is_in_no_error_and_in_no_text_of_what_keeps_it(shelf: Bed) -> None:
    said = reply_json({"message": f"what is {SECRET}?"}, 400)
    shelf.metacat.faults = [Fault("auth", said)]
    with pytest.raises(RemoteCatalogRefusedError) as refused:
        await get_names(shelf)
    assert SECRET not in refused.value.sentence
    shelf.metacat.passwords["pro"] = "another one"
    with pytest.raises(CredentialRefusedError) as caught:
        await get_names(shelf)
    assert SECRET not in f"{caught.value!r} {caught.value.facts} {vars(shelf.catalogues)}"

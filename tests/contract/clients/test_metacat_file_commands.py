"""The commands `metacat file`, `named_query`, `category` and `validate`, of both releases."""

from __future__ import annotations

import itertools

import pytest
from tests.contract.clients.bench import Bench
from tests.contract.clients.catalog_shelf import Shelf

_NUMBERS = itertools.count()


@pytest.fixture
def steward(admin_bench: Bench) -> Shelf:
    """The administrator, who may make categories."""
    return Shelf(admin_bench)


@pytest.fixture
def category(steward: Shelf) -> str:
    """A path that no other test uses."""
    return f"quality{next(_NUMBERS)}{'old' if steward.is_old else 'new'}"


def test_a_file_is_declared(shelf: Shelf) -> None:
    said = shelf.succeed(
        *("file", "declare", "-s", 5, "-m", '{"core.run": 9}', "-c", "adler32:0000abcd"),
        *("-p", f"{shelf.did('a.root')},{shelf.fid('b')}", shelf.did("new.root"), shelf.dataset),
    )
    fid, namespace, name = said.split()
    assert (namespace, name) == (shelf.namespace, "new.root")
    shown = shelf.read("file", "show", "-j", "-m", "-l", "-i", fid)
    assert (shown["size"], shown["metadata"], shown["checksums"]) == (5, {"core.run": 9}, {"adler32": "0000abcd"})
    assert sorted(parent["name"] for parent in shown["parents"]) == ["a.root", "b.root"]
    made = shelf.read("file", "declare", "-j", "-s", 5, "-a", f"{shelf.namespace}:f_$clock_$uuid8", shelf.dataset)
    assert made["name"].startswith("f_1")
    tried = shelf.read("file", "declare", "-d", "-j", "-s", 5, shelf.did("tried.root"), shelf.dataset)
    assert (tried["namespace"], tried["name"], len(tried["fid"])) == (shelf.namespace, "tried.root", 16)
    described = shelf.write("file.json", {"size": 7, "metadata": {"core.run": 8}})
    assert "described" in shelf.succeed(
        "file", "declare", "-v", "-f", described, "-N", shelf.namespace, "described", "all"
    )
    assert shelf.run("file", "show", shelf.did("tried.root")).exit_code != 0
    assert '"size": 1234' in shelf.succeed("file", "declare", "--sample")
    assert '"size": 1234' in shelf.succeed("file", "declare-sample")


def test_many_files_are_declared_and_again_only_as_required(shelf: Shelf) -> None:
    known = {"namespace": shelf.namespace, "name": "a.root", "size": 100, "metadata": {"core.run": 77}}
    new = {"namespace": shelf.namespace, "name": "e.root", "size": 1, "metadata": {}}
    listed = shelf.write("more.json", [known, new])
    refused = shelf.run("file", "declare-many", listed, shelf.dataset)
    assert refused.exit_code != 0
    assert shelf.did("a.root") in refused.err + refused.out
    assert "e.root" not in shelf.list(f"files from {shelf.dataset}")
    [tried] = shelf.read("file", "declare-many", "-d", "-j", shelf.write("new.json", [new]), shelf.dataset)
    assert tried["name"] == "e.root"
    if shelf.is_old:
        return
    said = shelf.succeed("file", "declare-many", "--as-required=overwrite", listed, shelf.dataset)
    assert said.splitlines()[0] == f"{shelf.fid('a')} {shelf.did('a.root')}"
    assert shelf.read("file", "show", "-j", "-m", shelf.did("a.root"))["metadata"]["core.run"] == 77
    shelf.retire("a")
    shelf.succeed("file", "declare-many", "--as-required=unretire", listed, shelf.dataset)
    assert shelf.list(f"files from {shelf.dataset}") == ["a.root", "b.root", "c.root", "d.root", "e.root"]


def test_everything_wrong_with_files_is_told(shelf: Shelf) -> None:
    files = [
        {"namespace": shelf.namespace, "name": "x1", "size": 1, "checksums": {"adler32": "12"}},
        {"namespace": shelf.namespace, "name": "x2", "size": 1, "parents": [{"did": shelf.did("unknown")}]},
    ]
    refused = shelf.run("file", "declare-many", shelf.write("bad.json", files), shelf.dataset)
    assert refused.exit_code != 0
    assert "Invalid metadata" in refused.err + refused.out
    assert "file #0" in refused.err + refused.out
    assert shelf.list(f"files from {shelf.dataset}") == ["a.root", "b.root", "c.root", "d.root"]


def test_a_file_is_shown_in_every_way(shelf: Shelf) -> None:
    did, fid = shelf.did("d.root"), shelf.fid("d")
    lines = {
        line.partition(":")[0].strip(): line for line in shelf.succeed("file", "show", "-m", "-l", did).splitlines()
    }
    assert {"checksums", "created_timestamp", "creator", "fid", "metadata", "name", "parents", "size"} <= lines.keys()
    assert shelf.did("a.root") in shelf.succeed("file", "show", "-l", "-i", fid)
    assert "'size': 400" in shelf.succeed("file", "show", "-p", did)
    assert shelf.read("file", "show", "-j", did)["name"] == "d.root"
    assert shelf.succeed("file", "fid", did) == f"{fid}\n"
    assert shelf.succeed("file", "fid", shelf.namespace, "d.root") == f"{fid}\n"
    assert shelf.succeed("file", "name", "-d", fid) == f"{did}\n"
    assert shelf.read("file", "name", "-j", fid) == {"namespace": shelf.namespace, "name": "d.root"}
    assert shelf.succeed("file", "name", fid).split()[-1] == "d.root"
    assert shelf.succeed("file", "datasets", did) == f"{shelf.dataset}\n"
    assert shelf.read("file", "datasets", "-j", fid) == [{"namespace": shelf.namespace, "name": "all"}]
    assert "'all'" in shelf.succeed("file", "datasets", "-p", fid)
    for words in (("fid", shelf.did("unknown")), ("name", "unknown"), ("datasets", "unknown")):
        missing = shelf.run("file", *words)
        assert (missing.exit_code, missing.err) == (1 if shelf.is_old else 7, "File not found\n")


def test_a_file_is_changed(shelf: Shelf) -> None:
    did = shelf.did("b.root")
    changed = shelf.read(
        *("file", "update", "-j", "-s", 222, "-k", "md5:" + "0" * 32, "-m", '{"core.more": "x"}'),
        *("-p", shelf.fid("a"), "-c", shelf.did("c.root"), did),
    )
    assert changed["size"] == 222
    assert sorted(changed["checksums"]) == ["adler32", "md5"]
    assert changed["metadata"] == {"core.run": 2, "core.kind": "raw", "core.list": [2, 9], "core.more": "x"}
    assert changed["parents"] == [{"fid": shelf.fid("a")}]
    assert changed["children"] == [{"fid": shelf.fid("c")}]
    assert changed["updated_by"] == shelf.namespace
    changed = shelf.read("file", "update", "-j", "-r", "-m", '{"core.run": 2}', "-p", "-", shelf.fid("b"))
    assert (changed["metadata"], changed["parents"]) == ({"core.run": 2}, [])
    assert changed["children"] == [{"fid": shelf.fid("c")}]
    said = shelf.succeed("file", "update", "-d", "-v", "-s", 1, did)
    assert "dry run" in said
    assert shelf.read("file", "show", "-j", did)["size"] == 222
    refused = shelf.run("file", "update", "-m", '{"nodot": 1}', did)
    assert refused.exit_code != 0


def test_metadata_of_many_files_are_changed(shelf: Shelf) -> None:
    both = f"{shelf.did('a.root')},{shelf.fid('b')}"
    assert shelf.succeed("file", "update-meta", "-f", both, '{"core.flag": true}') == ""
    assert shelf.list("files where core.flag = true and namespace = " + shelf.namespace) == ["a.root", "b.root"]
    listed = shelf.write("list.json", [{"did": shelf.did("a.root")}])
    shelf.succeed("file", "update-meta", "-r", "-f", listed, '{"core.only": 1}')
    shown = shelf.read("file", "show", "-j", "-m", shelf.did("a.root"))
    assert (shown["metadata"], shown["updated_by"]) == ({"core.only": 1}, shelf.namespace)
    assert '"fid": "54634"' in shelf.succeed("file", "update-meta", "--sample", "x")


def test_files_are_retired_and_brought_back(shelf: Shelf) -> None:
    shelf.succeed("file", "retire", shelf.did("a.root"))
    if shelf.is_old:
        # Release 3.42.2 has the two the wrong way round: without -u it brings back.
        assert shelf.read("file", "show", "-j", shelf.did("a.root"))["retired"] is False
        shelf.succeed("file", "retire", "-u", shelf.did("a.root"))
    shown = shelf.read("file", "show", "-j", shelf.did("a.root"))
    assert (shown["retired"], shown["retired_by"]) == (True, shelf.namespace)
    assert shelf.list(f"files from {shelf.dataset}") == ["b.root", "c.root", "d.root"]
    assert shelf.run("file", "retire", shelf.did("unknown")).exit_code != 0


def test_files_are_moved(shelf: Shelf) -> None:
    target = f"{shelf.namespace}_next"
    shelf.succeed("namespace", "create", target)
    said = shelf.succeed("file", "move", "-n", target, "-f", f"{shelf.did('a.root')},{shelf.fid('b')}")
    assert said.split() == ["Files", "moved:", "2"]
    said = shelf.succeed("file", "move", "-n", target, f"files from {shelf.dataset} where core.run = 3")
    assert said.split() == ["Files", "moved:", "1"]
    (shelf.bench.directory / "query.mql").write_text(f"files from {shelf.dataset}")
    said = shelf.succeed("file", "move", "-n", target, "-q", "query.mql")
    assert said.split()[-1] == "1"
    assert shelf.list(f"files where namespace = {target}") == ["a.root", "b.root", "c.root", "d.root"]
    foreign = shelf.run("file", "move", "-n", target, "-f", "fid-a")
    assert "test:a.root" in foreign.out
    assert foreign.exit_code == (1 if shelf.is_old else 19)
    assert shelf.run("file", "add", shelf.dataset).exit_code == (1 if shelf.is_old else 14)


def test_queries_are_kept_under_names(shelf: Shelf) -> None:
    source = f"files from {shelf.dataset} where core.kind = raw"
    shelf.succeed("named_query", "create", shelf.did("raws"), source)
    assert shelf.succeed("named_query", "show", shelf.did("raws")) == f"{source}\n"
    assert shelf.read("named_query", "show", "-j", shelf.did("raws"))["creator"] == shelf.namespace
    assert "Created by:" in shelf.succeed("named_query", "show", "-v", shelf.did("raws"))
    assert shelf.run("named_query", "create", shelf.did("raws"), source).exit_code != 0
    (shelf.bench.directory / "query.mql").write_text(f"files from {shelf.dataset} where core.kind = reco")
    shelf.succeed("named_query", "create", "-u", "-f", "query.mql", shelf.did("raws"))
    assert shelf.list(f"files selected by {shelf.did('raws')}") == ["c.root", "d.root"]
    shelf.succeed("named_query", "create", shelf.did("more"), stdin=source)
    assert f"Query:      {shelf.did('more')}" in shelf.succeed("named_query", "list", "-n", shelf.namespace)
    listed = shelf.read("named_query", "list", "-j", "-n", shelf.namespace)
    assert [query["name"] for query in listed] == ["more", "raws"]
    search = f"queries matching {shelf.namespace}:r*"
    assert shelf.succeed("named_query", "search", search) == f"{shelf.did('raws')}\n"
    assert [query["name"] for query in shelf.read("named_query", "search", "-f", "json", search)] == ["raws"]
    assert "'raws'" in shelf.succeed("named_query", "search", "-f", "pretty", search)
    assert shelf.run("named_query", "create", shelf.did("bad"), "files from where").exit_code != 0
    missing = shelf.run("named_query", "show", shelf.did("unknown"))
    assert (missing.exit_code, missing.out) == (1 if shelf.is_old else 7, "Not found\n")


def test_categories_are_made_shown_changed_and_removed(steward: Shelf, shelf: Shelf, category: str) -> None:
    if steward.is_old:
        assert "Unknown command" in steward.run("category", "create", category).err
        assert category not in steward.succeed("category", "list").split()
        assert steward.read("category", "list", "-j", category) == []
        assert steward.succeed("category", "show", category) == ""
        return
    rules = '{"level": {"type": "int", "min": 1, "max": 5}}'
    made = steward.read("category", "create", "-j", "-d", "Quality", "-o", "local_production", "-p", rules, category)
    expected = {"path": category, "owner_user": None, "owner_role": "local_production", "restricted": False}
    assert {key: made[key] for key in expected} == expected
    assert "[1 - 5]" in shelf.succeed("category", "show", category)
    assert shelf.read("category", "show", "-j", category)["definitions"]["level"]["max"] == 5
    more = '{"word": {"type": "text", "values": ["good", "bad"]}}'
    changed = steward.read("category", "update", "-j", "-r", "True", "-p", more, category)
    assert (changed["restricted"], sorted(changed["definitions"])) == (True, ["level", "word"])
    below = steward.read("category", "create", "-j", "-p", rules, f"{category}.deep")
    assert below["owner_user"] == "admin"
    assert shelf.read("category", "list", "-j", category)[0]["path"] == f"{category}.deep"
    assert {category, f"{category}.deep"} <= set(shelf.succeed("category", "list").split())
    refused = shelf.run(
        "file", "update", "-m", f'{{"{category}.level": 9, "{category}.other": 1}}', shelf.did("a.root")
    )
    assert refused.exit_code == 13
    assert f"{category}.level" in refused.err
    assert f"{category}.other" in refused.err
    assert shelf.run("category", "create", "-p", rules, f"{category}x").exit_code == 17
    steward.succeed("category", "remove", f"{category}.deep")
    steward.succeed("category", "remove", category)
    assert shelf.succeed("category", "show", category) == ""


def test_metadata_are_checked_by_the_client_with_the_rules_of_the_server(shelf: Shelf) -> None:
    shelf.bench.catalog(
        "client.create_dataset(sys.argv[1], metadata_requirements={'core.run': {'type': 'int', 'max': 5,"
        " 'required': True}})\nresult = 0",
        shelf.did("strict"),
    )
    good, bad = shelf.write("good.json", {"core.run": 3}), shelf.write("bad.json", {"core.run": 9})
    shelf.succeed("validate", good)
    shelf.succeed("validate", "-d", shelf.did("strict"), good)
    refused = shelf.run("validate", "-d", shelf.did("strict"), bad)
    assert refused.exit_code != 0
    assert "core.run" in refused.out
    missing = shelf.run("validate", "-d", shelf.did("unknown"), good)
    assert missing.exit_code == (1 if shelf.is_old else 11)
    declared = shelf.run("file", "declare", "-s", 1, "-m", bad, shelf.did("bad.root"), shelf.did("strict"))
    assert declared.exit_code != 0
    assert "core.run" in declared.err + declared.out

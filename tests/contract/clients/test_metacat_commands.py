"""The commands `metacat namespace`, `dataset`, `query` and those about the installation, of both releases."""

from __future__ import annotations

import re

from tests.contract.clients.bench import Bench
from tests.contract.clients.catalog_shelf import Shelf


def test_versions_and_patience(shelf: Shelf) -> None:
    lines = shelf.succeed("version").splitlines()
    assert lines[2].split() == ["Server", "version:", "4.1.5"]
    # The client comes again as long as it is told to.
    assert shelf.succeed("503") == "OK\n"


def test_tokens_are_shown_moved_and_used(shelf: Shelf) -> None:
    who = re.compile(rf"User:    {shelf.namespace}\nExpires: .+\n")
    assert who.fullmatch(shelf.succeed("auth", "whoami"))
    listed = shelf.succeed("auth", "list").splitlines()
    assert f"{shelf.bench.server_url}/metacat" in listed[-1] + listed[-2]
    url = f"{shelf.bench.server_url}/metacat"
    token = shelf.succeed("auth", "export", url)
    assert token.count(".") == 2
    shelf.succeed("auth", "export", "-o", "kept", url)
    assert (shelf.bench.directory / "kept").read_text() == token.strip()
    (shelf.bench.directory / ".token_library").unlink()
    refused = shelf.run("auth", "whoami")
    assert refused.exit_code != 0
    shelf.succeed("auth", "import", "-i", "kept", "-s", url)
    assert who.fullmatch(shelf.succeed("auth", "whoami"))
    fresh = shelf.succeed("auth", "login", "-m", "token", "-t", "kept", shelf.namespace)
    assert who.fullmatch(fresh)


def test_certificates_are_refused_with_a_sentence(shelf: Shelf) -> None:
    (shelf.bench.directory / "cert.pem").write_text("")
    refused = shelf.run("auth", "mydn", "-c", "cert.pem")
    assert refused.exit_code != 0
    assert "Use HTTPS connection" in refused.err


def test_namespaces_are_made_shown_and_listed(shelf: Shelf) -> None:
    own = shelf.namespace
    shown = shelf.read("namespace", "show", "-j", own)
    expected = {"name": own, "owner_user": own, "owner_role": None, "creator": own, "description": "A corner"}
    assert {key: shown[key] for key in expected} == expected
    assert "'name': " in shelf.succeed("namespace", "show", own)
    made = shelf.read("namespace", "create", "-o", "local_analysis", "-j", f"{own}_group", "100%", "+", "more")
    expected = {"owner_user": None, "owner_role": "local_analysis", "description": "100% + more"}
    assert {key: made[key] for key in expected} == expected
    assert shelf.read("namespace", "show", "-j", f"{own}_unknown") is None

    def list_names(*options: str) -> set[str]:
        lines = shelf.succeed("namespace", "list", *options, f"{own}*").splitlines()
        return {line.split()[0] for line in lines}

    assert list_names() == {own, f"{own}_group"}
    assert list_names("-u", own) == {own, f"{own}_group"}
    assert list_names("-d", "-u", own) == {own}
    assert list_names("-r", "local_analysis") == {f"{own}_group"}
    assert list_names("-r", "nobody") == set()
    taken = shelf.run("namespace", "create", own)
    assert taken.exit_code == (1 if shelf.is_old else 16)
    assert "already exists" in taken.err


def test_datasets_are_made_and_shown(shelf: Shelf) -> None:
    name = shelf.did("made")
    said = shelf.succeed("dataset", "create", "-m", '{"a.b": 1}', "-f", "monotonic", name, "Some", "words")
    assert said == f"Dataset {name} {'cteated' if shelf.is_old else 'created'} with 0 files\n"
    shown = shelf.read("dataset", "show", "-j", name)
    expected = {
        "namespace": shelf.namespace,
        "name": "made",
        "monotonic": True,
        "frozen": False,
        "metadata": {"a.b": 1},
        "description": "Some words",
        "creator": shelf.namespace,
        "file_count": 0,
        "file_meta_requirements": {},
        "updated_by": None,
    }
    assert {key: shown[key] for key in expected} == expected
    text = shelf.succeed("dataset", "show", name)
    assert "Restricted:            monotonic" in text
    query = f"files from {shelf.dataset} where core.kind = raw"
    made = shelf.read("dataset", "create", "-j", "-f", "frozen", "-q", query, shelf.did("raw"))
    assert (made["frozen"], made["file_count"]) == (True, 2)
    if not shelf.is_old:
        said = shelf.succeed("dataset", "create", "-b", 1, "-q", query, shelf.did("slowly"))
        assert said == f"Dataset {shelf.did('slowly')} created with 2 files\n"
    assert shelf.run("dataset", "create", name).exit_code != 0
    missing = shelf.run("dataset", "show", shelf.did("unknown"))
    assert (missing.exit_code, missing.out) == (1 if shelf.is_old else 11, "Dataset not found\n")


def test_datasets_and_their_files_are_listed(shelf: Shelf) -> None:
    shelf.succeed("dataset", "create", shelf.did("other"))
    assert shelf.succeed("dataset", "list", f"{shelf.namespace}:*").split() == [shelf.dataset, shelf.did("other")]
    for options in (("-l",), ("-l", "-c")):
        last = shelf.succeed("dataset", "list", *options, f"{shelf.namespace}:a*").splitlines()[-1].split()
        assert (last[0], last[-2:]) == (shelf.namespace, ["4", shelf.dataset])
    shelf.retire("b")
    assert sorted(shelf.succeed("dataset", "files", shelf.dataset).split()) == shelf.dids("a", "c", "d")
    everything = shelf.read("dataset", "files", "-m", "-r", "-j", shelf.dataset)
    assert {file["name"]: file["metadata"]["core.run"] for file in everything} == {
        "a.root": 1,
        "b.root": 2,
        "c.root": 3,
        "d.root": 4,
    }
    assert "metadata" not in shelf.read("dataset", "files", "-j", shelf.dataset)[0]
    assert shelf.run("dataset", "files", shelf.did("unknown")).exit_code != 0


def test_datasets_are_changed_and_removed(shelf: Shelf) -> None:
    shelf.succeed("dataset", "update", "-m", '{"a.b": 1, "a.c": 2}', "-f", "monotonic", shelf.dataset, "New", "words")
    changed = shelf.read("dataset", "update", "-j", "-m", '{"a.b": 3}', shelf.dataset)
    expected = {
        "metadata": {"a.b": 3, "a.c": 2},
        "description": "New words",
        "monotonic": True,
        "updated_by": shelf.namespace,
    }
    assert {key: changed[key] for key in expected} == expected
    changed = shelf.read("dataset", "update", "-j", "-r", "-f", "-", "-m", '{"a.d": 4}', shelf.dataset)
    assert (changed["metadata"], changed["monotonic"], changed["frozen"]) == ({"a.d": 4}, False, False)
    shelf.succeed("dataset", "remove", shelf.dataset)
    assert shelf.run("dataset", "show", shelf.dataset).out == "Dataset not found\n"
    assert shelf.run("dataset", "remove", shelf.dataset).exit_code != 0
    assert shelf.read("file", "show", "-j", shelf.did("a.root"))["size"] == 100


def test_datasets_are_put_below_each_other(shelf: Shelf) -> None:
    for name in ("above", "beside"):
        shelf.succeed("dataset", "create", shelf.did(name))
    shelf.succeed("dataset", "add-subset", shelf.did("above"), shelf.dataset, shelf.did("beside"))
    shelf.succeed("dataset", "add-subset", shelf.did("above"), shelf.dataset)
    assert shelf.list(f"files from {shelf.did('above')} with subsets") == ["a.root", "b.root", "c.root", "d.root"]
    refused = shelf.run("dataset", "add-subset", shelf.dataset, shelf.did("above"))
    assert refused.exit_code == (1 if shelf.is_old else 18)


def test_files_are_put_into_a_dataset_and_taken_out(shelf: Shelf) -> None:
    target = shelf.did("target")
    # Release 3.42.2 says so whatever it did.
    removed = "Added" if shelf.is_old else "Removed"
    shelf.succeed("dataset", "create", target)
    first = f"{shelf.did('a.root')},{shelf.fid('b')}"
    assert shelf.succeed("dataset", "add-files", "-f", first, target) == "Added 2 files\n"
    listed = shelf.write("list.json", [{"did": shelf.did("a.root")}, {"fid": shelf.fid("c")}, {"fid": "unknown"}])
    assert shelf.succeed("dataset", "add-files", "-f", listed, target) == "Added 1 files\n"
    query = f"files from {shelf.dataset}"
    assert shelf.succeed("dataset", "add-files", "-q", query, target) == "Added 1 files\n"
    assert shelf.succeed("dataset", "add-files", "-f", "-", target, stdin=f"{shelf.fid('d')}\n") == "Added 0 files\n"
    assert '"did": "test:file1.dat"' in shelf.succeed("dataset", "add-files", "--sample", target)
    assert shelf.succeed("dataset", "remove-files", "-f", first, target) == f"{removed} 2 files\n"
    query += " where core.run > 3"
    assert shelf.succeed("dataset", "remove-files", "-q", query, target) == f"{removed} 1 files\n"
    assert shelf.list(f"files from {target}") == ["c.root"]
    shelf.succeed("dataset", "update", "-f", "frozen", target)
    for verb in ("add-files", "remove-files"):
        refused = shelf.run("dataset", verb, "-f", first, target)
        assert refused.exit_code != 0
        assert "frozen" in refused.err + refused.out


def test_queries_print_what_is_asked_for(shelf: Shelf) -> None:
    query = f"files from {shelf.dataset} where core.run < 3 ordered"
    assert shelf.succeed("query", query).split() == shelf.dids("a", "b")
    assert shelf.succeed("query", "-i", query).split() == [shelf.fid("a"), shelf.fid("b")]
    assert shelf.succeed("query", "-m", "core.run,core.kind", "-l", query).splitlines() == [
        f"{shelf.did('a.root')}\tcore.run=1\tcore.kind='raw'",
        f"{shelf.did('b.root')}\tcore.run=2\tcore.kind='raw'",
    ]
    found = shelf.read("query", "-j", "-m", "all", "-P", query)
    assert [file["metadata"]["core.run"] for file in found] == [1, 2]
    assert [file["children"] for file in found] == [[{"fid": shelf.fid("d")}], []]
    assert shelf.succeed("query", "-s", query) == "Files:        2\nTotal size:   300 (300.000 B)\n"
    assert shelf.read("query", "--summary", "count", "-j", query) == {"count": 2, "total_size": 300}
    assert shelf.succeed("query", "--summary", "keys", query).split() == ["core.kind", "core.list", "core.run"]
    assert shelf.succeed("query", "-N", shelf.namespace, "files a.root, c.root").split() == shelf.dids("a", "c")
    (shelf.bench.directory / "query.mql").write_text(query)
    assert shelf.succeed("query", "-q", "query.mql").split() == shelf.dids("a", "b")
    if not shelf.is_old:
        assert shelf.succeed("query", "-b", 1, f"files from {shelf.dataset}").split() == shelf.dids(*"abcd")
    shelf.retire("b")
    assert shelf.succeed("query", query).split() == shelf.dids("a")
    assert shelf.succeed("query", "-r", query).split() == shelf.dids("a", "b")


def test_queries_fill_datasets(shelf: Shelf) -> None:
    query = f"files from {shelf.dataset} where core.kind = raw"
    saved = shelf.did("saved")
    assert sorted(shelf.succeed("query", "-S", saved, query).split()) == shelf.dids("a", "b")
    assert shelf.list(f"files from {saved}") == ["a.root", "b.root"]
    shelf.succeed("query", "-A", saved, f"files from {shelf.dataset} where core.run = 3")
    assert shelf.list(f"files from {saved}") == ["a.root", "b.root", "c.root"]
    again = shelf.run("query", "-S", saved, query)
    assert again.exit_code == (1 if shelf.is_old else 16)


def test_queries_for_datasets_and_those_that_cannot_be_read(shelf: Shelf) -> None:
    assert shelf.succeed("query", f"datasets matching {shelf.namespace}:a*").split() == [shelf.dataset]
    for text in ("files from where", f"files from {shelf.dataset} where core.run ~ '('"):
        refused = shelf.run("query", text)
        assert refused.exit_code == (1 if shelf.is_old else 18), text
        assert "Mql" in refused.err + refused.out or "query" in refused.err + refused.out


def test_explaining_a_query_asks_nothing_of_the_server_and_needs_a_module_that_is_not_published(shelf: Shelf) -> None:
    said = shelf.bench.metacat("query", "-x", f"files from {shelf.dataset}")
    assert said.exit_code != 0
    assert "No module named 'wsdbtools'" in said.err


def test_reports_are_for_administrators(admin_bench: Bench, shelf: Shelf) -> None:
    if shelf.is_old:
        assert "Unknown command" in shelf.run("report", "-l").err
        return
    reading = Shelf(admin_bench)
    assert "core.run" in reading.succeed("report", "-l").split()
    found = reading.read("report", "-j", "-l", "-s", "-v", "core.kind")
    assert "core.kind" in found["keys"]
    assert found["summary"]["core.run.count"] >= 4
    assert {"raw", "reco"} <= set(found["values"]["core.kind"])
    assert "core.kind" in reading.succeed("report", "-s")
    assert shelf.run("report", "-l").exit_code == 17

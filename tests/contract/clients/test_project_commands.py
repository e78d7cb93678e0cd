"""Every `ddisp project` command of both releases."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.contract.clients.bench import Bench

CREATED = re.compile(r"Created:             \d{4}/\d\d/\d\d \d\d:\d\d:\d\d UTC")


def show(bench: Bench, project_id: object) -> dict[str, Any]:
    """The project as `project show -j` prints it."""
    shown: dict[str, Any] = json.loads(bench.succeed("project", "show", "-j", project_id))
    return shown


def list_states(bench: Bench, project_id: object) -> dict[str, str]:
    """The states of the handles by name."""
    return {handle["name"]: handle["state"] for handle in show(bench, project_id)["file_handles"]}


def test_a_project_of_a_query_has_its_files_with_the_fields_that_are_copied(bench: Bench) -> None:
    words = ["files", "from", "test:ds", "where", "core.run", "<", 3]
    made = json.loads(
        bench.succeed(
            *("project", "create", "-c", "core.kind,size,fid", "-a", "pi=3.14 flag=true", "-A", "n=5 word=w none=null"),
            *("-w", "1h", "-t", "2d", "-u", "admin", "-r", "shift_crew", "-p", "json", *words),
        )
    )
    number = made["project_id"]
    common = {"pi": 3.14, "flag": True}
    assert made == {
        "project_id": number,
        "owner": bench.username,
        "state": "active",
        "retry_count": None,
        "attributes": {"n": 5, "word": "w", "none": None},
        "created_timestamp": made["created_timestamp"],
        "ended_timestamp": None,
        "active": True,
        "query": "files from test:ds where core.run < 3",
        "worker_timeout": 3600.0,
        "idle_timeout": 172800.0,
        "users": ["admin"],
        "roles": ["shift_crew"],
        "handle_counts": {"total": 2, "initial": 2, "reserved": 0, "done": 0, "failed": 0},
        "file_handles": [
            {
                "project_id": number,
                "namespace": "test",
                "name": f"{name}.root",
                "state": "initial",
                "worker_id": None,
                "attempts": 0,
                "attributes": {**common, "core.kind": "raw", "size": 100, "fid": f"fid-{name}"},
                "reserved_since": None,
            }
            for name in "ab"
        ],
    }


def test_a_query_that_cannot_be_read_ends_with_the_sentence_of_the_server(bench: Bench) -> None:
    ran = bench.ddisp("project", "create", "files", "from", "where")
    assert ran.exit_code == 1
    assert "MqlSyntaxError" in ran.err


def test_a_project_of_a_list_of_files_takes_the_defaults_of_the_command(bench: Bench) -> None:
    file = bench.directory / "files.txt"
    file.write_text("test:a.root n=1 word=x\n\ntest:b.root\n")
    number = bench.succeed("project", "create", "-A", "virtual=true", "-l", file).strip()
    shown = show(bench, number)
    assert (shown["worker_timeout"], shown["idle_timeout"], shown["query"]) == (43200.0, 259200.0, None)
    assert [handle["attributes"] for handle in shown["file_handles"]] == [{"n": 1, "word": "x"}, {}]


def test_a_project_of_json_takes_attributes_from_files(bench: Bench) -> None:
    (bench.directory / "project.json").write_text('{"virtual": true, "tags": ["x", "y"]}')
    (bench.directory / "common.json").write_text('{"c": {"d": [1, null]}, "é": "\\"quoted\\""}')
    files = [
        {"namespace": "test", "name": "it's"},
        "test:b c",
        {"namespace": "test", "name": "a", "attributes": {"c": 1}},
    ]
    words = ["project", "create", "-A", "@project.json", "-a", "@common.json"]
    number = bench.succeed(*words, "-j", "-", stdin=json.dumps(files)).strip()
    shown = show(bench, number)
    assert shown["attributes"] == {"virtual": True, "tags": ["x", "y"]}
    common = {"c": {"d": [1, None]}, "é": '"quoted"'}
    assert [(handle["name"], handle["attributes"]) for handle in shown["file_handles"]] == [
        ("it's", common),
        ("b c", common),
        ("a", {**common, "c": 1}),
    ]
    printed = bench.succeed(*words, "-p", "pprint", "-j", "-", stdin=json.dumps(files))
    assert printed.startswith("{")
    assert "'file_handles': [" in printed


def test_no_files_make_no_project(new_bench: Bench) -> None:
    ran = new_bench.ddisp("project", "create", "-l", "-")
    assert (ran.exit_code, ran.err.strip()) == (1, "Empty file list")
    assert new_bench.succeed("project", "list", "-j") == "[]\n"


def test_a_query_in_a_file_is_looked_for_in_the_wrong_place_by_the_client(bench: Bench) -> None:
    (bench.directory / "query.mql").write_text("files from test:ds")
    ran = bench.ddisp("project", "create", "-q", "query.mql")
    assert ran.exit_code == 1
    assert "UnboundLocalError" in ran.last_words


def test_no_time_out_is_a_word_that_only_newer_clients_know(bench: Bench) -> None:
    ran = bench.ddisp(
        "project", "create", "-A", "virtual=true", "-w", "none", "-t", "none", "-l", "-", stdin="test:a\n"
    )
    if bench.is_old:
        assert ran.exit_code == 1
        assert ran.last_words.startswith("ValueError")
        return
    shown = show(bench, ran.out.strip())
    assert (shown["worker_timeout"], shown["idle_timeout"]) == (None, None)


def test_an_unknown_user_makes_no_project(new_bench: Bench) -> None:
    ran = new_bench.ddisp("project", "create", "-u", "nobody", "-l", "-", stdin="test:a\n")
    assert ran.exit_code == 1
    assert "nobody" in ran.last_words
    assert new_bench.succeed("project", "list", "-j", "-s", "active") == "[]\n"


def test_a_project_is_copied_with_what_is_laid_over(bench: Bench) -> None:
    number = bench.create_project("a.root", "b.root", attributes="virtual=true n=1")
    words = ["project", "copy", "-A", "n=2", "-a", "f=3", "-p", "json"]
    copied = json.loads(bench.succeed(*words, number))
    assert copied["project_id"] != number
    assert copied["attributes"] == {"virtual": True, "n": 2}
    assert [handle["attributes"] for handle in copied["file_handles"]] == [{"f": 3}, {"f": 3}]
    assert copied["worker_timeout"] == 43200.0
    assert bench.succeed("project", "copy", number).strip().isdigit()


def test_a_time_out_of_a_copy(bench: Bench) -> None:
    number = bench.create_project("a.root")
    if bench.is_old:
        assert json.loads(bench.succeed("project", "copy", "-t", "60", "-p", "json", number))["worker_timeout"] == 60.0
        assert (
            json.loads(bench.succeed("project", "copy", "-t", "none", "-p", "json", number))["worker_timeout"]
            == 43200.0
        )
        return
    copied = json.loads(bench.succeed("project", "copy", "-w", "none", "-t", "none", "-p", "json", number))
    assert (copied["worker_timeout"], copied["idle_timeout"]) == (None, None)
    ran = bench.ddisp("project", "copy", "-w", "1h", number)
    assert ran.exit_code == 1
    assert ran.last_words == "TypeError: 'float' object is not subscriptable"


def test_a_project_is_shown_as_text(bench: Bench) -> None:
    number = int(bench.succeed("project", "create", "-A", "n=5 word=w", "-l", "-", stdin="test:a.root\ntest:c.root\n"))
    bench.reserve(number)
    bench.succeed("worker", "done", *(() if bench.is_old else ("-w", "w1")), number, "test:a.root")
    lines = bench.succeed("project", "show", number).splitlines()
    assert CREATED.fullmatch(lines.pop(2))
    table = [
        " Status Available  Replicas Attempts Timeouts Worker File       ",
        "------- --------- --------- -------- -------- ------ -----------",
        "   done       yes    1/2           1        0      - test:a.root",
        "initial        no    0/0           0        0      - test:c.root",
        "------- --------- --------- -------- -------- ------ -----------",
    ]
    old_table = [
        " Status  Replicas Attempts Worker File       ",
        "------- --------- -------- ------ -----------",
        "   done    1/2           1        test:a.root",
        "initial    0/0           0        test:c.root",
        "------- --------- -------- ------ -----------",
    ]
    assert lines == [
        f"Project ID:          {number}",
        f"Owner:               {bench.username}",
        "Ended:               ",
        "Query:               ",
        "Status:              active",
        "Worker timeout:      43200.0",
        "Idle timeout:        259200.0",
        "Authorized users:    ",
        "           roles:    ",
        "Project Attributes: ",
        "  n               = 5",
        "  word            = w",
        "Handles:",
        *(old_table if bench.is_old else table),
    ]


def test_a_project_is_shown_in_parts(bench: Bench) -> None:
    number = bench.create_project("a.root", "b.root", "c.root", attributes="virtual=true n=5")
    bench.reserve(number)
    assert bench.succeed("project", "show", "-a", number) == "n 5\nvirtual True\n"
    assert json.loads(bench.succeed("project", "show", "-a", "-j", number)) == {"n": 5, "virtual": True}
    chosen = bench.succeed("project", "show", "-f", "reserved", *(() if bench.is_old else ("-j",)), number)
    if bench.is_old:
        assert chosen == "test:a.root\n"
        assert bench.succeed("project", "show", "-f", "active", number).splitlines() == [
            "test:a.root",
            "test:b.root",
            "test:c.root",
        ]
        return
    assert [handle["name"] for handle in json.loads(chosen)["file_handles"]] == ["a.root"]
    for state, count in (("all", 3), ("initial", 2), ("done", 0), ("failed", 0)):
        assert len(json.loads(bench.succeed("project", "show", "-f", state, "-j", number))["file_handles"]) == count
    ran = bench.ddisp("project", "show", "-f", "nonsense", number)
    assert (ran.exit_code, ran.out) == (1, "Invalid file state\n")


def test_replicas_in_the_table_crash_the_newer_client_only(bench: Bench) -> None:
    number = int(bench.succeed("project", "create", "-l", "-", stdin="test:b.root\n"))
    ran = bench.ddisp("project", "show", "-r", number)
    if bench.is_old:
        assert ran.exit_code == 0, ran.err
        assert "DISK1      yes root://disk1//b.root" in ran.out
    else:
        assert ran.exit_code == 1
        assert ran.last_words == "AssertionError"


def test_a_project_that_is_not_there_is_said_so(bench: Bench) -> None:
    ran = bench.ddisp("project", "show", 999999)
    assert (ran.exit_code, ran.out) == (1, "Project 999999 not found\n")


def test_projects_are_listed_with_their_counts(new_bench: Bench) -> None:
    first = new_bench.create_project("a.root", "b.root", attributes="virtual=true n=1")
    second = new_bench.create_project("a.root", attributes="virtual=true n=2")
    new_bench.succeed("project", "cancel", second)
    new_bench.reserve(first)
    new_bench.succeed("worker", "failed", "-f", *(() if new_bench.is_old else ("-w", "w1")), first, "test:a.root")
    header, rule, row, end = new_bench.succeed("project", "list").splitlines()
    assert header.split() == ["Project", "id", "Owner", "Created", "State", "Done/Failed/Total"]
    assert rule == end
    assert set(rule) == {"-", " "}
    words = row.split()
    assert [*words[:2], *words[4:]] == [str(first), new_bench.username, "active", "0/1/2"]

    def find(*words: object) -> list[int]:
        return [project["project_id"] for project in json.loads(new_bench.succeed("project", "list", "-j", *words))]

    assert find() == [first]
    assert find("-a", "n=1") == [first]
    assert find("-a", "n=2") == []
    assert find("-s", "cancelled") == [second]
    assert find("-u", new_bench.username) == [first]
    assert {first} <= set(find("-u", "all"))
    assert find("-u", "nobody") == []
    if not new_bench.is_old:
        assert find("-s", "all") == [first, second]
        assert find("-n", "active") == []


def test_handles_are_restarted(bench: Bench) -> None:
    number = bench.create_project("a", "b", "c")
    worker = () if bench.is_old else ("-w", "w1")
    for words in (("done",), ("failed", "-f")):
        did = bench.reserve(number)
        bench.succeed("worker", *words, *worker, number, did)
    bench.reserve(number)
    assert list_states(bench, number) == {"a": "done", "b": "failed", "c": "reserved"}
    assert bench.succeed("project", "restart", number, "test:a") == ""
    assert list_states(bench, number) == {"a": "initial", "b": "failed", "c": "reserved"}
    assert bench.succeed("project", "restart", "-f", number) == ""
    assert list_states(bench, number) == {"a": "initial", "b": "initial", "c": "reserved"}
    assert bench.succeed("project", "restart", "-d", "-r", number) == ""
    assert list_states(bench, number) == {"a": "initial", "b": "initial", "c": "initial"}
    assert bench.succeed("project", "restart", "-a", number) == ""
    ran = bench.ddisp("project", "restart", number)
    assert ran.exit_code == 0
    assert "Invalid arguments or options" in ran.err


def test_a_project_is_cancelled_activated_and_deleted(bench: Bench) -> None:
    number = bench.create_project("a.root")
    assert bench.succeed("project", "cancel", number) == ""
    cancelled = json.loads(bench.succeed("project", "cancel", "-j", number))
    assert (cancelled["state"], cancelled["active"]) == ("cancelled", False)
    if bench.is_old:
        assert bench.succeed("project", "activate", number) == ""
    else:
        # The client prints what it read before it activated the project.
        assert json.loads(bench.succeed("project", "activate", "-j", number))["state"] == "cancelled"
    assert show(bench, number)["state"] == "active"
    assert bench.succeed("project", "delete", number) == ""
    assert bench.ddisp("project", "show", number).exit_code == 1


def test_nobody_else_cancels_a_project(bench: Bench, admin_bench: Bench) -> None:
    number = admin_bench.create_project("a.root")
    ran = bench.ddisp("project", "cancel", number)
    assert ran.exit_code == 1
    assert "Forbidden" in ran.last_words

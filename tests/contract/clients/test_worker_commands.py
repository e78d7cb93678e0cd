"""Every `ddisp worker`, `file` and `rse` command of both releases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.contract.clients.bench import Bench


def take_json(bench: Bench, project_id: int) -> Any:  # noqa: ANN401 - whatever the client prints
    """The next file for a worker at FNAL as JSON: of the older client only its library gives it."""
    if not bench.is_old:
        return json.loads(bench.succeed("worker", "next", "-j", "-c", "FNAL", "-w", "w1", project_id))
    assert bench.succeed("worker", "next", "-j", "-c", "FNAL", "-w", "w0", project_id) == "test:a.root\n"
    bench.succeed("project", "restart", "-r", project_id)
    return bench.script("result = client.next_file(int(sys.argv[1]), cpu_site='FNAL', stagger=0)", project_id)


def test_a_worker_id_is_made_kept_and_chosen(bench: Bench) -> None:
    first = bench.succeed("worker", "id")
    assert len(first.strip()) == 8
    assert bench.succeed("worker", "id") == first
    assert bench.succeed("worker", "id", "-n") != first
    assert bench.succeed("worker", "id", "worker-7") == "worker-7\n"
    assert bench.succeed("worker", "id") == "worker-7\n"


def test_the_next_file_is_a_did_until_there_is_none(bench: Bench) -> None:
    number = bench.create_project("a.root")
    assert bench.succeed("worker", "next", "-w", "w1", number) == "test:a.root\n"
    ran = bench.ddisp("worker", "next", "-t", 0, "-w", "w2", number)
    assert (ran.exit_code, ran.out) == (1, "timeout\n")
    bench.succeed("worker", "done", *(() if bench.is_old else ("-w", "w1")), number, "test:a.root")
    ran = bench.ddisp("worker", "next", "-t", 0, "-w", "w2", number)
    assert ran.exit_code == 1
    if bench.is_old:
        assert ran.last_words.endswith("Inactive project. State=done")
    else:
        assert ran.out == "done\n"


def test_the_next_file_as_json_has_its_replicas_and_the_attributes_of_the_project(bench: Bench) -> None:
    number = int(bench.succeed("project", "create", "-A", "n=5", "-l", "-", stdin="test:a.root\n"))
    taken = take_json(bench, number)
    assert isinstance(taken["reserved_since"], float)
    replica = {
        "name": "a.root",
        "namespace": "test",
        "path": None,
        "rse": "DISK1",
        "url": "root://disk1//a.root",
        "urls": ["root://disk1//a.root"],
        "preference": 7,
        "proximity": 7,
        "available": True,
        "rse_available": True,
    }
    assert taken == {
        "project_id": number,
        "namespace": "test",
        "name": "a.root",
        "state": "reserved",
        "worker_id": "w1",
        "attempts": 2 if bench.is_old else 1,
        "attributes": {},
        "reserved_since": taken["reserved_since"],
        "replicas": {"DISK1": replica} if bench.is_old else [replica],
        "project_attributes": {"n": 5},
    }
    if not bench.is_old:
        ran = bench.ddisp("worker", "next", "-j", "-t", 0, "-w", "w2", number)
        assert (ran.exit_code, ran.document) == (1, {"state": "timeout"})
        bench.succeed("worker", "done", "-w", "w1", number, "test:a.root")
        ran = bench.ddisp("worker", "next", "-j", "-t", 0, "-w", "w2", number)
        assert (ran.exit_code, ran.document) == (1, {"state": "done"})


def test_a_file_without_a_usable_copy_is_waited_for(bench: Bench) -> None:
    number = int(bench.succeed("project", "create", "-l", "-", stdin="test:c.root\n"))
    ran = bench.ddisp("worker", "next", "-t", 0, "-w", "w1", number)
    assert (ran.exit_code, ran.out) == (1, "timeout\n")


def test_a_file_is_done_or_failed(bench: Bench) -> None:
    number = bench.create_project("a", "b", "c")
    worker = () if bench.is_old else ("-w", "w1")
    assert bench.succeed("worker", "done", *worker, number, bench.reserve(number)) == ""
    assert bench.succeed("worker", "failed", *worker, number, bench.reserve(number)) == ""
    assert bench.succeed("worker", "failed", "-f", *worker, number, bench.reserve(number)) == ""
    handles = json.loads(bench.succeed("project", "show", "-j", number))["file_handles"]
    assert {handle["name"]: (handle["state"], handle["attempts"]) for handle in handles} == {
        "a": ("done", 1),
        "b": ("initial", 1),
        "c": ("failed", 1),
    }


def test_giving_back_a_second_time(bench: Bench) -> None:
    number = bench.create_project("a", "b")
    did = bench.reserve(number)
    worker = () if bench.is_old else ("-w", "w1")
    bench.succeed("worker", "done", *worker, number, did)
    again = bench.ddisp("worker", "done", *worker, number, did)
    if bench.is_old:
        # This client does not say which worker it is.
        assert again.exit_code == 1
        assert again.last_words.endswith("Handle not found or was not reserved")
    else:
        assert (again.exit_code, again.err) == (0, "")
        other = bench.ddisp("worker", "done", "-w", "w2", number, did)
        assert other.exit_code == 1
        assert other.last_words.endswith("Not authorized: wrong worker_id")


def test_all_files_of_a_worker_at_once(bench: Bench) -> None:
    number = bench.create_project("a", "b", "c")
    bench.succeed("worker", "id", "w1")
    bench.reserve(number)
    bench.reserve(number)
    if bench.is_old:
        for words in (("list", number), ("list", "-j", number), ("done", number, "all"), ("failed", number, "all")):
            ran = bench.ddisp("worker", *words)
            assert ran.exit_code == 1
            assert "has no attribute 'reserved_files'" in ran.last_words
        return
    listed = json.loads(bench.succeed("worker", "list", "-j", number))
    assert [(handle["name"], handle["worker_id"]) for handle in listed] == [("a", "w1"), ("b", "w1")]
    assert bench.succeed("worker", "list", "-w", "w2", number) == ""
    lines = bench.succeed("worker", "list", "-w", "w1", number).splitlines()
    assert lines[0] == f"project_id: {number}"
    assert "worker_id : w1" in lines
    assert bench.succeed("worker", "done", number, "all") == ""
    bench.reserve(number)
    assert bench.succeed("worker", "failed", "-f", number, "all") == ""
    handles = json.loads(bench.succeed("project", "show", "-j", number))
    assert [handle["state"] for handle in handles["file_handles"]] == ["done", "done", "failed"]
    assert handles["state"] == "failed"


def test_a_file_of_a_project_is_shown(bench: Bench) -> None:
    number = int(bench.succeed("project", "create", "-l", "-", stdin="test:a.root\n"))
    if bench.is_old:
        # The call it makes was taken out of the servers long ago, and the other branch has a wrong name in it.
        ran = bench.ddisp("file", "show", "test:a.root")
        assert ran.exit_code == 1
        assert ran.last_words.startswith("AttributeError") or ran.last_words.startswith("TypeError")
        assert bench.succeed("file", "show", "-j", "test:a.root") == "null\n"
        ran = bench.ddisp("file", "show", "-p", number, "test:a.root")
        assert ran.exit_code == 1
        return
    lines = bench.succeed("file", "show", number, "test:a.root").splitlines()
    assert lines == [
        f"project_id: {number}",
        "namespace : test",
        "name      : a.root",
        "state     : initial",
        "worker_id : None",
        "attempts  : 0",
        "attributes: {}",
        "reserved_since: None",
        "replicas:",
        *[
            line
            for rse, staged in (("DISK1", "yes"), ("DISK2", "yes"))
            for line in (
                "  Preference:  0",
                f"  RSE:         {rse}",
                "  Path:        ",
                f"  URL:         root://{rse.lower()}//a.root",
                f"  URLs:        ['root://{rse.lower()}//a.root']",
                f"  Available:   {staged}",
            )
        ],
    ]
    shown = json.loads(bench.succeed("file", "show", "-j", number, "test:a.root"))
    assert sorted(shown["replicas"]) == ["DISK1", "DISK2"]
    assert (shown["replicas"]["DISK2"]["available"], shown["replicas"]["DISK2"]["rse_available"]) == (True, False)
    ran = bench.ddisp("file", "show", number, "test:unknown")
    assert ran.exit_code == 1
    assert ran.last_words.startswith("NameError: name 'handle_id' is not defined")


def test_files_of_a_project_are_listed(bench: Bench) -> None:
    number = int(bench.succeed("project", "create", "-l", "-", stdin="test:a.root\ntest:c.root\n"))
    if bench.is_old:
        ran = bench.ddisp("file", "list", number)
        assert ran.exit_code == 1
        assert "unexpected keyword argument 'rse'" in ran.last_words
        return
    assert bench.succeed("file", "list", number).splitlines() == [
        " Status Available  Replicas Attempts Timeouts Worker File       ",
        "------- --------- --------- -------- -------- ------ -----------",
        "initial       yes    1/2           0        0      - test:a.root",
        "initial        no    0/0           0        0      - test:c.root",
        "------- --------- --------- -------- -------- ------ -----------",
    ]

    def find(*words: object) -> list[str]:
        return [handle["name"] for handle in json.loads(bench.succeed("file", "list", "-j", *words, number))]

    assert find() == find("-s", "initial") == ["a.root", "c.root"]
    assert find("-s", "done") == []
    assert find("-r", "DISK2") == ["a.root"]


def test_storage_elements_are_listed_and_shown(bench: Bench) -> None:
    lines = bench.succeed("rse", "list").splitlines()
    assert lines[0].split() == ["Name", "Tape", "Status", "Description"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:-1]}
    assert rows["DISK1"] == ["up", "disk"]
    assert rows["DISK2"] == ["down", "far", "disk"]
    assert rows["TAPE1"] == ["tape", "up", "tape"]
    listed = json.loads(bench.succeed("rse", "list", "-j"))
    assert [rse["name"] for rse in listed] == sorted(rse["name"] for rse in listed)
    expected = {
        "name": "TAPE1",
        "description": "tape",
        "is_available": True,
        "is_tape": True,
        "pin_url": None,
        "poll_url": None,
        "remove_prefix": "",
        "add_prefix": "",
        "pin_prefix": "",
        "preference": 5,
        "is_enabled": True,
        "type": None,
    }
    assert json.loads(bench.succeed("rse", "show", "-j", "TAPE1")) == expected
    assert bench.succeed("rse", "show", "TAPE1").splitlines() == [
        "RSE:            TAPE1",
        "Preference:     5",
        "Tape:           yes",
        "Available:      yes",
        "Pin URL:        ",
        "Poll URL:       ",
        "Remove prefix:  ",
        "Add prefix:     ",
    ]
    ran = bench.ddisp("rse", "show", "NOWHERE")
    assert (ran.exit_code, ran.out) == (1, "RSE NOWHERE not found\n")


def test_a_storage_element_is_switched_by_the_administrator_only(admin_bench: Bench) -> None:
    for word, is_available in (("down", False), ("up", True)):
        assert admin_bench.succeed("rse", "set", word, "DISK3") == ""
        assert json.loads(admin_bench.succeed("rse", "show", "-j", "DISK3"))["is_available"] is is_available
    ran = admin_bench.ddisp("rse", "set", "sideways", "DISK3")
    assert ran.exit_code == 2


def test_a_member_switches_no_storage_element(bench: Bench) -> None:
    ran = bench.ddisp("rse", "set", "down", "DISK3")
    assert ran.exit_code == 1
    assert "Not authorized" in ran.last_words


@pytest.mark.parametrize("command", ["project", "file", "worker", "rse"])
def test_commands_of_later_releases_are_not_there(bench: Bench, command: str) -> None:
    ran = bench.ddisp(command, "create-anew")
    assert ran.exit_code == 0
    assert "Unknown command" in ran.err

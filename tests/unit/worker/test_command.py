from __future__ import annotations

from pathlib import Path

import pytest

from sutler.worker.command import build_environment, check_command, fill_in
from sutler.worker.errors import UsageError
from sutler.worker.inputs import Input, UnusableInput, choose_input
from sutler.worker.messages import Lease, NextReply, parse_instant


def an_input(name: str = "f.art.root", location: str = "/data/f.art.root", number: int = 1) -> Input:
    return Input(Lease(attempt_id=number, attempt=3, namespace="demo", name=name), location)


@pytest.mark.parametrize(
    ("argument", "filled"),
    [
        ("{file}", "/data/f.art.root"),
        ("--in={file}", "--in=/data/f.art.root"),
        ("{did}#{attempt}", "demo:f.art.root#3"),
        ("{stem}.reco.root", "f.art.reco.root"),
        ("{name}{name}", "f.art.rootf.art.root"),
        ("{{file}}", "{file}"),
        ("{{file}", "{file}"),
        ("{{files}}", "{files}"),
        ("{unknown} ${HOME} {}", "{unknown} ${HOME} {}"),
        ('{"a":{"b":"{name}"}}', '{"a":{"b":"f.art.root"}}'),
        ("awk '{print $1}'", "awk '{print $1}'"),
    ],
)
def test_placeholders_are_filled_and_other_braces_left(argument: str, filled: str) -> None:
    assert fill_in(["x", argument], [an_input()]) == ["x", filled]


def test_values_are_not_filled_in_again() -> None:
    assert fill_in(["{file}"], [an_input(location="/data/{did}")]) == ["/data/{did}"]


def test_files_become_one_argument_each() -> None:
    inputs = [an_input(location="/a b"), an_input(location="/c")]
    assert fill_in(["x", "{files}", "-o", "{file}"], inputs) == ["x", "/a b", "/c", "-o", "/a b"]


@pytest.mark.parametrize("command", [(), ("",), ("x", "--in={files}"), ("{files}",)])
def test_commands_that_can_never_run_are_refused(command: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        check_command(command)


def test_environment_of_several_inputs_lists_them() -> None:
    inputs = [an_input("a", "/a", 1), an_input("b", "root://x/b", 2)]
    facts = build_environment(
        {"HOME": "/h", "SUTLER_TOKEN": "s", "SUTLER_TOKEN_FILE": "t"},
        inputs,
        directory=Path("/scratch"),
        attributes_as_list=True,
    )
    assert facts == {
        "HOME": "/h",
        "SUTLER_INPUT_FILE": "/a",
        "SUTLER_INPUT_FILES": "/a\nroot://x/b",
        "SUTLER_INPUT_DID": "demo:a",
        "SUTLER_INPUT_DIDS": "demo:a\ndemo:b",
        "SUTLER_ATTEMPT_ID": "1",
        "SUTLER_ATTEMPT": "3",
        "SUTLER_HANDLE_ATTRIBUTES": "[{}, {}]",
        "SUTLER_OUTPUT_DIR": "/scratch",
    }


def a_lease(*urls: str, size_bytes: int | None = None) -> Lease:
    return Lease(attempt_id=1, attempt=1, namespace="demo", name="f", replica_urls=tuple(urls), size_bytes=size_bytes)


def test_the_first_usable_replica_is_chosen(tmp_path: Path) -> None:
    good = tmp_path / "a ü%.root"
    good.write_bytes(b"12345")
    gone = (tmp_path / "gone").as_uri()
    lease = a_lease(gone, good.as_uri(), "root://far/f", size_bytes=5)
    assert choose_input(lease) == Input(lease, str(good))
    lease = a_lease(gone, "root://far/f", good.as_uri())
    assert choose_input(lease) == Input(lease, "root://far/f")


def test_unusable_replicas_are_named_with_what_is_wrong(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_bytes(b"123")
    chosen = choose_input(a_lease(tmp_path.as_uri(), short.as_uri(), size_bytes=5))
    assert isinstance(chosen, UnusableInput)
    assert chosen.reason == (f"input file {tmp_path} is not a file; input file {short} has 3 bytes and should have 5")


def test_a_replica_that_cannot_be_looked_at_is_named() -> None:
    path = "/" + "x" * 300
    chosen = choose_input(a_lease(f"file://{path}"))
    assert isinstance(chosen, UnusableInput)
    assert path in chosen.reason


def test_instants_are_read_tolerantly() -> None:
    noon = parse_instant("2026-01-01T12:00:00Z")
    assert noon is not None
    assert noon == parse_instant("2026-01-01T13:00:00.000+01:00") == parse_instant("2026-01-01 12:00:00")
    assert parse_instant("soon") is parse_instant(None) is parse_instant(5) is None


def test_leases_are_read_with_only_what_they_need() -> None:
    document = {"leases": [{"attempt_id": "5", "namespace": "n", "name": "f", "replicas": None, "novel": 1}]}
    [lease] = NextReply.from_document(document).leases
    assert (lease.attempt_id, lease.attempt, lease.did, lease.replica_urls) == (5, 1, "n:f", ())
    assert (lease.renew_seconds, lease.expires_at, lease.size_bytes) == (300, None, None)

"""Two installations: campaigns of the first select from the catalogue of the second and declare their outputs there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from zlib import adler32

import pytest
from demo.server import DemoServer, find_free_port

from sutler.client import Client
from sutler.wire.auth import NewUser
from sutler.wire.campaigns import NewCampaign, NewJobType, NewLoginSetup, NewStage
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace
from sutler.wire.replicas import NewReplica, NewRse
from sutler.wire.services import NewCredential, NewService
from sutler.wire.submissions import SubmissionView

pytestmark = pytest.mark.journey

PATIENCE_SECONDS = 120.0
SLICE = 3
FIRST_PASSWORD = "correct horse"
SECOND_PASSWORD = "battery staple"
SCRIPT = """#!/bin/sh
while [ ! -e "{gate}" ]; do sleep 0.1; done
tr a-z A-Z < "$1" > "$2"
"""


@dataclass(frozen=True)
class Site:
    """One installation and somebody who talks to it."""

    server: DemoServer
    client: Client
    token: str


@dataclass(frozen=True)
class World:
    """The installation that runs campaigns, the one that has the catalogue, a stage, and what its jobs wait for."""

    near: Site
    far: Site
    stage_id: int
    gate: Path

    def launch(self) -> int:
        """Launch the next slice; its jobs wait at the gate."""
        self.gate.unlink(missing_ok=True)
        return self.near.client.launch_stage(self.stage_id)

    def open_gate(self) -> None:
        """Let the jobs go on."""
        self.gate.touch()

    def view(self, submission_id: int) -> SubmissionView:
        """The submission as its page shows it."""
        return self.near.client.view_submission(submission_id)

    def wait(self, submission_id: int, is_so: Callable[[SubmissionView], bool]) -> SubmissionView:
        """Wait until a submission is as it should be."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so(view := self.view(submission_id)):
            assert time.monotonic() < deadline, view
            time.sleep(0.2)
        return view

    def set_password(self, password: str) -> None:
        """Let the first installation sign in with a password for its work of production."""
        self.near.client.set_credential("nova", "metacat", "production", NewCredential("pro", password))

    def check(self) -> tuple[int, str, dict[str, str]]:
        """`sutler experiment check`: its exit code, its state, and the worst sentence of each state."""
        done = subprocess.run(
            [sys.executable, "-m", "sutler", "experiment", "check", "nova", "--json"],
            env={**os.environ, "SUTLER_URL": self.near.server.url, "SUTLER_TOKEN": self.near.token},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout, done.stderr
        report = json.loads(done.stdout)
        return done.returncode, report["state"], {line["state"]: line["sentence"] for line in report["items"]}

    def list_outputs(self) -> list[str]:
        """The names of all outputs that the second installation knows, as often as it knows them."""
        return sorted(file.name for file in self.far.client.query_files("files from near:out").items)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two servers; the second has nine files and a producer, the first their copies and a stage that wants them."""
    with ExitStack() as stack:
        near, far = (_start(stack, tmp_path / name) for name in ("near", "far"))
        names = [f"f{number}.txt" for number in range(3 * SLICE)]
        _fill_far(far, names)
        gate = tmp_path / "gate"
        yield World(near, far, _fill_near(near, far, names, tmp_path, gate), gate)


def test_campaigns_live_on_the_catalogue_of_another_installation(world: World) -> None:
    assert world.check()[1] == "fine", world.check()

    first = world.launch()
    world.open_gate()
    done = world.wait(first, lambda view: view.submission.ended_at is not None and view.undeclared is None)
    assert (done.submission.status, done.submission.done_count) == ("Completed", SLICE)
    outputs = world.list_outputs()
    assert len(set(outputs)) == len(outputs) == SLICE
    stem = outputs[0].removesuffix(".out")
    output = world.far.client.get_file(f"near:{stem}.out")
    assert [f"{parent.namespace}:{parent.name}" for parent in output.parents] == [f"raw:{stem}.txt"]
    assert {str(name) for name in output.datasets} == {"near:out"}
    assert output.file.checksums["adler32"] == f"{adler32(_content(f'{stem}.txt').upper()):08x}"

    _change_the_password_meanwhile(world)
    _kill_the_second_server_meanwhile(world)

    assert world.list_outputs() == sorted(f"f{number}.out" for number in range(3 * SLICE))
    for number in range(3 * SLICE):
        assert len(world.far.client.get_file(f"near:f{number}.out").parents) == 1


def _change_the_password_meanwhile(world: World) -> None:
    submission_id = world.launch()
    world.far.client.change_password("pro", SECOND_PASSWORD)
    world.near.server.kill()  # with the token it still had
    world.near.server.start()
    exit_code, state, sentences = world.check()
    assert (exit_code != 0, state) == (True, "broken")
    assert "production" in sentences["broken"]
    world.open_gate()
    waiting = world.wait(
        submission_id,
        lambda view: (
            view.undeclared is not None and view.undeclared.pending_count == SLICE and view.undeclared.reason != ""
        ),
    )
    assert f"{SLICE} outputs are not yet declared to {world.far.server.url}" in waiting.why
    assert "refused" in waiting.why
    assert len(world.list_outputs()) == SLICE
    world.set_password(SECOND_PASSWORD)
    world.wait(submission_id, lambda view: view.submission.ended_at is not None and view.undeclared is None)
    assert len(world.list_outputs()) == 2 * SLICE
    assert world.check()[1] == "fine"


def _kill_the_second_server_meanwhile(world: World) -> None:
    submission_id = world.launch()
    world.far.server.kill()
    world.open_gate()
    waiting = world.wait(
        submission_id,
        lambda view: (
            view.submission.ended_at is not None
            and view.undeclared is not None
            and view.undeclared.pending_count == SLICE
            and view.undeclared.reason != ""
        ),
    )
    assert world.far.server.url in waiting.why
    world.near.server.kill()
    world.near.server.start()
    world.far.server.start()
    world.near.client.retry_declarations("nova")
    world.wait(submission_id, lambda view: view.undeclared is None)


def _start(stack: ExitStack, directory: Path) -> Site:
    server = DemoServer(directory, find_free_port(), environment={"SUTLER_ADMIN_PASSWORD": FIRST_PASSWORD})
    server.start()
    stack.callback(server.stop)
    token = server.create_token()
    return Site(server, stack.enter_context(Client(url=server.url, token=token)), token)


def _fill_far(far: Site, names: list[str]) -> None:
    far.client.create_experiment("lab")
    far.client.create_user(NewUser("pro", FIRST_PASSWORD))
    far.client.set_member("lab", "pro", "production")
    for namespace in ("raw", "near"):
        far.client.create_namespace(NewNamespace("lab", namespace, "", owner_role="production"))
    far.client.create_dataset(NewDataset("raw:all"))
    files = [NewFile("raw", name, 17, {"adler32": f"{adler32(_content(name)):08x}"}) for name in names]
    far.client.declare_files(files, dataset="raw:all")


def _fill_near(near: Site, far: Site, names: list[str], directory: Path, gate: Path) -> int:
    near.client.create_experiment("nova")
    store = directory / "store"
    store.mkdir()
    near.client.create_rse(NewRse("nova", "DISK", "", store.as_uri()))
    for name in names:
        (store / name).write_bytes(_content(name))
    copies = [NewReplica(f"raw:{name}", "DISK", (store / name).as_uri()) for name in names]
    near.client.add_replicas("nova", copies)
    service = NewService(f"{far.server.url}/metacat", f"{far.server.url}/auth", timeout_seconds=5.0)
    near.client.set_service("nova", "metacat", service)
    near.client.set_credential("nova", "metacat", "production", NewCredential("pro", FIRST_PASSWORD))
    script = directory / "upper.sh"
    script.write_text(SCRIPT.replace("{gate}", str(gate)))
    script.chmod(0o755)
    near.client.save_login_setup(NewLoginSetup(experiment="nova", name="here", backend="local"))
    near.client.save_job_type(
        NewJobType(
            experiment="nova",
            name="upper",
            launch_script=f"{script} {{file}} {{stem}}.out",
            output_file_patterns=("*.out",),
            output_namespace="near",
            output_dataset="out",
            output_rse="DISK",
        )
    )
    stage = NewStage(
        "upper", "upper", "here", dataset_query="files from raw:all", split_type=f"drainingn({SLICE})", job_count=SLICE
    )
    campaign = near.client.create_campaign(NewCampaign(experiment="nova", name="upper", stages=(stage,)))
    return near.client.view_campaign(campaign.id).stages[0].id


def _content(name: str) -> bytes:
    return f"content of {name}".encode()

"""A campaign that nobody touches once it is saved: its schedule launches it, what fails is recovered with more memory,
and the stages that depend on it follow, each once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from demo.server import DemoServer, find_free_port

from sutler.client import Client
from sutler.wire.plans import CampaignText
from sutler.wire.replicas import NewRse
from sutler.wire.submissions import SubmissionSummary, SubmissionView

pytestmark = pytest.mark.journey

UNITS = 4
LONGEST_WAIT_SECONDS = 240

MAKE = """#!/bin/sh
echo "$1" > "made.$(basename "$1").txt"
"""
REFINE = """#!/usr/bin/env python3
import pathlib, sys, time
hog = bytearray(int(sys.argv[1]) << 20)
hog[::4096] = b"x" * len(hog[::4096])
time.sleep(3 if len(hog) > 150_000_000 else 0)  # long enough to be seen, however busy the machine is
name = pathlib.Path(sys.argv[2]).name
pathlib.Path(f"{sys.argv[3]}.{name}").write_text(name)
"""

TEXT = """
[campaign]
experiment = "local"
name = "by itself"

[defaults]
login_setup = "here"
job_count = 2

[login_setups.here]
backend = "local"

[job_types.make]
launch_script = "{folder}/make.sh {{name}}"
output_file_patterns = ["made.*.txt"]
output_rse = "STORE"
output_namespace = "local"

[job_types.hungry]
launch_script = "{folder}/refine.py 250 {{file}} hungry"
parameters = [["resource.memory=", "150MB"]]
output_file_patterns = ["hungry.*"]
output_rse = "STORE"
output_namespace = "local"

[[job_types.hungry.recoveries]]
type = "state_failed"
parameter_overrides = [["resource.memory=", "160MB"]]

[[job_types.hungry.recoveries]]
type = "state_not_done"
parameter_overrides = [["resource.memory=", "2GB"]]

[job_types.frugal]
launch_script = "{folder}/refine.py 1 {{file}} frugal"
output_file_patterns = ["frugal.*"]
output_rse = "STORE"
output_namespace = "local"

[stages.make]
job_type = "make"
stage_type = "generator"
unit_count = {units}
dataset_query = '[["once"]]'
split_type = "multiparam"

[stages.hungry]
job_type = "hungry"

[stages.frugal]
job_type = "frugal"

[stages.join]
job_type = "frugal"

[[dependencies]]
upstream = "make"
downstream = "hungry"

[[dependencies]]
upstream = "make"
downstream = "frugal"

[[dependencies]]
upstream = "hungry"
downstream = "join"
file_pattern = "hungry.%"

[schedules.make]
cron = "* * * * *"
time_zone = "Europe/Berlin"
"""


@dataclass(frozen=True)
class Flow:
    """What became of the campaign: its submissions, oldest first, and how each ended."""

    client: Client
    stages: dict[str, int]
    submissions: tuple[SubmissionSummary, ...]

    def view(self, stage: str) -> list[SubmissionView]:
        """The submissions of a stage, oldest first."""
        return [self.client.view_submission(one.id) for one in self.submissions if one.stage == stage]


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    """The campaign, saved as a text and left alone until nothing happens any more."""
    folder = tmp_path_factory.mktemp("scheduled")
    for name, text in (("make.sh", MAKE), ("refine.py", REFINE)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "store").mkdir()
    server = DemoServer(folder / "data", find_free_port(), environment={"SUTLER_ADMIN_PASSWORD": "correct horse"})
    server.start()
    try:
        with Client(url=server.url, token=server.create_token()) as client:
            yield _let_it_run(client, folder)
    finally:
        server.stop()


def _let_it_run(client: Client, folder: Path) -> Flow:
    client.create_rse(NewRse("local", "STORE", url_prefix=f"file://{folder}/store"))
    applied = client.apply_campaign(CampaignText(text=TEXT.format(folder=folder, units=UNITS)))
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while not _is_over(client, applied.campaign_id):
        assert time.monotonic() < deadline, client.list_submissions(campaign_id=applied.campaign_id).items
        time.sleep(0.5)
    found = client.list_submissions(campaign_id=applied.campaign_id).items
    return Flow(
        client, {stage.name: stage.id for stage in applied.stages}, tuple(sorted(found, key=lambda one: one.id))
    )


def _is_over(client: Client, campaign_id: int) -> bool:
    """Whether the last stage is done and the schedule has ended: nothing more can come."""
    found = client.list_submissions(campaign_id=campaign_id).items
    schedules = client.list_schedules(campaign_id=campaign_id).items
    has_joined = any(one.stage == "join" and one.ended_at is not None for one in found)
    return has_joined and all(one.ended_at for one in found) and not any(each.is_active for each in schedules)


@pytest.mark.row(56, 57)
def test_the_schedule_launches_once_and_ends_when_there_is_no_more(flow: Flow) -> None:
    [made] = flow.view("make")
    assert (made.submission.cause, made.submission.status) == ("schedule", "Completed")
    assert made.submission.done_count == UNITS
    runs = flow.client.list_schedule_runs(flow.stages["make"]).items
    assert sorted(run.state for run in runs if run.state != "skipped") == ["launched", "nothing"]
    schedule = flow.client.get_schedule(flow.stages["make"])
    assert not schedule.is_active
    assert schedule.reason


@pytest.mark.row(52, 90, 91)
def test_jobs_that_pass_their_memory_are_ended_and_recovered_with_more(flow: Flow) -> None:
    first, *recoveries = flow.view("hungry")
    assert first.submission.status == "Completed with failures"
    assert first.submission.done_count == 0
    assert all("of the 150 MB of memory it asked for" in job.reason for job in first.jobs)
    last = recoveries[-1]
    assert (last.submission.cause, last.submission.recovery_type) == ("recovery", "state_not_done")
    assert (last.submission.original_id, last.submission.done_count) == (first.submission.id, UNITS)
    assert last.config["request"]["memory_bytes"] == 2_000_000_000


@pytest.mark.row(97)
def test_dependants_follow_once_on_what_came_out(flow: Flow) -> None:
    [frugal] = flow.view("frugal")
    [join] = flow.view("join")
    first = flow.view("hungry")[0]
    assert frugal.submission.total_count == join.submission.total_count == UNITS
    assert join.submission.upstream_submission_id == first.submission.id
    files = flow.client.list_submission_handles(submission_id=join.submission.id).items
    assert all(file.name.startswith("hungry.") for file in files)
    assert join.submission.status == "Completed"

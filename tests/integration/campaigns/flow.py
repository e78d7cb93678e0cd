"""A chain of stages in the scene, and what lets everything happen that is due."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from tests.integration.campaigns.scene import Scene

from sutler import campaigns, dispatch
from sutler.campaigns import (
    NewDependency,
    NewJobType,
    NewStage,
    Recovery,
    StageSettings,
    SubmissionSummary,
)
from sutler.dispatch import Outcome, Output, Report
from sutler.loops import Surroundings, intentions, reactions

RAW = "files from nova:raw"


async def make_chain(
    scene: Scene, settings: StageSettings, *, recoveries: tuple[Recovery, ...] = (), pattern: str = "%"
) -> tuple[int, int]:
    """Make a stage with a list of recoveries and one that depends on it; return their ids."""
    await campaigns.save_job_type(
        scene.db,
        scene.producer,
        new=NewJobType(
            "nova",
            "again",
            "/bin/true {file}",
            parameters=(("--tries=", "1"),),
            output_file_patterns=("out.*",),
            output_rse="DISK",
            recoveries=recoveries,
        ),
    )
    first, second = await scene.make_campaign(
        NewStage("first", "again", "here", settings=settings),
        NewStage("second", "again", "here"),
        dependencies=(NewDependency("first", "second", pattern),),
    )
    return first, second


async def settle(scene: Scene) -> None:
    """Let everything happen that is due."""
    around = Surroundings(scene.db, scene.launcher)
    for _ in range(4):
        while await reactions.step(around):
            pass
        await intentions.step(around)


async def list_of(scene: Scene, stage_id: int) -> list[SubmissionSummary]:
    """The submissions of a stage, oldest first."""
    page = await campaigns.list_submissions(scene.db, scene.producer, stage_id=stage_id)
    return sorted(page.items, key=lambda submission: submission.id)


async def finish(
    scene: Scene,
    submission: SubmissionSummary,
    *,
    fail: Sequence[str] = (),
    without_output: Sequence[str] = (),
    settles: bool = True,
) -> None:
    """Process the files of a submission; those named fail for good, or leave no output."""
    assert submission.project_id is not None
    wish = dispatch.Wish(worker_id="w1", request_id=uuid4(), count=1000)
    answer = await dispatch.reserve_next(scene.db, scene.producer, project_id=submission.project_id, wish=wish)
    for lease in answer.leases:
        is_bad = lease.name in fail
        outputs = (Output("nova", f"out.{lease.name}", 5, {"adler32": "0" * 8}, url="file:///o", rse="DISK"),)
        report = Report(
            worker_id="w1",
            attempt_ids=(lease.attempt_id,),
            outcome=Outcome.FAILED if is_bad else Outcome.DONE,
            reason="exited with code 3" if is_bad else "",
            may_retry=False,
            outputs=() if is_bad or lease.name in without_output else outputs,
        )
        await dispatch.report(scene.db, scene.producer, report=report)
    if settles:
        await settle(scene)

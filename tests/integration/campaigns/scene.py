"""An experiment, its people, ten files with replicas, and everything a stage needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sutler import auth, campaigns, catalog, dispatch, replicas
from sutler.auth import Principal, Role
from sutler.base.did import Did
from sutler.campaigns import Launcher, NewCampaign, NewDependency, NewJobType, NewLoginSetup, NewStage, Site
from sutler.database import Database
from sutler.dispatch import Lease, Outcome, Output, Report, Wish
from sutler.launch import LocalBackend

FILES = 10


@dataclass(frozen=True)
class Scene:
    """What is there at the start of a test."""

    db: Database
    launcher: Launcher
    producer: Principal
    analyst: Principal
    admin: Principal

    async def make_campaign(self, *stages: NewStage, dependencies: tuple[NewDependency, ...] = ()) -> list[int]:
        """Make a campaign and return the ids of its stages in order."""
        campaign = await campaigns.create_campaign(
            self.db,
            self.producer,
            new=NewCampaign("nova", f"c{uuid4().hex[:6]}", stages=stages, dependencies=dependencies),
        )
        view = await campaigns.view_campaign(self.db, self.producer, campaign_id=campaign.id)
        return [stage.id for stage in view.stages]

    async def launch(self, stage_id: int, key: str | None = None, *, is_test: bool = False) -> int:
        """Launch a stage and return the id of the submission."""
        request = campaigns.LaunchRequest(stage_id, key or f"test/{uuid4()}", is_test)
        outcome = await campaigns.launch_stage(self.db, self.launcher, self.producer, request=request)
        assert isinstance(outcome, campaigns.Launched)
        return outcome.submission_id

    async def view(self, submission_id: int) -> campaigns.SubmissionView:
        """The submission as its page shows it."""
        return await campaigns.view_submission(self.db, self.producer, submission_id=submission_id)

    async def list_names(self, submission_id: int) -> list[str]:
        """The names of the files that a submission owns."""
        page = await campaigns.list_submission_handles(self.db, self.producer, submission_id=submission_id)
        return [handle.name for handle in page.items]

    async def reserve(self, submission_id: int, count: int = 1) -> tuple[Lease, ...]:
        """Lease files of a submission's project."""
        project_id = (await self.view(submission_id)).submission.project_id
        assert project_id is not None
        wish = Wish(worker_id="w1", request_id=uuid4(), count=count)
        return (await dispatch.reserve_next(self.db, self.producer, project_id=project_id, wish=wish)).leases

    async def work_off(self, submission_id: int, *, fail: int = 0) -> None:
        """Process all files: each puts out one file, the first `fail` of them fail for good."""
        for number, lease in enumerate(await self.reserve(submission_id, 1000)):
            is_bad = number < fail
            report = Report(
                worker_id="w1",
                attempt_ids=(lease.attempt_id,),
                outcome=Outcome.FAILED if is_bad else Outcome.DONE,
                reason="exited with code 3" if is_bad else "",
                may_retry=False,
                outputs=()
                if is_bad
                else (Output("nova", f"out.{lease.name}", 5, {"adler32": "0" * 8}, url="file:///o", rse="DISK"),),
            )
            await dispatch.report(self.db, self.producer, report=report)


async def set_scene(db: Database, directory: Path) -> Scene:
    """Make the experiment with its people and files."""
    await auth.ensure_first_user(db, password="correct horse")
    signer = await auth.load_signer(db)
    async with db.read() as tx:
        admin = await auth.get_principal_in(tx, user_id=(await _first_user_id(db)))
    await auth.create_experiment(db, admin, name="nova")
    producer = await add_member(db, admin, "pia", Role.PRODUCTION)
    analyst = await add_member(db, admin, "ann", Role.ANALYSIS)
    await catalog.create_namespace(db, producer, experiment="nova", name="nova", owner_role=Role.PRODUCTION)
    await catalog.create_dataset(db, producer, did=Did("nova", "raw"))
    await replicas.create_rse(db, producer, experiment="nova", name="DISK", url_prefix="file:///data")
    names = [f"f{number:02d}.root" for number in range(FILES)]
    await catalog.declare_files(
        db,
        producer,
        files=[
            catalog.NewFile("nova", name, 10, fid=f"fid{n:02d}", metadata={"core.number": n})
            for n, name in enumerate(names)
        ],
        dataset=Did("nova", "raw"),
    )
    await replicas.add_replicas(
        db,
        producer,
        experiment="nova",
        replicas=[replicas.NewReplica(Did("nova", name), "DISK", f"file:///data/{name}") for name in names],
    )
    await campaigns.save_login_setup(db, producer, new=NewLoginSetup("nova", "here"))
    await campaigns.save_job_type(
        db,
        producer,
        new=NewJobType("nova", "copy", "/bin/true {file}", output_file_patterns=("out.*",), output_rse="DISK"),
    )
    launcher = Launcher(
        site=Site("http://127.0.0.1:1", ("/bin/true",)),
        signer=signer,
        backends={"local": LocalBackend(directory / "jobs", slots=4)},
    )
    return Scene(db, launcher, producer, analyst, admin)


async def _first_user_id(db: Database) -> int:
    async with db.connection() as connection:
        return int(await connection.fetchval("SELECT id FROM auth.users WHERE username = 'admin'"))


async def add_member(db: Database, admin: Principal, username: str, role: Role) -> Principal:
    """Make a user with a role in the experiment."""
    user = await auth.create_user(db, admin, username=username, password="correct horse")
    await auth.set_member(db, admin, experiment="nova", username=username, role=role)
    return await auth.get_principal_of(db, user_id=user.id)

"""Outputs of a run: declared with the outcome or not at all."""

from __future__ import annotations

import hashlib

import pytest
from tests.conftest import NOON
from tests.integration.dispatch.scene import Scene, make_member

from sutler import catalog
from sutler.auth import Principal, Role, TokenKind
from sutler.base.did import Did
from sutler.base.errors import ConflictError, NotPermittedError
from sutler.catalog import NewFile
from sutler.dispatch import (
    CreatedProject,
    HandleState,
    NewHandle,
    Outcome,
    Output,
    Report,
    get_share_counts_in,
    list_outputs_in,
    list_pictures_in,
    list_produced_in,
    report,
    restart_handles,
)


async def test_outputs_are_declared_with_parents_dataset_and_replica(scene: Scene) -> None:
    project = await _start_on_catalogue_files(scene, 2)
    leases = (await scene.take(project, count=2)).leases
    out = _make_output("reco.root", dataset="reco:all", rse="DISK", url="file:///out/reco.root")
    answers = await scene.say(Outcome.DONE, *leases, outputs=(out,))
    assert all(answer.is_accepted for answer in answers)
    view = await catalog.get_file(scene.db, scene.who, did=Did("reco", "reco.root"))
    assert [str(parent.did) for parent in view.parents] == ["raw:f0", "raw:f1"]
    assert [str(dataset) for dataset in view.datasets] == ["reco:all"]
    assert view.file.metadata == {"core.events": 10}
    usable = await scene.column("SELECT url FROM replicas.usable WHERE namespace = 'reco'")
    assert usable == ["file:///out/reco.root"]
    await scene.check()


async def test_the_share_lists_and_counts_what_it_produced(scene: Scene) -> None:
    project = await _start_on_catalogue_files(scene, 2)
    for number in range(2):
        lease = await scene.take_one(project)
        picture = _make_output(f"mass{number}.png", media_type="image/png")
        await scene.say(Outcome.DONE, lease, outputs=(_make_output(f"reco{number}.root"), picture))
    async with scene.db.read() as tx:
        outputs = await list_outputs_in(tx, share_id=project.share_id, name_like="reco%")
        pictures = await list_pictures_in(tx, share_id=project.share_id)
        page = await list_produced_in(tx, share_id=project.share_id, limit=3)
        rest = await list_produced_in(tx, share_id=project.share_id, after=page.next_cursor)
    assert [output.name for output in outputs] == ["reco0.root", "reco1.root"]
    assert [picture.name for picture in pictures] == ["mass0.png", "mass1.png"]
    assert len(page.items) + len(rest.items) == 4
    assert await scene.value("SELECT output_count FROM dispatch.share_progress") == 4
    await scene.check()


async def test_a_repeated_report_declares_nothing_twice(scene: Scene) -> None:
    project = await _start_on_catalogue_files(scene, 1)
    lease = await scene.take_one(project)
    out = _make_output("reco.root", dataset="reco:all")
    first = await scene.say(Outcome.DONE, lease, outputs=(out,))
    assert await scene.say(Outcome.DONE, lease, outputs=(out,)) == first
    assert await scene.value("SELECT count(*) FROM dispatch.attempt_outputs") == 1
    await scene.check()


async def test_the_outputs_of_a_lost_lease_are_not_declared(scene: Scene) -> None:
    project = await _start_on_catalogue_files(scene, 1)
    lease = await scene.take_one(project)
    await restart_handles(scene.db, scene.who, project_id=project.project_id, states=[HandleState.RESERVED])
    (answer,) = await scene.say(Outcome.DONE, lease, outputs=(_make_output("reco.root"),))
    assert not answer.is_accepted
    assert await scene.value("SELECT count(*) FROM catalog.files WHERE namespace = 'reco'") == 0
    assert await scene.value("SELECT count(*) FROM dispatch.late_reports") == 1
    await scene.check()


async def test_outputs_that_cannot_be_declared_leave_the_lease_as_it_was(scene: Scene) -> None:
    project = await _start_on_catalogue_files(scene, 2)
    first, second = (await scene.take(project, count=2)).leases
    await scene.say(Outcome.DONE, first, outputs=(_make_output("reco.root"),))
    other = _make_output("reco.root", size_bytes=99)
    with pytest.raises(ConflictError):
        await scene.say(Outcome.DONE, second, outputs=(_make_output("new.root"), other))
    assert await scene.value("SELECT count(*) FROM catalog.files WHERE namespace = 'reco'") == 1
    assert (await scene.read(project)).counts.reserved_count == 1
    await scene.check()
    assert (await scene.say(Outcome.DONE, second))[0].is_accepted


async def test_the_same_file_declared_again_after_a_restart_counts_once(scene: Scene) -> None:
    project = await _start_on_catalogue_files(scene, 1)
    out = _make_output("reco.root")
    await scene.say(Outcome.DONE, await scene.take_one(project), outputs=(out,))
    await restart_handles(scene.db, scene.who, project_id=project.project_id, states=[HandleState.DONE])
    again = await scene.take_one(project)
    await scene.say(Outcome.DONE, again, outputs=(out,))
    async with scene.db.read() as tx:
        (produced,) = await list_outputs_in(tx, share_id=project.share_id)
        counts = await get_share_counts_in(tx, share_id=project.share_id)
    assert produced.attempt_id == again.attempt_id
    assert counts.is_final
    await scene.check()


async def test_handles_that_no_catalogue_knows_give_no_parents(scene: Scene) -> None:
    project = await scene.start([NewHandle("seeds", "1")])
    await scene.say(Outcome.DONE, await scene.take_one(project), outputs=(_make_output("gen.root"),))
    view = await catalog.get_file(scene.db, scene.who, did=Did("reco", "gen.root"))
    assert view.parents == ()


async def test_outputs_cannot_go_to_a_namespace_of_another_experiment(scene: Scene) -> None:
    project = await scene.start(1)
    await scene.run("INSERT INTO auth.experiments (name, created_at) VALUES ('other', $1)", NOON)
    await scene.run(
        """INSERT INTO catalog.namespaces (name, experiment_id, owner_role, created_at, created_by)
           SELECT 'reco', id, 'production', $1, 'eve' FROM auth.experiments WHERE name = 'other'""",
        NOON,
    )
    lease = await scene.take_one(project)
    with pytest.raises(ConflictError):
        await scene.say(Outcome.DONE, lease, outputs=(_make_output("reco.root"),))
    await scene.check()


async def test_a_namespace_of_production_is_closed_to_somebody_elses_analysis(scene: Scene) -> None:
    await _make_namespace(scene, "reco")
    user_id = await scene.value("INSERT INTO auth.users (username, created_at) VALUES ('bob', $1) RETURNING id", NOON)
    assert isinstance(user_id, int)
    analyst = Scene(scene.db, scene.experiment_id, make_member(user_id, "bob", scene.experiment_id, Role.ANALYSIS))
    project = await analyst.start(1)
    lease = await analyst.take_one(project)
    with pytest.raises(NotPermittedError):
        await analyst.say(Outcome.DONE, lease, outputs=(_make_output("reco.root"),))
    await scene.check()


async def test_a_job_may_declare_the_outputs_of_its_own_project_only(scene: Scene) -> None:
    await _make_namespace(scene, "reco")
    own, other = await scene.start(1), await scene.start(1)
    job = Principal(
        user_id=scene.who.user_id,
        username=scene.who.username,
        display_name="",
        is_admin=False,
        roles=scene.who.roles,
        experiments=scene.who.experiments,
        kind=TokenKind.JOB,
        project_id=own.project_id,
    )
    lease, foreign = await scene.take_one(own), await scene.take_one(other)
    done = Report("w1", (lease.attempt_id,), Outcome.DONE, outputs=(_make_output("reco.root"),))
    (answer,) = await report(scene.db, job, report=done)
    assert answer.is_accepted
    with pytest.raises(NotPermittedError):
        await report(scene.db, job, report=Report("w1", (foreign.attempt_id,), Outcome.DONE))


async def _start_on_catalogue_files(scene: Scene, count: int) -> CreatedProject:
    """Start a project on files of the catalogue."""
    for name in ("raw", "reco"):
        await _make_namespace(scene, name)
    await scene.run(
        "INSERT INTO replicas.rses (experiment_id, name, created_at) VALUES ($1, 'DISK', $2)", scene.experiment_id, NOON
    )
    new = [NewFile("raw", f"f{number}", size_bytes=1) for number in range(count)]
    files = await catalog.declare_files(scene.db, scene.who, files=new)
    return await scene.start([NewHandle(file.namespace, file.name, file.fid, 1) for file in files])


async def _make_namespace(scene: Scene, name: str) -> None:
    await scene.run(
        """INSERT INTO catalog.namespaces (name, experiment_id, owner_role, created_at, created_by)
           VALUES ($1, $2, 'production', $3, 'ada')""",
        name,
        scene.experiment_id,
        NOON,
    )


def _make_output(
    name: str,
    *,
    size_bytes: int = 10,
    dataset: str | None = None,
    rse: str | None = None,
    url: str | None = None,
    media_type: str | None = None,
) -> Output:
    checksum = hashlib.sha256(f"{name}{size_bytes}".encode()).hexdigest()
    return Output(
        namespace="reco",
        name=name,
        size_bytes=size_bytes,
        checksums={"sha256": checksum},
        metadata={"core.events": 10},
        dataset=dataset,
        rse=rse,
        url=url,
        media_type=media_type,
    )

"""Making a submission inside a transaction: project, share, output dataset, plan, row, history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sutler import catalog, dispatch, launch, replicas
from sutler.auth import SYSTEM, Principal, Role
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.campaigns import rules, store
from sutler.campaigns.model import (
    BatchStatus,
    Campaign,
    CampaignEvent,
    Cause,
    JobType,
    LoginSetup,
    Side,
    Stage,
    StageType,
    SubmissionStatus,
)
from sutler.campaigns.operations.loading import load_campaign
from sutler.campaigns.store import SubmissionRow
from sutler.database import Tx

_CAUSES = {Cause.MANUAL: "by hand", Cause.DEPENDENCY: "on the outputs of another submission"}


@dataclass(frozen=True)
class Site:
    """What the installation knows and a plan needs: its own address, and the command that starts a worker."""

    public_url: str
    worker_command: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """What a new submission is made from."""

    stage: Stage
    key: str
    cause: Cause
    handles: Sequence[dispatch.NewHandle]
    dataset_query: str | None = None
    slice_number: int | None = None
    upstream_submission_id: int | None = None
    is_test: bool = False


@dataclass(frozen=True)
class _Surroundings:
    campaign: Campaign
    job_type: JobType
    login_setup: LoginSetup
    variables: dict[str, str]


async def create_submission_in(tx: Tx, site: Site, who: Principal, *, order: Order) -> int:
    """Create the submission with everything that belongs to it and the intention to launch it. Returns its id.

    The caller holds the lock on the stage and has asked for permission. Raises UnknownVariableError,
    CampaignShapeError, InvalidInputError; nothing is left of it then.
    """
    stage = order.stage
    around = await _load_surroundings(tx, order, who)
    submission_id = await store.reserve_submission_id(tx)
    arguments = rules.build_arguments(
        around.job_type.launch_script,
        rules.merge_parameters(around.job_type.parameters, stage.parameter_overrides),
        {**around.variables, "submission": str(submission_id)},
    )
    project = await _create_project(tx, order, around, who, submission_id)
    names = {
        **await _prepare_outputs(tx, around, who, submission_id),
        "campaign": around.campaign.name,
        "campaign_id": str(around.campaign.id),
        "experiment": around.campaign.experiment,
        "launcher": who.username,
        "dataset": order.dataset_query or "",
        "server_url": site.public_url,
    }
    plan = launch.LaunchPlan(
        arguments=(*site.worker_command, "--", *arguments),
        job_count=min(stage.job_count, len(order.handles)),
        setup=rules.substitute_in_shell(around.login_setup.setup, around.variables, where="login setup"),
        environment=rules.build_environment(
            stage,
            around.job_type,
            submission_id=submission_id,
            project_id=project.project_id,
            share_id=project.share_id,
            names=names,
        ),
        host=rules.substitute(around.login_setup.host, around.variables, where="host"),
        account=rules.substitute(around.login_setup.account, around.variables, where="account"),
    )
    row = _make_row(order, around, who, project, submission_id, arguments, tx.now)
    await store.create_submission(tx, row=row)
    await launch.intend_in(
        tx, key=order.key, experiment_id=stage.experiment_id, backend=around.login_setup.backend, plan=plan
    )
    await _record(tx, row, order, who)
    return submission_id


async def _load_surroundings(tx: Tx, order: Order, who: Principal) -> _Surroundings:
    stage = order.stage
    campaign = await load_campaign(tx, stage.campaign_id)
    variables = rules.list_variables(
        keywords=campaign.keywords,
        campaign=campaign.name,
        stage=stage.name,
        version=stage.software_version,
        experiment=campaign.experiment,
        launcher=who.username,
        dataset=order.dataset_query or "",
    )
    return _Surroundings(
        campaign=campaign,
        job_type=await store.get_job_type(tx, job_type_id=stage.job_type_id),
        login_setup=await store.get_login_setup(tx, login_setup_id=stage.login_setup_id),
        variables=variables,
    )


async def _create_project(
    tx: Tx, order: Order, around: _Surroundings, who: Principal, submission_id: int
) -> dispatch.CreatedProject:
    stage = order.stage
    attributes = {
        "campaign": around.campaign.name,
        "campaign_id": around.campaign.id,
        "stage": stage.name,
        "stage_id": stage.id,
        "submission_id": submission_id,
        "split_type": stage.split_type,
        "cause": order.cause.value,
    }
    new = dispatch.NewProject(
        experiment_id=stage.experiment_id,
        handles=tuple(order.handles),
        query=order.dataset_query,
        attributes=attributes,
        is_virtual=stage.stage_type is StageType.GENERATOR,
        max_attempts=around.job_type.max_attempts,
        worker_timeout=stage.worker_timeout,
        idle_timeout=stage.idle_timeout,
    )
    return await dispatch.create_project_in(
        tx, project=new, owner_id=who.user_id, owner_role=Role(stage.creator_role), actor=who
    )


async def _prepare_outputs(tx: Tx, around: _Surroundings, who: Principal, submission_id: int) -> dict[str, str]:
    """Make the output dataset and find where outputs are copied to."""
    job_type, campaign = around.job_type, around.campaign
    if not job_type.output_file_patterns:
        return {"output_namespace": "", "output_dataset": "", "output_url": ""}
    namespace = rules.check_output_namespace(job_type, campaign.experiment)
    name, above = rules.name_output_dataset(job_type.output_dataset, around.variables, submission_id=submission_id)
    parent = None if above is None else Did.parse(f"{namespace}:{above}")
    dataset = Did.parse(f"{namespace}:{name}")
    await _prepare_dataset(tx, campaign, who, dataset=dataset, parent=parent)
    output_url = ""
    if job_type.output_rse:
        rse = await replicas.find_rse_in(tx, experiment_id=campaign.experiment_id, name=job_type.output_rse)
        if rse is None:
            raise InvalidInputError(
                [
                    Problem(
                        "output_rse", f"job type {job_type.name} names the RSE {job_type.output_rse}, which is unknown"
                    )
                ]
            )
        output_url = rse.url_prefix
    return {"output_namespace": namespace, "output_dataset": str(dataset), "output_url": output_url}


async def _prepare_dataset(tx: Tx, campaign: Campaign, who: Principal, *, dataset: Did, parent: Did | None) -> None:
    """Make the dataset; where the catalogue is elsewhere, it is made there ahead of its first file."""
    if await catalog.is_remote_in(tx, experiment_id=campaign.experiment_id):
        await catalog.plan_dataset_in(tx, experiment_id=campaign.experiment_id, did=dataset, parent=parent)
        return
    await catalog.ensure_namespace_in(
        tx, name=dataset.namespace, experiment_id=campaign.experiment_id, user_id=who.user_id, username=who.username
    )
    if parent is not None:
        await catalog.ensure_dataset_in(tx, did=parent, username=who.username)
    await catalog.ensure_dataset_in(tx, did=dataset, username=who.username, parent=parent)


def _make_row(  # noqa: PLR0917
    order: Order,
    around: _Surroundings,
    who: Principal,
    project: dispatch.CreatedProject,
    submission_id: int,
    arguments: tuple[str, ...],
    now: datetime,
) -> SubmissionRow:
    stage, job_type, login_setup = order.stage, around.job_type, around.login_setup
    config: dict[str, object] = {
        "command": list(arguments),
        "stage": {
            "name": stage.name,
            "stage_type": stage.stage_type.value,
            "software_version": stage.software_version,
            "split_type": stage.split_type,
            "job_count": stage.job_count,
            "completion_pct": stage.completion_pct,
            "parameter_overrides": [list(pair) for pair in stage.parameter_overrides],
        },
        "job_type": {
            "name": job_type.name,
            "launch_script": job_type.launch_script,
            "parameters": [list(pair) for pair in job_type.parameters],
            "output_file_patterns": list(job_type.output_file_patterns),
            "output_dataset": job_type.output_dataset,
            "output_rse": job_type.output_rse,
            "files_per_run": job_type.files_per_run,
            "max_attempts": job_type.max_attempts,
        },
        "login_setup": {"name": login_setup.name, "backend": login_setup.backend, "setup": login_setup.setup},
    }
    return SubmissionRow(
        id=submission_id,
        experiment_id=stage.experiment_id,
        campaign_id=stage.campaign_id,
        stage_id=stage.id,
        launch_key=order.key,
        cause=order.cause,
        upstream_submission_id=order.upstream_submission_id,
        is_test=order.is_test,
        status=SubmissionStatus.CREATED,
        batch_status=BatchStatus.NEW,
        reason="",
        config=config,
        dataset_query=order.dataset_query,
        slice_number=order.slice_number,
        project_id=project.project_id,
        share_id=project.share_id,
        launched_by=who.user_id,
        creator_role=stage.creator_role,
        created_at=now,
        ended_at=None,
    )


async def _record(tx: Tx, row: SubmissionRow, order: Order, who: Principal) -> None:
    await store.add_history(
        tx,
        submission_id=row.id,
        experiment_id=row.experiment_id,
        side=Side.FILES,
        status=SubmissionStatus.CREATED.value,
        reason=f"{len(order.handles)} files, launched {_CAUSES[order.cause]}",
        actor=who.username if order.cause is Cause.MANUAL else SYSTEM.username,
    )
    facts: dict[str, object] = {"stage": row.stage_id, "files": len(order.handles), "cause": order.cause.value}
    await tx.record(Event(CampaignEvent.SUBMISSION_CREATED, "submission", str(row.id), row.experiment_id, facts), who)
    tx.notify("stage", row.stage_id)
    tx.notify("campaign", row.campaign_id)

"""What the pages, the API and the command show: one read transaction each, so that numbers agree."""

from __future__ import annotations

from collections.abc import Mapping

from sutler import catalog, dispatch, launch
from sutler.auth import Action, Principal, list_experiments_in, may, permit
from sutler.base.errors import NotFoundError
from sutler.campaigns import listings, rules, store
from sutler.campaigns.model import (
    BatchStatus,
    CampaignSummary,
    CampaignView,
    JobType,
    LoginSetup,
    SplitKind,
    StageView,
    SubmissionSummary,
    SubmissionView,
)
from sutler.campaigns.operations.loading import (
    load_campaign,
    load_stage,
    load_submission,
    thing_of,
    thing_of_submission,
)
from sutler.campaigns.store import SubmissionRow
from sutler.catalog import Undeclared
from sutler.database import Database, Tx
from sutler.database.listing import DEFAULT_LIMIT, Page

NEWEST_SUBMISSIONS = 50


async def list_campaigns(
    db: Database,
    who: Principal,
    *,
    experiment: str | None = None,
    name: str | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[CampaignSummary]:
    """Return the campaigns of the caller's experiments, or of one, newest first.

    `name` may hold `*`. Raises NotFoundError for an experiment that the caller is not in, InvalidInputError.
    """
    async with db.read() as tx:
        return await listings.list_campaigns(
            tx, experiment_ids=await choose_experiments(tx, who, experiment), name=name, after=after, limit=limit
        )


async def view_campaign(db: Database, who: Principal, *, campaign_id: int) -> CampaignView:
    """Return everything the page of a campaign shows. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        campaign = await load_campaign(tx, campaign_id)
        permit(who, Action.VIEW, thing_of("campaign", campaign))
        submissions = await listings.list_submissions(
            tx, experiment_ids=[campaign.experiment_id], campaign_id=campaign_id, limit=NEWEST_SUBMISSIONS
        )
        return CampaignView(
            campaign=campaign,
            stages=tuple(await store.list_stage_summaries(tx, campaign_id=campaign_id)),
            dependencies=tuple(await store.list_dependencies(tx, campaign_id=campaign_id)),
            submissions=submissions.items,
        )


async def view_stage(db: Database, who: Principal, *, stage_id: int) -> StageView:
    """Return everything the page of a stage shows. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        stage = await load_stage(tx, stage_id)
        permit(who, Action.VIEW, thing_of("stage", stage))
        dependencies = await store.list_dependencies(tx, campaign_id=stage.campaign_id)
        submissions = await listings.list_submissions(
            tx, experiment_ids=[stage.experiment_id], stage_id=stage_id, limit=NEWEST_SUBMISSIONS
        )
        return StageView(
            campaign=await load_campaign(tx, stage.campaign_id),
            stage=stage,
            job_type=await store.get_job_type(tx, job_type_id=stage.job_type_id),
            login_setup=await store.get_login_setup(tx, login_setup_id=stage.login_setup_id),
            upstream=tuple(d for d in dependencies if d.downstream_stage_id == stage_id),
            downstream=tuple(d for d in dependencies if d.upstream_stage_id == stage_id),
            position=await store.find_split_position(tx, stage_id=stage_id, kind=SplitKind.PRODUCTION),
            submissions=submissions.items,
            may_launch=may(who, Action.LAUNCH, thing_of("stage", stage)),
        )


async def view_submission(db: Database, who: Principal, *, submission_id: int) -> SubmissionView:
    """Return everything the page of a submission shows. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        row = await load_submission(tx, submission_id)
        permit(who, Action.VIEW, thing_of_submission(row))
        known = await launch.get_launch_in(tx, key=row.launch_key)
        summary = await _summarise(tx, row)
        undeclared = await catalog.count_undeclared_in(tx, experiment_id=row.experiment_id, share_id=row.share_id)
        return SubmissionView(
            submission=summary,
            campaign=await load_campaign(tx, row.campaign_id),
            config=row.config,
            dataset_query=row.dataset_query,
            slice_number=row.slice_number,
            backend=known.backend,
            launch_key=row.launch_key,
            launch_failure=known.failure,
            launch_output=known.output,
            jobs=tuple(await launch.list_jobs_in(tx, key=row.launch_key)),
            history=tuple(await store.list_history(tx, submission_id=submission_id)),
            followers=tuple(await store.list_followers(tx, submission_id=submission_id)),
            pictures=tuple(await dispatch.list_pictures_in(tx, share_id=row.share_id)),
            why=" ".join(filter(None, (await _explain(tx, row, known), _explain_outputs(undeclared)))),
            undeclared=undeclared,
            catalogue=await catalog.find_place_in(tx, experiment_id=row.experiment_id),
            may_cancel=row.ended_at is None and may(who, Action.LAUNCH, thing_of_submission(row)),
        )


async def list_submissions(
    db: Database,
    who: Principal,
    *,
    experiment: str | None = None,
    campaign_id: int | None = None,
    stage_id: int | None = None,
    is_open: bool | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[SubmissionSummary]:
    """Return submissions of the caller's experiments, newest first. Raises InvalidInputError, NotFoundError."""
    async with db.read() as tx:
        return await listings.list_submissions(
            tx,
            experiment_ids=await choose_experiments(tx, who, experiment),
            campaign_id=campaign_id,
            stage_id=stage_id,
            is_open=is_open,
            after=after,
            limit=limit,
        )


async def list_submission_handles(
    db: Database,
    who: Principal,
    *,
    submission_id: int,
    state: dispatch.HandleState | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[dispatch.Handle]:
    """Return the files that a submission owns, in order, optionally those in one state.

    Raises NotFoundError, NotPermittedError, InvalidInputError.
    """
    async with db.read() as tx:
        row = await load_submission(tx, submission_id)
        permit(who, Action.VIEW, thing_of_submission(row))
        return await dispatch.list_handles_in(tx, share_id=row.share_id, state=state, after=after, limit=limit)


async def list_submission_outputs(
    db: Database, who: Principal, *, submission_id: int, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[dispatch.ProducedFile]:
    """Return the files that a submission produced. Raises NotFoundError, NotPermittedError, InvalidInputError."""
    async with db.read() as tx:
        row = await load_submission(tx, submission_id)
        permit(who, Action.VIEW, thing_of_submission(row))
        return await dispatch.list_produced_in(tx, share_id=row.share_id, after=after, limit=limit)


async def read_job_output(
    db: Database, backends: Mapping[str, launch.Backend], who: Principal, *, submission_id: int, number: int
) -> launch.JobOutput:
    """Return what a batch job of a submission has written. Raises NotFoundError, NotPermittedError, UpstreamError."""
    async with db.read() as tx:
        row = await load_submission(tx, submission_id)
        permit(who, Action.VIEW, thing_of_submission(row))
    return await launch.read_output(db, backends, key=row.launch_key, number=number)


async def list_login_setups(db: Database, who: Principal, *, experiment: str | None = None) -> list[LoginSetup]:
    """Return the login setups of the caller's experiments, or of one. Raises NotFoundError."""
    async with db.read() as tx:
        return await store.list_login_setups(tx, experiment_ids=await choose_experiments(tx, who, experiment))


async def list_job_types(db: Database, who: Principal, *, experiment: str | None = None) -> list[JobType]:
    """Return the job types of the caller's experiments, or of one. Raises NotFoundError."""
    async with db.read() as tx:
        return await store.list_job_types(tx, experiment_ids=await choose_experiments(tx, who, experiment))


async def choose_experiments(tx: Tx, who: Principal, experiment: str | None) -> list[int]:
    """Return the ids of the experiments that a list is about: one by name, or all that the caller may see.

    Raises NotFoundError for a name that the caller cannot see.
    """
    chosen = [found.id for found in await list_experiments_in(tx, who) if experiment in (None, found.name)]
    if experiment is not None and not chosen:
        raise NotFoundError("experiment", experiment)
    return chosen


async def _summarise(tx: Tx, row: SubmissionRow) -> SubmissionSummary:
    page = await listings.list_submissions(tx, experiment_ids=[row.experiment_id], submission_id=row.id, limit=1)
    if not page.items:
        raise NotFoundError("submission", row.id)
    return page.items[0]


def _explain_outputs(undeclared: Undeclared | None) -> str:
    """Say what keeps outputs from being declared; nothing when nothing does."""
    return "" if undeclared is None else rules.explain_undeclared(undeclared)


async def _explain(tx: Tx, row: SubmissionRow, known: launch.Launch) -> str:
    """Say in one sentence what the submission waits for, or how it ended."""
    if row.ended_at is not None:
        return f"{row.status}: {row.reason}."
    if row.batch_status is BatchStatus.LAUNCH_FAILED:
        return f"The launch failed: {known.failure}"
    if known.stop_reason is not None:
        return f"It is being {known.stop_reason}. {rules.describe_launch(known)}"
    files = await dispatch.explain_share_in(tx, share_id=row.share_id)
    return f"{files} {rules.describe_launch(known, row.reason)}".strip()

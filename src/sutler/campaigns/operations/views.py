"""What the pages, the API and the command show: one read transaction each, so that numbers agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler import catalog, dispatch, launch
from sutler.auth import Action, Principal, may, permit
from sutler.base.errors import NotFoundError
from sutler.campaigns import listings, rules, store
from sutler.campaigns.model import (
    BatchStatus,
    Campaign,
    CampaignSummary,
    CampaignView,
    Dependency,
    JobType,
    LoginSetup,
    SplitKind,
    Stage,
    StageSummary,
    StageView,
    SubmissionRow,
    SubmissionSummary,
    SubmissionView,
)
from sutler.campaigns.operations.loading import (
    find_launch,
    load_campaign,
    load_stage,
    load_submission,
    thing_of,
    thing_of_submission,
)
from sutler.campaigns.operations.scope import choose_experiments
from sutler.campaigns.operations.slicing import find_position_in
from sutler.catalog import Undeclared
from sutler.database import Database, Tx
from sutler.database.listing import DEFAULT_LIMIT, Page

NEWEST_SUBMISSIONS = 50
STAGES_OF_VIEW = 200


async def list_campaigns(
    db: Database,
    who: Principal,
    *,
    experiment: str | None = None,
    name: str | None = None,
    is_active: bool | None = None,
    is_mine: bool | None = None,
    is_production: bool | None = None,
    is_watched: bool = False,
    tag: str | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[CampaignSummary]:
    """Return the campaigns of the caller's experiments, or of one, newest first.

    Only active or inactive ones, the caller's own or those of others, of production or of analysis, on the caller's
    watch list, with a tag, with a name that may hold `*`. Raises NotFoundError for an experiment that the caller is not
    in, InvalidInputError.
    """
    wanted = listings.CampaignFilter(
        name=name,
        is_active=is_active,
        created_by=who.user_id if is_mine else None,
        not_created_by=who.user_id if is_mine is False else None,
        is_production=is_production,
        tag=tag,
        watched_by=who.user_id if is_watched else None,
    )
    async with db.read() as tx:
        return await listings.list_campaigns(
            tx, experiment_ids=await choose_experiments(tx, who, experiment), wanted=wanted, after=after, limit=limit
        )


async def list_watched(db: Database, who: Principal, *, campaign_ids: Sequence[int]) -> frozenset[int]:
    """Return which of some campaigns are on the caller's watch list."""
    async with db.read() as tx:
        return await store.list_watched(tx, user_id=who.user_id, campaign_ids=campaign_ids)


async def get_campaign(db: Database, who: Principal, *, campaign_id: int) -> Campaign:
    """Return a campaign without its stages. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        return await _load_seen(tx, who, campaign_id)


async def _load_seen(tx: Tx, who: Principal, campaign_id: int) -> Campaign:
    campaign = await load_campaign(tx, campaign_id)
    permit(who, Action.VIEW, thing_of("campaign", campaign))
    return campaign


async def view_campaign(
    db: Database, who: Principal, *, campaign_id: int, stages_after: str | None = None
) -> CampaignView:
    """Return everything the page of a campaign shows: at most 200 stages, the first or those behind a cursor.

    Raises NotFoundError, NotPermittedError, InvalidInputError.
    """
    async with db.read() as tx:
        campaign = await _load_seen(tx, who, campaign_id)
        stages = await listings.list_stages(tx, campaign_id=campaign_id, after=stages_after, limit=STAGES_OF_VIEW)
        submissions = await listings.list_submissions(
            tx, experiment_ids=[campaign.experiment_id], campaign_id=campaign_id, limit=NEWEST_SUBMISSIONS
        )
        return CampaignView(
            campaign=campaign,
            stages=stages.items,
            dependencies=tuple(
                await store.list_touching_dependencies(tx, stage_ids=[stage.id for stage in stages.items])
            ),
            submissions=submissions.items,
            stage_count=await store.get_stage_count(tx, campaign_id=campaign_id),
            next_stages_cursor=stages.next_cursor,
        )


async def view_stage(db: Database, who: Principal, *, stage_id: int) -> StageView:
    """Return everything the page of a stage shows. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        stage = await load_stage(tx, stage_id)
        permit(who, Action.VIEW, thing_of("stage", stage))
        dependencies = await store.list_touching_dependencies(tx, stage_ids=[stage_id])
        submissions = await listings.list_submissions(
            tx, experiment_ids=[stage.experiment_id], stage_id=stage_id, limit=NEWEST_SUBMISSIONS
        )
        return StageView(
            campaign=await load_campaign(tx, stage.campaign_id),
            stage=stage,
            job_type=await _find_job_type(tx, stage),
            login_setup=await _find_login_setup(tx, stage),
            upstream=tuple(d for d in dependencies if d.downstream_stage_id == stage_id),
            downstream=tuple(d for d in dependencies if d.upstream_stage_id == stage_id),
            position=await find_position_in(tx, stage, SplitKind.PRODUCTION),
            submissions=submissions.items,
            may_launch=may(who, Action.LAUNCH, thing_of("stage", stage)),
            test_position=await find_position_in(tx, stage, SplitKind.TEST),
        )


async def list_stages(
    db: Database, who: Principal, *, campaign_id: int, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[StageSummary]:
    """Return the stages of a campaign in order, with what a list shows.

    Raises NotFoundError, NotPermittedError, InvalidInputError.
    """
    async with db.read() as tx:
        await _load_seen(tx, who, campaign_id)
        return await listings.list_stages(tx, campaign_id=campaign_id, after=after, limit=limit)


async def list_stage_names(db: Database, who: Principal, *, campaign_id: int) -> list[str]:
    """Return the names of all stages of a campaign, in order. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        await _load_seen(tx, who, campaign_id)
        return await store.list_stage_names(tx, campaign_id=campaign_id)


async def list_dependencies(db: Database, who: Principal, *, campaign_id: int) -> list[Dependency]:
    """Return all dependencies of a campaign, in order. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        await _load_seen(tx, who, campaign_id)
        return await store.list_dependencies(tx, campaign_id=campaign_id)


async def _find_job_type(tx: Tx, stage: Stage) -> JobType | None:
    return None if stage.job_type_id is None else await store.get_job_type(tx, job_type_id=stage.job_type_id)


async def _find_login_setup(tx: Tx, stage: Stage) -> LoginSetup | None:
    found = stage.login_setup_id
    return None if found is None else await store.get_login_setup(tx, login_setup_id=found)


async def view_submission(db: Database, who: Principal, *, submission_id: int) -> SubmissionView:
    """Return everything the page of a submission shows. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        row = await load_submission(tx, submission_id)
        permit(who, Action.VIEW, thing_of_submission(row))
        known = await find_launch(tx, key=row.launch_key)
        share_id = row.share_id
        undeclared = None
        if share_id is not None:
            undeclared = await catalog.count_undeclared_in(tx, experiment_id=row.experiment_id, share_id=share_id)
        return SubmissionView(
            submission=await _summarise(tx, row),
            campaign=await load_campaign(tx, row.campaign_id),
            config=row.config,
            dataset_query=row.dataset_query,
            slice_number=row.slice_number,
            backend=known.backend if known else "",
            launch_key=row.launch_key,
            launch_failure=known.failure if known else "",
            launch_output=known.output if known else "",
            jobs=tuple(await launch.list_jobs_in(tx, key=row.launch_key)),
            history=tuple(await store.list_history(tx, submission_id=submission_id)),
            followers=tuple(await store.list_followers(tx, submission_id=submission_id)),
            pictures=() if share_id is None else tuple(await dispatch.list_pictures_in(tx, share_id=share_id)),
            why=" ".join(filter(None, (await _explain(tx, row, known), _explain_outputs(undeclared)))),
            undeclared=undeclared,
            catalogue=await catalog.find_place_in(tx, experiment_id=row.experiment_id),
            may_cancel=row.ended_at is None and may(who, Action.LAUNCH, thing_of_submission(row)),
            job_data=row.job_data,
            slice_note=row.slice_note,
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
        if row.share_id is None:
            return Page((), None)
        return await dispatch.list_handles_in(tx, share_id=row.share_id, state=state, after=after, limit=limit)


async def list_submission_outputs(
    db: Database, who: Principal, *, submission_id: int, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[dispatch.ProducedFile]:
    """Return the files that a submission produced. Raises NotFoundError, NotPermittedError, InvalidInputError."""
    async with db.read() as tx:
        row = await load_submission(tx, submission_id)
        permit(who, Action.VIEW, thing_of_submission(row))
        if row.share_id is None:
            return Page((), None)
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


async def _summarise(tx: Tx, row: SubmissionRow) -> SubmissionSummary:
    page = await listings.list_submissions(tx, experiment_ids=[row.experiment_id], submission_id=row.id, limit=1)
    if not page.items:
        raise NotFoundError("submission", row.id)
    return page.items[0]


def _explain_outputs(undeclared: Undeclared | None) -> str:
    """Say what keeps outputs from being declared; nothing when nothing does."""
    return "" if undeclared is None else rules.explain_undeclared(undeclared)


async def _explain(tx: Tx, row: SubmissionRow, known: launch.Launch | None) -> str:
    """Say in one sentence what the submission waits for, or how it ended."""
    if row.ended_at is not None:
        return f"{row.status}: {row.reason}."
    if row.batch_status is BatchStatus.AWAITING_APPROVAL:
        return "It waits for somebody to approve it; then what came in goes on to the next stages."
    if known is None:
        return row.reason
    if row.batch_status is BatchStatus.LAUNCH_FAILED:
        return f"The launch failed: {known.failure}"
    if known.stop_reason is not None:
        return f"It is being {known.stop_reason}. {rules.describe_launch(known)}"
    files = "Its files are known to its jobs alone."
    if row.share_id is not None:
        files = await dispatch.explain_share_in(tx, share_id=row.share_id)
    return f"{files} {rules.describe_launch(known, row.reason)}".strip()

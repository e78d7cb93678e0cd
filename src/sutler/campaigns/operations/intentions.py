"""What must follow from the end of a submission: its dependants, each launched exactly once."""

from __future__ import annotations

from datetime import timedelta

from sutler import auth, catalog, dispatch
from sutler.auth import SYSTEM, Action, may
from sutler.base.errors import NotPermittedError, SutlerError, UnavailableError
from sutler.base.events import Event
from sutler.campaigns import rules, store
from sutler.campaigns.model import BatchStatus, CampaignEvent, Cause, IntentionState, Stage
from sutler.campaigns.operations.creating import Order, Site, create_submission_in
from sutler.campaigns.operations.loading import load_stage, load_submission, thing_of
from sutler.campaigns.store import IntentionRow, SubmissionRow
from sutler.database import Database, Tx

HELD_STAGE_PAUSE = timedelta(seconds=30)
UNDECLARED_PAUSE = timedelta(seconds=5)


async def settle_due_intention(db: Database, site: Site) -> str | None:
    """Carry out the oldest intention that is due, once, whatever crashes: the new submission and the mark that it is
    done are one transaction. Returns its key, which is that of the launch if there is one; None when nothing is due.

    It is put off before it is tried, longer each time, so that one that cannot succeed, whatever the cause, never
    stands in the way of the others. A refusal stays with it as the reason, and it is tried again: nothing is lost when
    somebody repairs the cause. Whoever takes up unsubmitted launches carries the launch out.
    """
    async with db.write() as tx:
        intention = await store.lock_due_intention(tx)
        if intention is None:
            return None
        pause = rules.decide_retry_pause(intention.tries)
        await store.claim_intention(tx, intention_id=intention.id, pause=pause)
    try:
        async with db.write() as tx:
            if await store.lock_pending_intention(tx, intention_id=intention.id):
                await _settle(tx, site, intention)
    except UnavailableError:
        raise
    except SutlerError as refusal:
        await _put_off(db, intention, refusal.sentence, pause)
    return intention.key


async def _put_off(db: Database, intention: IntentionRow, reason: str, pause: timedelta) -> None:
    async with db.write() as tx:
        await store.postpone_intention(tx, intention_id=intention.id, reason=reason, pause=pause)
        tx.notify("submission", intention.submission_id)


async def _settle(tx: Tx, site: Site, intention: IntentionRow) -> None:
    upstream = await load_submission(tx, intention.submission_id)
    if intention.dependency_id is None:
        await _close(tx, intention, IntentionState.REFUSED, "the dependency was deleted", None)
        return
    dependency = await store.get_dependency(tx, dependency_id=intention.dependency_id)
    stage = await load_stage(tx, dependency.downstream_stage_id, lock=True)
    refusal = await _find_refusal(tx, upstream)
    if refusal is not None:
        await _close(tx, intention, IntentionState.REFUSED, refusal, None)
        return
    if stage.held_at is not None:
        await store.postpone_intention(
            tx, intention_id=intention.id, reason=f"stage {stage.name} is on hold", pause=HELD_STAGE_PAUSE
        )
        tx.notify("submission", intention.submission_id)
        return
    undeclared = await catalog.count_undeclared_in(tx, experiment_id=upstream.experiment_id, share_id=upstream.share_id)
    if undeclared is not None and undeclared.pending_count:
        await _wait_for_declarations(tx, intention, rules.explain_undeclared(undeclared))
        return
    outputs = await dispatch.list_outputs_in(tx, share_id=upstream.share_id, name_like=dependency.file_pattern)
    if not outputs:
        reason = f"submission {upstream.id} has no output that matches {dependency.file_pattern!r}"
        await _close(tx, intention, IntentionState.NOTHING_TO_DO, reason, None)
        return
    refused = await catalog.list_undeclared_in(tx, file_ids=[f.file_id for f in outputs]) if undeclared else set()
    usable = [output for output in outputs if output.file_id not in refused]
    if not usable and undeclared is not None:
        await _wait_for_declarations(tx, intention, rules.explain_undeclared(undeclared))
        return
    submission_id = await _launch_dependant(tx, site, intention, stage, upstream, usable)
    reason = f"{len(usable)} files" + (f" without {len(refused)} whose declaration was refused" if refused else "")
    await _close(tx, intention, IntentionState.DONE, reason, submission_id)


async def _wait_for_declarations(tx: Tx, intention: IntentionRow, reason: str) -> None:
    await store.postpone_intention(tx, intention_id=intention.id, reason=reason, pause=UNDECLARED_PAUSE)
    tx.notify("submission", intention.submission_id)


async def _find_refusal(tx: Tx, upstream: SubmissionRow) -> str | None:
    counts = await dispatch.get_share_counts_in(tx, share_id=upstream.share_id)
    upstream_stage = await load_stage(tx, upstream.stage_id)
    if upstream.batch_status is BatchStatus.CANCELLED:
        return f"submission {upstream.id} was cancelled"
    if rules.may_feed_dependants(counts, completion_pct=upstream_stage.completion_pct):
        return None
    return (
        f"only {counts.done_count} of {counts.total_count} files of submission {upstream.id} are done, "
        f"and stage {upstream_stage.name} asks for {upstream_stage.completion_pct:g} %"
    )


async def _launch_dependant(  # noqa: PLR0917
    tx: Tx,
    site: Site,
    intention: IntentionRow,
    stage: Stage,
    upstream: SubmissionRow,
    outputs: list[dispatch.ProducedFile],
) -> int:
    who = await auth.get_principal_in(tx, user_id=upstream.launched_by)
    if not may(who, Action.LAUNCH, thing_of("stage", stage)):
        raise NotPermittedError(
            f"{who.username}, who launched submission {upstream.id}, may not launch stage {stage.name}.",
            stage_id=stage.id,
        )
    order = Order(
        stage=stage,
        key=intention.key,
        cause=Cause.DEPENDENCY,
        handles=[dispatch.NewHandle(f.namespace, f.name, f.fid, f.size_bytes) for f in outputs],
        upstream_submission_id=upstream.id,
    )
    return await create_submission_in(tx, site, who, order=order)


async def _close(
    tx: Tx, intention: IntentionRow, state: IntentionState, reason: str, submission_id: int | None
) -> None:
    await store.settle_intention(tx, intention_id=intention.id, state=state, reason=reason)
    facts: dict[str, object] = {
        "key": intention.key,
        "state": state.value,
        "reason": reason,
        "submission": submission_id,
    }
    await tx.record(
        Event(
            CampaignEvent.DEPENDANT_SETTLED, "submission", str(intention.submission_id), intention.experiment_id, facts
        ),
        SYSTEM,
    )

"""The worker's side after a run: done or failed, with everything that came of it, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from sutler import catalog, replicas
from sutler.auth import Action, Principal, Role, Thing, permit
from sutler.base.did import Did
from sutler.catalog import FileReference, NewFile
from sutler.database import Database, Tx, replayable
from sutler.dispatch import store
from sutler.dispatch.errors import AttemptNotFoundError
from sutler.dispatch.model import (
    Answer,
    AttemptPlace,
    EndedLease,
    Fate,
    HandleState,
    Output,
    ProjectHeader,
    Report,
)
from sutler.dispatch.operations.access import open_headers
from sutler.dispatch.operations.endings import end_leases, make_ending, note_returns
from sutler.dispatch.rules import checks, decisions, sentences
from sutler.replicas import NewReplica


@replayable
async def report(db: Database, who: Principal, *, report: Report) -> list[Answer]:
    """Say how a run over one or several leases ended: all of it holds, or none of it.

    Outputs are declared with the handles' catalogue files as parents, put into their datasets and recorded on their
    RSEs in the same transaction. The same report by the same worker again is accepted and changes nothing. A report
    about a lost lease is not accepted: the answer says why, and the report is kept as evidence, but its outputs are
    not declared. Answers come by attempt id.

    Raises InvalidReportError, AttemptNotFoundError, NotPermittedError, and what declaring files raises.
    """
    checks.check_report(report)
    async with db.write() as tx:
        header, places = await _load(tx, who, report)
        if len(places) == 1 and not report.outputs:
            ended = await _end(tx, who, report, header, places)
            if ended:
                return [accept(ended[0])]
        return await _report_carefully(tx, who, report, header, places)


def accept(lease: EndedLease) -> Answer:
    """Return the answer to a report that ended a lease."""
    return Answer(lease.attempt_id, lease.state, is_accepted=True)


async def _load(tx: Tx, who: Principal, report: Report) -> tuple[ProjectHeader, list[AttemptPlace]]:
    places = await store.list_attempt_places(tx, attempt_ids=report.attempt_ids)
    headers = await open_headers(tx, who, places)
    unknown = sorted(set(report.attempt_ids) - {place.attempt_id for place in places})
    if unknown:
        raise AttemptNotFoundError(unknown[0])
    checks.check_same_project(places)
    return headers[places[0].project_id], places


async def _report_carefully(
    tx: Tx, who: Principal, report: Report, header: ProjectHeader, places: Sequence[AttemptPlace]
) -> list[Answer]:
    """Lock the leases that are there, look at what became of the others, and only then do all or nothing."""
    await store.lock_leases(tx, attempt_ids=report.attempt_ids)
    fates = await store.list_fates(tx, attempt_ids=report.attempt_ids)
    held = [fate for fate in fates if decisions.is_held(fate, report.worker_id)]
    repeated = [fate for fate in fates if decisions.is_repeat(fate, report)]
    if len(held) + len(repeated) < len(fates):
        return await _refuse(tx, report, fates)
    accepted = [_accept_again(fate) for fate in repeated]
    if held:
        held_ids = {fate.attempt_id for fate in held}
        of_held = [place for place in places if place.attempt_id in held_ids]
        accepted += await _accept_held(tx, who, report, header, places=of_held, held=held)
    return sorted(accepted, key=lambda answer: answer.attempt_id)


async def _refuse(tx: Tx, report: Report, fates: Sequence[Fate]) -> list[Answer]:
    lost = {
        fate.attempt_id: sentences.explain_lost(fate, report.worker_id)
        for fate in fates
        if not decisions.is_held(fate, report.worker_id) and not decisions.is_repeat(fate, report)
    }
    reason = sentences.choose_reason(report)
    await store.insert_late_reports(tx, report=report, attempt_ids=sorted(lost), reason=reason)
    group = sentences.explain_group(sorted(lost))
    return [
        Answer(fate.attempt_id, _get_state(fate), is_accepted=False, why=lost.get(fate.attempt_id, group))
        for fate in fates
    ]


def _get_state(fate: Fate) -> HandleState:
    """Return the state of the handle now, or in which the attempt left one that is gone."""
    state = fate.state_now or fate.handle_state
    assert state is not None
    return state


async def _accept_held(
    tx: Tx,
    who: Principal,
    report: Report,
    header: ProjectHeader,
    *,
    places: Sequence[AttemptPlace],
    held: Sequence[Fate],
) -> list[Answer]:
    declared: list[tuple[int, Output]] = []
    if report.outputs:
        parents = tuple(
            Did(fate.namespace, fate.name) for fate in held if fate.fid and fate.namespace is not None and fate.name
        )
        if await catalog.is_remote_in(tx, experiment_id=header.experiment_id):
            declared = await _keep_to_declare(tx, who, report.outputs, parents, header, share_id=held[0].share_id)
        else:
            declared = await _declare(tx, who, report.outputs, parents, header.experiment_id)
    # The counts come last: whoever moves them keeps everybody else of the project waiting until the commit.
    ended = await _end(tx, who, report, header, places)
    if declared:
        first = ended[0]
        await store.insert_outputs(
            tx,
            attempt_id=first.attempt_id,
            project_id=header.project_id,
            share_id=first.share_id,
            outputs=declared,
        )
    return [accept(lease) for lease in ended]


async def _end(
    tx: Tx, who: Principal, report: Report, header: ProjectHeader, places: Sequence[AttemptPlace]
) -> list[EndedLease]:
    endings = [
        make_ending(header, place, report, worker_id=report.worker_id, actor=who.username, now=tx.now)
        for place in places
    ]
    note_returns(tx, header.project_id, endings)
    return await end_leases(tx, project_id=header.project_id, endings=endings, actor=who)


async def _declare(
    tx: Tx, who: Principal, outputs: Sequence[Output], parents: tuple[Did, ...], experiment_id: int
) -> list[tuple[int, Output]]:
    """Declare outputs, dataset by dataset, with their copies; return each with its id in the catalogue."""
    datasets = {output.dataset: _parse_dataset(output.dataset) for output in outputs}
    await _permit_declaring(tx, who, outputs, [did for did in datasets.values() if did is not None], experiment_id)
    declared: list[tuple[int, Output]] = []
    for text in sorted(datasets, key=lambda text: text or ""):
        dataset = datasets[text]
        if dataset is not None:
            await catalog.ensure_dataset_in(tx, did=dataset, username=who.username)
        part = [output for output in outputs if output.dataset == text]
        files = [_make_file(output, parents) for output in part]
        references: list[FileReference] = await catalog.declare_files_in(
            tx, files=files, dataset=dataset, username=who.username
        )
        declared += [(reference.id, output) for reference, output in zip(references, part, strict=True)]
    await _record_copies(tx, who, outputs, experiment_id)
    return declared


async def _keep_to_declare(
    tx: Tx,
    who: Principal,
    outputs: Sequence[Output],
    parents: tuple[Did, ...],
    header: ProjectHeader,
    *,
    share_id: int | None,
) -> list[tuple[int, Output]]:
    """Do what `_declare` does for an experiment whose catalogue is elsewhere: it is told after the transaction.

    What may be declared there is decided there, by the credential of the role that the project belongs to.
    """
    permit(who, Action.DECLARE, Thing("catalogue", header.experiment_id, owner_role=Role.SHIFTER, owner_id=who.user_id))
    kept: list[tuple[int, Output]] = []
    for text in sorted({output.dataset for output in outputs}, key=lambda text: text or ""):
        part = [output for output in outputs if output.dataset == text]
        references = await catalog.keep_outputs_in(
            tx,
            experiment_id=header.experiment_id,
            role=Role(header.owner_role),
            files=[_make_file(output, parents) for output in part],
            dataset=_parse_dataset(text),
            share_id=share_id,
            username=who.username,
        )
        kept += [(reference.id, output) for reference, output in zip(references, part, strict=True)]
    await _record_copies(tx, who, outputs, header.experiment_id)
    return kept


async def _record_copies(tx: Tx, who: Principal, outputs: Sequence[Output], experiment_id: int) -> None:
    copies = [
        NewReplica(Did(output.namespace, output.name), output.rse, output.url)
        for output in outputs
        if output.rse is not None and output.url is not None
    ]
    if copies:
        await replicas.add_replicas_in(tx, experiment_id=experiment_id, replicas=copies, actor=who)


async def _permit_declaring(
    tx: Tx, who: Principal, outputs: Sequence[Output], datasets: Sequence[Did], experiment_id: int
) -> None:
    """Ask for every namespace that outputs or datasets go to; one that is missing is made for the caller."""
    for name in sorted({output.namespace for output in outputs} | {did.namespace for did in datasets}):
        namespace = await catalog.ensure_namespace_in(
            tx, name=name, experiment_id=experiment_id, user_id=who.user_id, username=who.username
        )
        thing = Thing(
            "namespace",
            namespace.experiment_id,
            owner_id=namespace.owner_user_id,
            owner_role=namespace.owner_role,
            owner_group=namespace.owner_group,
        )
        permit(who, Action.DECLARE, thing)


def _parse_dataset(text: str | None) -> Did | None:
    return None if text is None else Did.parse(text)


def _make_file(output: Output, parents: tuple[Did, ...]) -> NewFile:
    return NewFile(
        namespace=output.namespace,
        name=output.name,
        size_bytes=output.size_bytes,
        checksums=output.checksums,
        metadata=output.metadata,
        parents=parents,
    )


def _accept_again(fate: Fate) -> Answer:
    assert fate.handle_state is not None
    return Answer(fate.attempt_id, fate.handle_state, is_accepted=True)

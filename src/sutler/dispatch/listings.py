"""The lists of the room: what the listing builder turns into pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString, cast

from sutler.base.did import Did, InvalidNameError
from sutler.base.events import RecordedEvent
from sutler.database import Tx
from sutler.database.listing import Key, Page, list_page, read_cursor
from sutler.database.sql import Fragment, sql, value
from sutler.dispatch.model import Handle, HandleState, ProducedFile, Project, ProjectState
from sutler.dispatch.store import list_gone_positions, list_positions, make_project

_PROJECTS: Final[LiteralString] = """
SELECT project.id, project.experiment_id, project.owner_id, owner.username AS owner, project.owner_role, project.state,
       project.query, project.attributes, project.is_virtual, project.max_attempts, project.worker_timeout,
       project.idle_timeout, project.total_count, project.initial_count, project.unlocated_count,
       project.reserved_count, project.done_count, project.failed_count, project.created_at, project.ended_at,
       project.resting_count, project.active_at, project.retry_on_timeout, project.retry_pause,
       ARRAY(
           SELECT username FROM auth.user_names WHERE id = ANY(project.allowed_users) ORDER BY username
       ) AS users,
       project.allowed_groups AS groups
FROM dispatch.projects AS project
JOIN auth.user_names AS owner ON owner.id = project.owner_id
"""
_NEWEST: Final = Key("project.id", "bigint", is_descending=True)
_HANDLES: Final[LiteralString] = """
SELECT handle.project_id, handle.position, handle.share_id, handle.namespace, handle.name, handle.fid,
       handle.size_bytes, handle.attributes, handle.state, handle.attempts, handle.worker_id, handle.reserved_at,
       CASE WHEN handle.state = 'done' THEN '' ELSE coalesce(last.reason, '') END AS reason
FROM dispatch.handles AS handle
LEFT JOIN LATERAL (
    SELECT ended.reason
    FROM dispatch.attempts AS ended
    WHERE ended.project_id = handle.project_id AND ended.position = handle.position
    ORDER BY ended.id DESC
    LIMIT 1
) AS last ON true
"""
_SHARE_HANDLES: Final[LiteralString] = """
SELECT handle.project_id, handle.position, handle.share_id, handle.namespace, handle.name, handle.fid,
       handle.size_bytes, handle.attributes, handle.state, handle.attempts, handle.worker_id, handle.reserved_at,
       CASE
           WHEN handle.state = 'done' THEN ''
           WHEN handle.taken_by_share_id IS NOT NULL THEN handle.reason
           ELSE coalesce(last.reason, '')
       END AS reason,
       handle.taken_by_share_id
FROM (
    SELECT project_id, position, share_id, namespace, name, fid, size_bytes, attributes, state, attempts, worker_id,
           reserved_at, '' AS reason, NULL::bigint AS taken_by_share_id
    FROM dispatch.handles
    UNION ALL
    SELECT project_id, position, share_id, namespace, name, fid, size_bytes, attributes, state, attempts, NULL, NULL,
           reason, taken_by_share_id
    FROM dispatch.share_outcomes
) AS handle
LEFT JOIN LATERAL (
    SELECT ended.reason
    FROM dispatch.attempts AS ended
    WHERE ended.project_id = handle.project_id
      AND ended.position = handle.position
      AND handle.taken_by_share_id IS NULL
    ORDER BY ended.id DESC
    LIMIT 1
) AS last ON true
"""
"""What a share has, and what it keeps of handles that went on in another one."""
_POSITION: Final = Key("handle.position", "integer")
_OUTPUTS: Final[LiteralString] = """
SELECT produced.file_id, file.fid, file.namespace, file.name, file.size_bytes, produced.media_type, produced.url,
       produced.attempt_id
FROM dispatch.attempt_outputs AS produced
JOIN catalog.file_facts AS file ON file.id = produced.file_id
"""
_FILE: Final = Key("produced.file_id", "bigint")
_HISTORY: Final[LiteralString] = """
SELECT event.seq, event.at, event.txid, event.experiment_id, event.actor, event.kind, event.subject_kind,
       event.subject_id, event.facts
FROM database.history AS event
"""
_EVENT: Final = Key("event.seq", "bigint", is_descending=True)


async def list_projects(
    tx: Tx,
    *,
    experiment_ids: Sequence[int] | None,
    state: ProjectState | None,
    owner: str | None,
    condition: Fragment | None = None,
    after: str | None,
    limit: int,
) -> Page[Project]:
    """Return projects, the newest first; `experiment_ids` None means all, `condition` is that of a search."""
    filters = []
    if experiment_ids is not None:
        filters.append(sql("project.experiment_id = ANY(") + value(list(experiment_ids), "bigint[]") + sql(")"))
    if state is not None:
        filters.append(sql("project.state = ") + value(state.value, "text"))
    if owner is not None:
        owner_id = sql("(SELECT id FROM auth.user_names WHERE username = ") + value(owner, "text") + sql(")")
        filters.append(sql("project.owner_id = ") + owner_id)
    if condition is not None:
        filters.append(condition)
    return await list_page(tx, make_project, select=_PROJECTS, filters=filters, key=_NEWEST, after=after, limit=limit)


async def list_handles(
    tx: Tx,
    *,
    project_id: int | None,
    share_id: int | None,
    states: Sequence[HandleState],
    namespace: str | None,
    name: str | None,
    after: str | None,
    limit: int,
) -> Page[Handle]:
    """Return handles of one project or one share, in the order of the project; no states means all.

    `name` is a part of the name of the file, or a whole `namespace:name`. Parts of names and namespaces have no index:
    they are looked for in the order of the project until the page is full.
    """
    filters = []
    if share_id is not None:
        project = sql("(SELECT project_id FROM dispatch.shares WHERE id = ") + value(share_id, "bigint") + sql(")")
        filters.append(sql("handle.share_id = ") + value(share_id, "bigint"))
    else:
        project = value(project_id, "bigint")
    filters.append(sql("handle.project_id = ") + project)
    if namespace is not None:
        filters.append(sql("handle.namespace = ") + value(namespace, "text"))
    if name is not None:
        filters += _limit_to_name(name)
    if states and namespace is None and name is None:
        last = -1 if after is None else cast("int", read_cursor(after, _POSITION))
        positions = await list_positions(
            tx, project_id=project_id, share_id=share_id, after=last, states=states, count=limit + 1
        )
        if share_id is not None:
            positions += await list_gone_positions(tx, share_id=share_id, states=states, after=last, count=limit + 1)
        filters.append(sql("handle.position = ANY(") + value(positions, "integer[]") + sql(")"))
    elif states:
        filters += _limit_to_states(project, share_id, frozenset(states))
    select = _HANDLES if share_id is None else _SHARE_HANDLES
    return await list_page(tx, Handle, select=select, filters=filters, key=_POSITION, after=after, limit=limit)


async def list_produced(tx: Tx, *, share_id: int, after: str | None, limit: int) -> Page[ProducedFile]:
    """Return files that a share produced, in the order of declaration."""
    filters = [sql("produced.share_id = ") + value(share_id, "bigint"), sql("file.retired_at IS NULL")]
    return await list_page(tx, ProducedFile, select=_OUTPUTS, filters=filters, key=_FILE, after=after, limit=limit)


async def list_history(tx: Tx, *, project_id: int, after: str | None, limit: int) -> Page[RecordedEvent]:
    """Return what happened to a project, the newest first."""
    filters = [
        sql("event.subject_kind = ") + value("project", "text"),
        sql("event.subject_id = ") + value(str(project_id), "text"),
    ]
    return await list_page(tx, RecordedEvent, select=_HISTORY, filters=filters, key=_EVENT, after=after, limit=limit)


def _limit_to_name(name: str) -> list[Fragment]:
    try:
        did = Did.parse(name)
    except InvalidNameError:
        return [sql("strpos(handle.name, ") + value(name, "text") + sql(") > 0")]
    return [
        sql("handle.namespace = ") + value(did.namespace, "text"),
        sql("handle.name = ") + value(did.name, "text"),
    ]


def _limit_to_states(project: Fragment, share_id: int | None, states: frozenset[HandleState]) -> list[Fragment]:
    """With a name besides, the few reserved and failed ones are still found through leases and attempts."""
    filters = [sql("handle.state = ANY(") + value(sorted(state.value for state in states), "text[]") + sql(")")]
    positions = {
        HandleState.RESERVED: sql("SELECT position FROM dispatch.leases WHERE project_id = "),
        HandleState.FAILED: sql(
            "SELECT position FROM dispatch.attempts WHERE handle_state = 'failed' AND NOT is_put_back AND project_id = "
        ),
    }
    if states <= positions.keys():
        parts = [positions[state] + project for state in sorted(states)]
        if share_id is not None:
            gone = sql("SELECT position FROM dispatch.share_outcomes WHERE share_id = ")
            parts.append(gone + value(share_id, "bigint"))
        filters.append(sql("handle.position = ANY(ARRAY(") + Fragment.join(" UNION ", parts) + sql("))"))
    return filters

"""What tests of this room start from: an experiment, a person, projects, and a check of everything that must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sutler.auth import Principal, Role
from sutler.base.did import Did
from sutler.database import Database
from sutler.dispatch import (
    Answer,
    CreatedProject,
    Lease,
    NewHandle,
    NewProject,
    Outcome,
    Output,
    Project,
    Reply,
    Report,
    Wish,
    create_project,
    get_project,
    report,
    reserve_next,
)

_DISAGREEMENTS = """
WITH place AS (
    SELECT handle.project_id, handle.position, handle.share_id, handle.state,
           (SELECT count(*) FROM dispatch.ready WHERE (project_id, position) = (handle.project_id, handle.position))
               AS ready,
           (SELECT count(*) FROM dispatch.unlocated
            WHERE (project_id, position) = (handle.project_id, handle.position)) AS aside,
           (SELECT count(*) FROM dispatch.resting
            WHERE (project_id, position) = (handle.project_id, handle.position)) AS resting,
           (SELECT count(*) FROM dispatch.leases AS lease
            WHERE (lease.project_id, lease.position) = (handle.project_id, handle.position)
              AND lease.attempt_id = handle.attempt_id AND lease.worker_id = handle.worker_id
              AND lease.attempt = handle.attempts) AS leased,
           (SELECT count(*) FROM dispatch.attempts AS ended
            WHERE (ended.project_id, ended.position) = (handle.project_id, handle.position)) AS ended,
           handle.attempts
    FROM dispatch.handles AS handle
), counted AS (
    SELECT project_id, share_id, count(*) AS total, count(*) FILTER (WHERE state = 'initial') AS initial,
           coalesce(sum(aside), 0) AS unlocated, coalesce(sum(resting), 0) AS resting,
           count(*) FILTER (WHERE state = 'reserved') AS reserved,
           count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'failed') AS failed
    FROM place GROUP BY GROUPING SETS ((project_id), (share_id))
), gone AS (
    SELECT share_id, count(*) AS total, count(*) FILTER (WHERE state = 'initial') AS initial,
           count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'failed') AS failed
    FROM dispatch.share_outcomes GROUP BY share_id
)
SELECT 'place of ' || project_id || '/' || position || ' in ' || state AS what FROM place
WHERE (ready + aside + resting)::text || leased
    <> CASE state WHEN 'initial' THEN '10' WHEN 'reserved' THEN '01' ELSE '00' END
UNION ALL SELECT 'attempts of ' || project_id || '/' || position FROM place WHERE attempts <> ended + leased
UNION ALL SELECT 'end of ' || handle.project_id || '/' || handle.position || ' in ' || handle.state
    FROM dispatch.handles AS handle LEFT JOIN dispatch.attempts AS ended
        ON (ended.project_id, ended.position) = (handle.project_id, handle.position)
        AND ended.handle_state IN ('done', 'failed') AND NOT ended.is_put_back
    WHERE (ended.id, ended.handle_state) IS DISTINCT FROM (
        CASE WHEN handle.state IN ('done', 'failed') THEN handle.attempt_id END,
        CASE WHEN handle.state IN ('done', 'failed') THEN handle.state END
    ) AND NOT EXISTS (
        SELECT FROM dispatch.finished WHERE (project_id, position) = (handle.project_id, handle.position)
    )
UNION ALL SELECT 'finished without being so: ' || finished.project_id || '/' || finished.position
    FROM dispatch.finished LEFT JOIN dispatch.handles AS handle
        ON (handle.project_id, handle.position) = (finished.project_id, finished.position)
    WHERE handle.state IS DISTINCT FROM 'done' OR handle.share_id IS DISTINCT FROM finished.share_id OR EXISTS (
        SELECT FROM dispatch.attempts AS ended
        WHERE (ended.project_id, ended.position) = (finished.project_id, finished.position)
          AND ended.handle_state IN ('done', 'failed') AND NOT ended.is_put_back
    )
UNION ALL SELECT 'ready has attempts of its own' FROM dispatch.ready JOIN dispatch.handles AS handle
    ON (handle.project_id, handle.position) = (ready.project_id, ready.position)
    WHERE (ready.attempts, ready.share_id, ready.location_id)
        IS DISTINCT FROM (handle.attempts, handle.share_id, handle.location_id)
UNION ALL SELECT 'no pool for ' || project_id || '/' || position FROM dispatch.ready
    WHERE NOT EXISTS (
        SELECT FROM dispatch.pools WHERE (project_id, location_id) = (ready.project_id, ready.location_id)
    )
UNION ALL SELECT 'location of ' || project_id || '/' || position || ' in ' || state FROM dispatch.handles AS handle
    WHERE state IN ('initial', 'reserved') AND (location_id IS NULL) <> EXISTS (
        SELECT FROM dispatch.unlocated AS aside
        WHERE (aside.project_id, aside.position) = (handle.project_id, handle.position)
    )
UNION ALL SELECT place || ' has a share of its own' FROM (
    SELECT 'resting' AS place, project_id, position, share_id FROM dispatch.resting
    UNION ALL SELECT 'unlocated', project_id, position, share_id FROM dispatch.unlocated
    UNION ALL SELECT 'leases', project_id, position, share_id FROM dispatch.leases
) AS places JOIN dispatch.handles AS handle
    ON (handle.project_id, handle.position) = (places.project_id, places.position)
    WHERE places.share_id IS DISTINCT FROM handle.share_id
UNION ALL SELECT 'left behind in ' || place FROM (
    SELECT 'ready' AS place, project_id, position FROM dispatch.ready
    UNION ALL SELECT 'unlocated', project_id, position FROM dispatch.unlocated
    UNION ALL SELECT 'resting', project_id, position FROM dispatch.resting
    UNION ALL SELECT 'leases', project_id, position FROM dispatch.leases
) AS places WHERE NOT EXISTS (
    SELECT FROM dispatch.handles AS handle
    WHERE (handle.project_id, handle.position) = (places.project_id, places.position)
)
UNION ALL SELECT 'counts of project ' || project.id FROM dispatch.projects AS project JOIN counted ON project_id = id
WHERE (total_count, initial_count, unlocated_count, resting_count, reserved_count, done_count, failed_count)
    <> (total, initial, unlocated, resting, reserved, done, failed)
UNION ALL SELECT 'counts of share ' || share.id
FROM dispatch.shares AS share
LEFT JOIN counted ON counted.share_id = share.id
LEFT JOIN gone ON gone.share_id = share.id
WHERE (total_count, initial_count, unlocated_count, resting_count, reserved_count, done_count, failed_count,
       gone_initial_count)
    <> (coalesce(counted.total, 0) + coalesce(gone.total, 0), coalesce(counted.initial, 0) + coalesce(gone.initial, 0),
        coalesce(unlocated, 0), coalesce(resting, 0), coalesce(reserved, 0),
        coalesce(counted.done, 0) + coalesce(gone.done, 0), coalesce(counted.failed, 0) + coalesce(gone.failed, 0),
        coalesce(gone.initial, 0))
UNION ALL SELECT 'project ' || id || ' is ' || state FROM dispatch.projects
WHERE state NOT IN ('cancelled') AND (initial_count + reserved_count = 0) <> (state IN ('done', 'failed'))
   OR (ended_at IS NULL) <> (state IN ('active', 'abandoned'))
   OR state = 'done' AND failed_count > 0
UNION ALL SELECT 'outputs of share ' || id FROM dispatch.shares
WHERE output_count <> (SELECT count(*) FROM dispatch.attempt_outputs AS output WHERE output.share_id = shares.id)
"""


@dataclass(frozen=True)
class Scene:
    """An experiment and somebody of its production who works in it."""

    db: Database
    experiment_id: int
    who: Principal

    async def run(self, text: str, *arguments: object) -> None:
        """Run SQL that sets something up."""
        async with self.db.connection() as connection:
            await connection.execute(text, *arguments)

    async def value(self, text: str, *arguments: object) -> object:
        """Return the first value that SQL yields."""
        async with self.db.connection() as connection:
            return await connection.fetchval(text, *arguments)

    async def column(self, text: str, *arguments: object) -> list[object]:
        """Return the first column that SQL yields."""
        async with self.db.connection() as connection:
            return [row[0] for row in await connection.fetch(text, *arguments)]

    async def start(
        self,
        files: int | Sequence[NewHandle] = 3,
        *,
        is_virtual: bool = True,
        max_attempts: int | None = None,
        worker_timeout: timedelta | None = None,
        **settings: object,
    ) -> CreatedProject:
        """Start a project, virtual unless said otherwise."""
        handles = make_handles(files) if isinstance(files, int) else tuple(files)
        new = NewProject(
            experiment_id=self.experiment_id,
            handles=handles,
            is_virtual=is_virtual,
            max_attempts=max_attempts,
            worker_timeout=worker_timeout,
            **settings,  # type: ignore[arg-type]  # checked by the class itself
        )
        return await create_project(self.db, self.who, project=new)

    async def take(
        self,
        project: CreatedProject,
        worker: str = "w1",
        *,
        count: int = 1,
        request_id: UUID | None = None,
        share_id: int | None = None,
        lease_for: timedelta | None = None,
        batch_job_id: str | None = None,
    ) -> Reply:
        """Ask for handles."""
        wish = Wish(
            worker_id=worker,
            request_id=request_id or uuid4(),
            count=count,
            share_id=share_id,
            lease_for=lease_for,
            batch_job_id=batch_job_id,
        )
        return await reserve_next(self.db, self.who, project_id=project.project_id, wish=wish)

    async def take_one(self, project: CreatedProject, worker: str = "w1", **wish: object) -> Lease:
        """Ask for a handle that must be there."""
        reply = await self.take(project, worker, **wish)  # type: ignore[arg-type]  # checked by the method itself
        assert len(reply.leases) == 1, reply.why
        return reply.leases[0]

    async def say(
        self,
        outcome: Outcome,
        *leases: Lease | int,
        worker: str = "w1",
        reason: str = "",
        may_retry: bool = True,
        outputs: tuple[Output, ...] = (),
    ) -> list[Answer]:
        """Report leases, or attempts by their ids."""
        ids = tuple(lease if isinstance(lease, int) else lease.attempt_id for lease in leases)
        said = Report(worker, ids, outcome, reason=reason, may_retry=may_retry, outputs=outputs)
        return await report(self.db, self.who, report=said)

    async def read(self, project: CreatedProject) -> Project:
        """Return the project as it is now."""
        return await get_project(self.db, self.who, project_id=project.project_id)

    async def list_events(self, kind: str) -> list[object]:
        """Return the facts of all events of a kind, in order."""
        return await self.column("SELECT facts FROM database.events WHERE kind = $1 ORDER BY seq", kind)

    async def check(self) -> None:
        """Everything that says the same thing twice agrees: places, counts, states."""
        found = await self.column(_DISAGREEMENTS)
        assert found == [], found

    async def add_replica(self, did: Did, rse: str = "DISK", *, is_staged: bool = True) -> None:
        """Record a copy, on an RSE that is made if there is none of the name."""
        await self.run(
            "INSERT INTO replicas.rses (experiment_id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            self.experiment_id,
            rse,
            self.db.clock.now(),
        )
        await self.run(
            """INSERT INTO replicas.replicas (namespace, name, rse_id, experiment_id, url, is_staged, created_at)
               SELECT $1, $2, id, $3, 'file:///' || $2, $4, $5 FROM replicas.rses WHERE name = $6
               ON CONFLICT DO NOTHING""",
            did.namespace,
            did.name,
            self.experiment_id,
            is_staged,
            self.db.clock.now(),
            rse,
        )


async def set_scene(db: Database) -> Scene:
    """Make an experiment and a member with the role production."""
    now = db.clock.now()
    async with db.connection() as connection:
        experiment_id = await connection.fetchval(
            "INSERT INTO auth.experiments (name, created_at) VALUES ('local', $1) RETURNING id", now
        )
        user_id = await connection.fetchval(
            "INSERT INTO auth.users (username, created_at) VALUES ('ada', $1) RETURNING id", now
        )
        await connection.execute(
            "INSERT INTO auth.memberships (experiment_id, user_id, role, created_at) VALUES ($1, $2, 'production', $3)",
            experiment_id,
            user_id,
            now,
        )
    return Scene(db, experiment_id, make_member(user_id, "ada", experiment_id, Role.PRODUCTION))


async def add_user(scene: Scene, username: str) -> int:
    """Make a user who is a member of nothing, and return the number."""
    return await scene.value(  # type: ignore[return-value]  # the column is a number
        "INSERT INTO auth.users (username, created_at) VALUES ($1, $2) RETURNING id", username, scene.db.clock.now()
    )


def make_member(user_id: int, username: str, experiment_id: int, role: Role) -> Principal:
    """Return a member of one experiment."""
    return Principal(
        user_id=user_id,
        username=username,
        display_name=username,
        is_admin=False,
        roles={experiment_id: role},
        experiments={experiment_id: "local"},
    )


def make_handles(count: int) -> tuple[NewHandle, ...]:
    """Return handles of files that no catalogue knows."""
    return tuple(NewHandle("test", f"f{number}.root") for number in range(count))

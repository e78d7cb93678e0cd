"""Making, listing and looking at large projects: `python -m benchmarks.create_projects`.

For each size: a project made through our API, all its handles listed, and the time that a plain COPY of the same rows
into tables of the same shape takes. For the largest besides: the one document of the old protocol, and the project's
page beside that of a small project. Memory is the server's, without PostgreSQL: before, and at most.

What was made has to be in the database, and what was listed has to be all of it, else the exit code is 1. Whether the
aims are met is printed and changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
from benchmarks.dispatching.children import run_until_signal
from benchmarks.dispatching.installation import (
    ANSWER_TIMEOUT_SECONDS,
    Files,
    Installation,
    RefusedError,
    Used,
    open_installation,
)
from benchmarks.dispatching.report import Aim, format_aims, format_table
from benchmarks.dispatching.yardstick import TABLES, make_tables
from demo.server import DemoError

from sutler.client import ClientError

FILES = Files("bench", ("NEAR",))
SMALL_HANDLES = 100
PAGE_REQUESTS = 30
SECONDS_ALLOWED = {100_000: 3.0, 1_000_000: 30.0}
PAGE_RATIO_ALLOWED = 1.5


class WrongCountError(Exception):
    """Something has another number of handles than was said."""


@dataclass(frozen=True)
class Step:
    """Something that was done to so many handles."""

    what: str
    handles: int
    seconds: float
    copy_seconds: float | None
    used: Used | None


def main() -> int:
    """Run everything and print the tables. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.create_projects",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--handles", default="100000,1000000", help="sizes, the largest last (default: both of the aims)"
    )
    sizes = [int(word) for word in parser.parse_args().handles.split(",")]
    try:
        with tempfile.TemporaryDirectory(prefix="sutler-bench-", ignore_cleanup_errors=True) as folder:
            run_until_signal(measure(sizes, Path(folder)))
    except (DemoError, ClientError, RefusedError, WrongCountError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def measure(sizes: Sequence[int], directory: Path) -> None:
    """Measure in a directory and print. Raises WrongCountError, DemoError."""
    async with open_installation(directory) as installation:
        await installation.place(FILES, max(sizes))
        run = Run(installation, directory)
        small_id = await installation.make_project(FILES, SMALL_HANDLES)
        for handles in sizes:
            large_id = await run.make_and_list(handles)
        ratio = await run.compare_pages(small_id, large_id)
        await run.send_document(max(sizes))
    print("\n" + format_steps(run.steps) + "\n\n" + format_aims(list_aims(run.steps, ratio)))


class Run:
    """The steps of one run."""

    def __init__(self, installation: Installation, directory: Path) -> None:
        self.steps: list[Step] = []
        self._installation = installation
        self._directory = directory
        self._http = httpx.AsyncClient(base_url=installation.server.url, timeout=ANSWER_TIMEOUT_SECONDS)

    async def make_and_list(self, handles: int) -> int:
        """Make a project through our API and list its handles; return its number. Raises WrongCountError."""
        installation = self._installation
        await installation.settle()
        installation.begin_use()
        began_at = time.perf_counter()
        project_id = await installation.make_project(FILES, handles)
        seconds, used = time.perf_counter() - began_at, installation.end_use()
        await self._check(project_id, handles)
        copy_seconds = await self._copy_rows(project_id)
        self._note(Step("created by a stream of lines", handles, seconds, copy_seconds, used))
        await self._list(project_id, handles)
        return project_id

    async def send_document(self, handles: int) -> None:
        """Make a project as old clients do, by one document, and read the reply to its end. Raises WrongCountError."""
        installation = self._installation
        files = [{"namespace": FILES.namespace, "name": FILES.name(number)} for number in range(handles)]
        body = json.dumps({"files": files}).encode()
        headers = {"X-Authentication-Token": installation.token}
        await installation.settle()
        installation.begin_use()
        began_at = time.perf_counter()
        async with self._http.stream("POST", "/dd/create_project", content=body, headers=headers) as reply:
            answered_after = time.perf_counter() - began_at
            document = b"".join([part async for part in reply.aiter_raw()])
        seconds, used = time.perf_counter() - began_at, installation.end_use()
        reply.raise_for_status()
        project_id = int(json.loads(document)["project_id"])
        await self._check(project_id, handles)
        copy_seconds = await self._copy_rows(project_id)
        what = f"created by one document of {len(body) / 1e6:.0f} MB"
        self._note(Step(what, handles, answered_after, copy_seconds, used))
        self._note(Step("the same, reply read to its end", handles, seconds, copy_seconds, used))

    async def compare_pages(self, small_id: int, large_id: int) -> float:
        """Ask for two projects' pages in turns; return how much longer the second takes."""
        cookies = {"sutler_session": self._installation.token}
        taken: dict[int, list[float]] = {small_id: [], large_id: []}
        async with httpx.AsyncClient(base_url=self._installation.server.url, cookies=cookies) as browser:
            for project_id in (small_id, large_id) * PAGE_REQUESTS:
                began_at = time.perf_counter()
                (await browser.get(f"/projects/{project_id}")).raise_for_status()
                taken[project_id].append(time.perf_counter() - began_at)
        small, large = median(taken[small_id]), median(taken[large_id])
        for what, project_id, seconds in (("small", small_id, small), ("large", large_id, large)):
            total = (await self._installation.client.get_project(project_id)).total_count
            self._note(Step(f"page of the {what} project", total, seconds, None, None))
        return large / small

    async def _list(self, project_id: int, handles: int) -> None:
        """Read the list of all handles. Raises WrongCountError."""
        headers = {"Authorization": f"Bearer {self._installation.token}"}
        self._installation.begin_use()
        began_at, lines = time.perf_counter(), 0
        async with self._http.stream("GET", f"/api/v1/projects/{project_id}/handle_lines", headers=headers) as reply:
            async for part in reply.aiter_raw():
                lines += part.count(b"\n")
        seconds, used = time.perf_counter() - began_at, self._installation.end_use()
        if lines != handles:
            raise WrongCountError(f"{lines} of {handles} handles were listed (status {reply.status_code}).")
        self._note(Step("listed, one a line", handles, seconds, None, used))

    async def _check(self, project_id: int, handles: int) -> None:
        counts = await self._installation.db.fetchrow(
            """
            SELECT (SELECT count(*) FROM dispatch.handles WHERE project_id = $1),
                   (SELECT count(*) FROM dispatch.ready WHERE project_id = $1),
                   (SELECT total_count FROM dispatch.projects WHERE id = $1)
            """,
            project_id,
        )
        if counts is None or set(counts) != {handles}:
            raise WrongCountError(f"Of {handles} there are as handles, ready, and counted: {counts}.")

    async def _copy_rows(self, project_id: int) -> float:
        """Copy the rows of a project into tables of the same shape, in one transaction; return the seconds."""
        db = self._installation.db
        await make_tables(db)
        files = {table: self._directory / f"{table}.copy" for table in TABLES}
        for table, file in files.items():
            await db.copy_from_query(
                f"SELECT * FROM dispatch.{table} WHERE project_id = {project_id} ORDER BY position",
                output=file,
                format="binary",
            )
        await self._installation.settle()
        began_at = time.perf_counter()
        async with db.transaction():
            for table, file in files.items():
                await db.copy_to_table(table, schema_name="bench", source=file, format="binary")
        return time.perf_counter() - began_at

    def _note(self, step: Step) -> None:
        self.steps.append(step)
        print(f"{time.strftime('%H:%M:%S')}  {step.handles:,} handles {step.what}: {step.seconds:.3f} s", flush=True)


def format_steps(steps: Sequence[Step]) -> str:
    """Return the table of all steps."""
    titles = ["what", "handles", "seconds", "a plain COPY", "server MB before", "at most"]
    return format_table(titles, (_format_step(step) for step in steps))


def _format_step(step: Step) -> list[str]:
    return [
        step.what,
        f"{step.handles:,}",
        f"{step.seconds:.3f}" if step.seconds < 1 else f"{step.seconds:.1f}",
        "" if step.copy_seconds is None else f"{step.copy_seconds:.1f}",
        *(["", ""] if step.used is None else [f"{step.used.first_mb:.0f}", f"{step.used.server_mb:.0f}"]),
    ]


def list_aims(steps: Sequence[Step], page_ratio: float) -> list[Aim]:
    """What is wanted of creating and looking."""
    made = {step.handles: step.seconds for step in steps if step.what == "created by a stream of lines"}
    return [
        *(Aim(f"{size:,} handles created, s", "≤", limit, made.get(size)) for size, limit in SECONDS_ALLOWED.items()),
        Aim("page of the large project over the small one's", "≤", PAGE_RATIO_ALLOWED, page_ratio),
    ]


if __name__ == "__main__":
    sys.exit(main())

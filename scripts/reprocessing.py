"""The project that the pictures of dispatching show: files on several storage elements, workers at several sites."""

from __future__ import annotations

import contextlib
import random
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx
from demo.campaign import EXPERIMENT, RSE

from sutler.client import Client
from sutler.wire.auth import NewUser
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace
from sutler.wire.dispatch import NewProject, ProjectCopy
from sutler.wire.replicas import NewReplica, NewRse, RseChange

FILES = 2_000
AT_ONCE = 1_000
DATASET = "raw:run2026"
USER = "mara"
PASSWORD = "also-only-for-pictures"  # noqa: S105 - of a server that lives for some minutes

STORAGE = (
    NewRse(EXPERIMENT, "FNAL_DISK", "Disk at Fermilab", "root://fnal.example.org//data"),
    NewRse(EXPERIMENT, "CERN_DISK", "Disk at CERN", "root://cern.example.org//data"),
    NewRse(EXPERIMENT, "RAL_DISK", "Disk at RAL", "root://ral.example.org//data"),
    NewRse(EXPERIMENT, "FNAL_TAPE", "Tape library at Fermilab", "root://tape.example.org//data", is_tape=True),
)
DISTANCES = f"""\
DEFAULT,DEFAULT,100
FNAL,FNAL_DISK,0
FNAL,FNAL_TAPE,10
FNAL,CERN_DISK,80
FNAL,DEFAULT,90
CERN,CERN_DISK,0
CERN,RAL_DISK,20
CERN,FNAL_DISK,80
CERN,FNAL_TAPE,-1
RAL,RAL_DISK,0
RAL,CERN_DISK,20
RAL,FNAL_TAPE,-1
here,{RSE},0
"""
SITES = ("FNAL", "FNAL", "FNAL", "CERN", "CERN", "RAL")
RUN_SECONDS = 6.0
BAD = ("07.raw", "55.raw")
HOPELESS = "55.raw"
COMPLAINT = "the calibration server does not answer"


@dataclass(frozen=True)
class Furnished:
    """What there is to look at: the project that is drained, and the token of its owner."""

    project_id: int
    token: str


def furnish(client: Client) -> Furnished:
    """Make storage elements, distances, files with copies, and projects in several states. `client` is the admin's."""
    client.create_experiment(EXPERIMENT, full_name="Z → µµ demonstration")
    client.create_user(NewUser(USER, PASSWORD, "Mara"))
    client.set_member(EXPERIMENT, USER, "production")
    for rse in STORAGE:
        client.create_rse(rse)
    client.set_proximity(EXPERIMENT, DISTANCES)
    client.create_namespace(NewNamespace(EXPERIMENT, "raw", owner_role="production"))
    client.create_dataset(NewDataset(DATASET))
    for begin in range(0, FILES, AT_ONCE):
        _declare(client, range(begin, begin + AT_ONCE))
    client.update_rse(EXPERIMENT, "RAL_DISK", RseChange(is_available=False))
    with Client(url=client.url) as owner:
        token = owner.sign_in(USER, PASSWORD).token
        return Furnished(_make_projects(owner, token), token)


def _declare(client: Client, numbers: range) -> None:
    files = [
        NewFile(
            "raw", _name(number), 2_100_000_000 + number, {}, {"core.stream": "cosmics" if number % 40 < 10 else "beam"}
        )
        for number in numbers
    ]
    client.declare_files(files, dataset=DATASET)
    copies = [
        NewReplica(f"raw:{_name(number)}", rse.name, f"{rse.url_prefix}/{_name(number)}", is_staged=not rse.is_tape)
        for number in numbers
        for rse in STORAGE
        if rse.name in _places(number)
    ]
    client.add_replicas(EXPERIMENT, copies)


def _name(number: int) -> str:
    return f"run{9100 + number // 400}_{number % 400:04d}.raw"


def _places(number: int) -> tuple[str, ...]:
    """Most files have a copy on a disk that is up; a few lie only where nobody can read."""
    if number % 40 == 11:
        return ("RAL_DISK",)
    if number % 40 == 23:
        return ("FNAL_TAPE",)
    return ("FNAL_DISK", "RAL_DISK") if number % 5 < 3 else ("CERN_DISK", "FNAL_TAPE")


def _make_projects(owner: Client, token: str) -> int:
    """Make projects that are cancelled, failed and done, and one that is not begun. Returns the number of that one."""
    attributes = {"campaign": "reprocessing 2026", "version": "v09_82"}
    query = f"files from {DATASET} where core.stream = cosmics"
    first = owner.create_project(NewProject(EXPERIMENT, query=query, attributes=attributes))
    owner.cancel_project(first.project_id, reason="wrong calibration")
    for version, failing in (("v09_83", 17), ("v09_84", 0)):
        copied = owner.copy_project(first.project_id, ProjectCopy(attributes={"version": version}))
        with Worker(owner.url, token, copied.id, site="FNAL", worker_id="fnal-01") as worker:
            leases = worker.take(AT_ONCE)
            worker.report_done(leases[failing:])
            for lease in leases[:failing]:
                worker.report_failed(lease, retry=False)
    new = NewProject(
        EXPERIMENT,
        query=f"files from {DATASET}",
        attributes={**attributes, "version": "v09_85"},
        max_attempts=3,
        worker_timeout_seconds=4 * 3600,
        idle_timeout_seconds=72 * 3600,
        retry_pause_seconds=30,
    )
    return owner.create_project(new).project_id


def finish(url: str, furnished: Furnished) -> None:
    """Process what is left of the project and can be read; files that failed once come last and go well now."""
    with Worker(url, furnished.token, furnished.project_id, site="CERN", worker_id="cern-09") as worker:
        while leases := worker.take(AT_ONCE):
            worker.report_done(leases)


class Worker:
    """A worker that takes files of one project and reports them, call by call."""

    def __init__(self, url: str, token: str, project_id: int, *, site: str, worker_id: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=60)
        self._project_id = project_id
        self._site = site
        self._worker_id = worker_id

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give the connections back."""
        self._http.close()

    def take(self, count: int) -> list[dict[str, Any]]:
        """Return leases, at most so many. Raises httpx.HTTPStatusError if it is refused."""
        wish = {"worker_id": self._worker_id, "request_id": str(uuid4()), "count": count, "site": self._site}
        reply = self._http.post(f"/projects/{self._project_id}/next", json=wish).raise_for_status()
        leases: list[dict[str, Any]] = reply.json()["leases"]
        return leases

    def report_done(self, leases: list[dict[str, Any]]) -> None:
        """Say that these went well."""
        if leases:
            self._report("done", leases, measures={"exit_code": 0, "cpu_seconds": 0.4})

    def report_failed(self, lease: dict[str, Any], *, retry: bool) -> None:
        """Say that one failed, as a command would that found something missing."""
        self._report(
            "failed",
            [lease],
            reason=f"exited with code 3: {COMPLAINT}",
            retry=retry,
            measures={"exit_code": 3, "cpu_seconds": 0.4},
            log_tail=f"reading {lease['replicas'][0]['url']}\n{COMPLAINT}\n",
        )

    def _report(self, outcome: str, leases: list[dict[str, Any]], **more: object) -> None:
        body = {"worker_id": self._worker_id, "attempt_ids": [lease["attempt_id"] for lease in leases], **more}
        self._http.post(f"/attempts/{outcome}", json=body).raise_for_status()


class Workers:
    """Workers of several sites that drain a project while the block runs, each in a thread of its own.

    Together they process about `files_per_minute`. One more shows a token that nobody has given out.
    """

    def __init__(self, url: str, furnished: Furnished, *, files_per_minute: int) -> None:
        self._url = url
        self._furnished = furnished
        self._at_once = max(1, round(files_per_minute * RUN_SECONDS / 60 / len(SITES)))
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(site, f"{site.lower()}-{number:02d}"))
            for number, site in enumerate(SITES, start=1)
        ]

    def __enter__(self) -> Self:
        """Start them."""
        with Worker(self._url, "forged", self._furnished.project_id, site="RAL", worker_id="ral-07") as stranger:
            for _ in range(3):
                with contextlib.suppress(httpx.HTTPStatusError):
                    stranger.take(1)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop them and wait for their ends."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, site: str, worker_id: str) -> None:
        """Take files, have them for a while, and say how it went, until the end."""
        pace = random.Random(worker_id)  # noqa: S311 - so that the columns of the plot are not all alike
        project_id, token = self._furnished.project_id, self._furnished.token
        with Worker(self._url, token, project_id, site=site, worker_id=worker_id) as worker:
            while not self._over.is_set():
                leases = worker.take(self._at_once)
                self._over.wait(RUN_SECONDS * pace.uniform(0.5, 1.5))
                bad = [lease for lease in leases if lease["attempt"] == 1 and lease["name"].endswith(BAD)]
                worker.report_done([lease for lease in leases if lease not in bad])
                for lease in bad:
                    worker.report_failed(lease, retry=not lease["name"].endswith(HOPELESS))

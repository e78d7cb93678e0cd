"""The door for programs on a port of its own, with a database of its own and a little of everything in it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import uvicorn
from tests.doors.rest.conftest import NotingBackend
from tests.server import ServerUnderTest

from sutler import auth, campaigns
from sutler.client import Client
from sutler.server.app import create_app
from sutler.server.configuration import load_configuration
from sutler.server.parts import Parts, open_parts
from sutler.wire.auth import NewGroup, NewUser
from sutler.wire.campaigns import NewCampaign, NewJobType, NewLoginSetup, NewStage
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace
from sutler.wire.dispatch import NewHandle, NewProject
from sutler.wire.replicas import NewReplica, NewRse

READY_SECONDS = 60
PEOPLE = ("admin", "anna")


@dataclass
class Bed:
    """A running server, the tokens of two people (an administrator and a plain member), and what is to be found."""

    url: str
    tokens: dict[str, str] = field(default_factory=dict)
    project_ids: tuple[int, ...] = ()
    attempt_ids: tuple[int, ...] = ()
    campaign_id: int = 0
    stage_id: int = 0
    submission_id: int = 0
    _numbers: Iterator[int] = field(default_factory=count)

    def make_up_name(self) -> str:
        """Return a name that nothing has yet."""
        return f"n{next(self._numbers)}"

    def client_of(self, username: str) -> httpx.Client:
        """Return a bare HTTP client of somebody."""
        return httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {self.tokens[username]}"}, timeout=60
        )

    def make_throw_away_project(self, username: str) -> int:
        """Return the id of a project that may be ended."""
        return _make_project(self, username)

    def make_throw_away_token(self, username: str) -> str:
        """Return a token that may be taken back."""
        with Client(self.url, token=self.tokens[username]) as sutler:
            return sutler.create_token("thrown away").token


def make_url(connect: Mapping[str, object]) -> str:
    """Return the address of a database, as settings name it, from what the driver takes."""
    if "dsn" in connect:
        return str(connect["dsn"])
    user, password, database = (quote(str(connect[name]), safe="") for name in ("user", "password", "database"))
    place = urlencode({"host": connect["host"], "port": connect["port"]})
    return f"postgresql://{user}:{password}@/{database}?{place}"


@contextmanager
def serve(database: ServerUnderTest, directory: Path) -> Iterator[Bed]:
    """Serve in a thread, with a batch system that only takes notes, for as long as the context lasts."""
    # Of the protocol by name: only then the event loop sends small replies at once.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    bed = Bed(f"http://127.0.0.1:{listening.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config("", log_config=None, access_log=False, lifespan="off"))
    opened, failures = threading.Event(), []

    async def run() -> None:
        async with _open(database, directory) as parts:
            server.config.app = create_app(parts)
            bed.tokens["admin"] = (await auth.issue_local_token(parts.db, parts.signer, username="admin", days=1)).text
            opened.set()
            await server.serve(sockets=[listening])

    def work() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - shown by who waits
            failures.append(error)
        finally:
            opened.set()

    thread = threading.Thread(target=work, name="server under test")
    thread.start()
    try:
        assert opened.wait(READY_SECONDS)
        assert not failures, failures
        fill(bed)
        yield bed
    finally:
        server.should_exit = True
        thread.join(READY_SECONDS)
        listening.close()


@asynccontextmanager
async def _open(database: ServerUnderTest, directory: Path) -> AsyncIterator[Parts]:
    configuration = load_configuration(
        data_dir=directory,
        command_line={"database_url": make_url(database.connect), "admin_password": "admin-password"},
    )
    async with open_parts(configuration) as parts:
        site, signer = parts.launcher.site, parts.signer
        yield replace(parts, launcher=campaigns.Launcher(site=site, signer=signer, backends={"local": NotingBackend()}))


def fill(bed: Bed) -> None:
    """Make people and some of everything, so that requests find something."""
    with Client(bed.url, token=bed.tokens["admin"]) as sutler:
        for username in ("anna", "carl"):
            sutler.create_user(NewUser(username, f"{username}-password"))
            sutler.set_member("local", username, "analysis")
            with Client(bed.url) as newcomer:
                bed.tokens[username] = newcomer.sign_in(username, f"{username}-password").token
        sutler.create_group(NewGroup("local", "shifters"))
        sutler.create_namespace(NewNamespace("local", "demo", owner_role="analysis"))
        sutler.create_dataset(NewDataset("demo:all"))
        files = [NewFile("demo", f"f{number}", size_bytes=number) for number in range(5)]
        sutler.declare_files(files, dataset="demo:all")
        sutler.create_rse(NewRse("local", "disk"))
        sutler.add_replicas("local", [NewReplica("demo:f0", "disk", "file:///f0")])
        sutler.save_login_setup(NewLoginSetup("local", "here"))
        sutler.save_job_type(NewJobType("local", "simulate", "/bin/true"))
        stages = (NewStage("generate", "simulate", "here", stage_type="generator", unit_count=3, job_count=2),)
        bed.campaign_id = sutler.create_campaign(NewCampaign("local", "spring", {}, stages)).id
        bed.stage_id = sutler.view_campaign(bed.campaign_id).stages[0].id
        bed.submission_id = sutler.launch_stage(bed.stage_id)
    bed.project_ids = tuple(_make_project(bed, owner) for owner in PEOPLE)
    bed.attempt_ids = tuple(number for project_id in bed.project_ids for number in _reserve(bed, project_id))


def _make_project(bed: Bed, owner: str) -> int:
    handles = tuple(NewHandle("demo", f"f{number}") for number in range(50))
    with Client(bed.url, token=bed.tokens[owner]) as sutler:
        return sutler.create_project(NewProject("local", handles, is_virtual=True)).project_id


def _reserve(bed: Bed, project_id: int) -> list[int]:
    with bed.client_of("admin") as client:
        wish = {"worker_id": "w", "request_id": str(uuid4()), "count": 3}
        reply = client.post(f"/projects/{project_id}/next", json=wish)
        return [lease["attempt_id"] for lease in reply.raise_for_status().json()["leases"]]

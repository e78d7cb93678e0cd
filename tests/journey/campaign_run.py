"""A whole campaign on a real server, with crashes at chosen moments, and what is left of it."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from demo.campaign import Defined, Shape, define_campaign
from demo.following import StageProgress, follow_campaign
from demo.server import DemoServer, find_free_port

from sutler.client import Client, ClientError
from sutler.wire.catalog import FileView

DATASETS = ("gen", "reco", "ana")
STAGES = ("generate", "reconstruct", "analyse")


class Victim(Enum):
    """What is killed: the server, its database below it, or both as by a power cut."""

    SERVER = "server"
    DATABASE = "database"
    BOTH = "both"


@dataclass
class Crash:
    """A moment at which something is killed: when a stage has so many files done."""

    stage: str
    done: int
    victim: Victim = Victim.SERVER
    has_happened: bool = False

    def is_due(self, progress: list[StageProgress]) -> bool:
        """Whether the moment has come."""
        found = next((p.submission for p in progress if p.name == self.stage), None)
        return not self.has_happened and found is not None and found.done_count >= self.done


@dataclass
class CampaignRun:
    """A server with one campaign on it."""

    server: DemoServer
    shape: Shape
    crashes: list[Crash] = field(default_factory=list)
    _client: Client | None = None

    @property
    def client(self) -> Client:
        """Talks to the server; outlives its restarts."""
        assert self._client is not None
        return self._client

    @contextmanager
    def open(self) -> Iterator[None]:
        """Start the server, and end it afterwards."""
        self.server.start()
        try:
            with Client(url=self.server.url, token=self.server.create_token()) as client:
                self._client = client
                yield
        finally:
            self.server.stop()

    def run(self, *, is_launch_interrupted: bool = False) -> Defined:
        """Define and launch the campaign and wait for its end, crashing on the way."""
        defined = define_campaign(self.client, self.shape, storage=self.server.data_dir / "storage")
        if is_launch_interrupted:
            self._crash_while(lambda: self.client.launch_stage(defined.first_stage_id, key="launch"))
        first = self.client.launch_stage(defined.first_stage_id, key="launch")
        assert self.client.launch_stage(defined.first_stage_id, key="launch") == first
        follow_campaign(self.client, defined.campaign_id, show=self._crash_if_due)
        assert all(crash.has_happened for crash in self.crashes)
        return defined

    def crash(self, victim: Victim = Victim.SERVER) -> None:
        """Kill what is to be killed, and start the server again; its database it has to start by itself."""
        if victim is not Victim.SERVER:
            pid_file = self.server.data_dir / "postgres" / "postmaster.pid"
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
        if victim is not Victim.DATABASE:
            self.server.kill()
            self.server.start()

    def _crash_if_due(self, progress: list[StageProgress]) -> None:
        for crash in self.crashes:
            if crash.is_due(progress):
                crash.has_happened = True
                self.crash(crash.victim)

    def _crash_while(self, act: Callable[[], object]) -> None:
        """Kill the server while a call is under way: it may have taken effect, or not."""
        outcome: list[object] = []

        def call() -> None:
            try:
                outcome.append(act())
            except ClientError as error:
                outcome.append(error)

        caller = threading.Thread(target=call)
        caller.start()
        caller.join(0.05)
        self.crash()
        caller.join(60)
        assert outcome, "the call neither answered nor failed"

    def list_files(self, dataset: str) -> list[FileView]:
        """All files of a dataset with everything that the catalogue knows."""
        found = self.client.query_files(f"files from demo:{dataset}").items
        return [self.client.get_file(f"{file.namespace}:{file.name}") for file in found]

    def list_checksums(self) -> dict[str, dict[str, str]]:
        """Every file of the campaign with its checksums."""
        return {
            f"{view.file.namespace}:{view.file.name}": dict(view.file.checksums)
            for dataset in DATASETS
            for view in self.list_files(dataset)
        }

    def find_path(self, view: FileView) -> Path:
        """Where the one copy of a file lies."""
        replicas = self.client.list_replicas([f"{view.file.namespace}:{view.file.name}"]).items
        (replica,) = replicas
        return Path(unquote(urlsplit(replica.url).path))


def new_run(directory: Path, shape: Shape, *crashes: Crash) -> CampaignRun:
    """A run on a server of its own."""
    server = DemoServer(directory, find_free_port(), environment={"SUTLER_ADMIN_PASSWORD": "correct horse"})
    return CampaignRun(server, shape, list(crashes))


def checksums_of(path: Path) -> dict[str, str]:
    """The checksums of what is really on disk."""
    content = path.read_bytes()
    return {"adler32": f"{zlib.adler32(content):08x}", "sha256": hashlib.sha256(content).hexdigest()}

"""A real server, and the published old clients against it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.server import DemoServer, find_free_port
from tests.conftest import is_ci
from tests.contract.clients.bench import PASSWORD, Bench, sign_in
from tests.contract.clients.catalog_shelf import Shelf, furnish_shelf
from tests.contract.clients.installing import RELEASES, Installed, NotInstalledError, Release, find_cache, install

from sutler.client import Client
from sutler.wire.auth import NewGroup, NewUser
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace
from sutler.wire.replicas import NewReplica, NewRse, RseChange

_NUMBERS = itertools.count()


@pytest.fixture(scope="session", params=RELEASES, ids=lambda release: release.version)
def client(request: pytest.FixtureRequest) -> Installed:
    """Each release of the clients in turn."""
    release: Release = request.param
    try:
        return install(release)
    except NotInstalledError as error:
        advice = f"the client {release.version} is needed in {find_cache()} (SUTLER_TEST_CACHE): {error}"
        if is_ci():
            pytest.fail(advice)
        pytest.skip(advice)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the password of the tests, and sign-in by digest switched on."""
    server = DemoServer(
        tmp_path_factory.mktemp("server"),
        find_free_port(),
        environment={"SUTLER_ADMIN_PASSWORD": PASSWORD, "SUTLER_DIGEST_LOGIN": "yes"},
    )
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def admin(server_url: str) -> Iterator[Client]:
    """Our own client of the administrator, who has put files `test:a.root` to `test:c.root` and some copies there."""
    with Client(server_url) as client:
        client.sign_in("admin", PASSWORD)
        _furnish(client)
        yield client


@pytest.fixture(scope="session")
def token_of_alice(client: Installed, admin: Client) -> tuple[str, str]:
    """A user of each release and her token, for all tests that do not care what else she has done."""
    return _make_user(admin, f"alice_{client.release.version.partition('.')[0]}_{next(_NUMBERS)}")


@pytest.fixture
def bench(client: Installed, admin: Client, token_of_alice: tuple[str, str], tmp_path: Path) -> Bench:
    """A user with a token in an empty directory."""
    username, token = token_of_alice
    bench = Bench(client, admin.url, username, tmp_path)
    bench.keep(token)
    return bench


@pytest.fixture
def new_bench(client: Installed, admin: Client, tmp_path: Path) -> Bench:
    """A user who has done nothing yet, with a token, in an empty directory."""
    username, token = _make_user(admin, f"user{next(_NUMBERS)}")
    bench = Bench(client, admin.url, username, tmp_path)
    bench.keep(token)
    return bench


@pytest.fixture
def shelf(new_bench: Bench) -> Shelf:
    """A user who has done nothing yet, with a namespace, a dataset and four files, of which the last came of the first.

    They were made by the client itself.
    """
    return furnish_shelf(new_bench)


@pytest.fixture
def admin_bench(client: Installed, admin: Client, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The administrator with a token in an empty directory."""
    bench = Bench(client, admin.url, "admin", tmp_path_factory.mktemp("admin"))
    assert admin.token is not None
    bench.keep(admin.token)
    return bench


def _make_user(admin: Client, username: str) -> tuple[str, str]:
    admin.create_user(NewUser(username, PASSWORD, "Alice"))
    admin.set_member("local", username, "analysis")
    return username, sign_in(admin.url, username)


def _furnish(admin: Client) -> None:
    for name, description in (("DISK1", "disk"), ("DISK2", "far disk"), ("DISK3", "to be switched")):
        admin.create_rse(NewRse("local", name, description))
    admin.create_rse(NewRse("local", "TAPE1", "tape", is_tape=True, preference=5))
    admin.update_rse("local", "DISK2", RseChange(is_available=False))
    admin.set_proximity("local", "FNAL,DISK1,7\nDEFAULT,DEFAULT,100\n")
    admin.create_namespace(NewNamespace("local", "test", owner_role="production"))
    admin.create_dataset(NewDataset("test:ds"))
    files = [
        NewFile("test", f"{name}.root", 100, {}, {"core.run": number, "core.kind": "raw"}, (), f"fid-{name}")
        for number, name in enumerate("abc", start=1)
    ]
    admin.declare_files(files, dataset="test:ds")
    copies = [("a", "DISK1"), ("a", "DISK2"), ("b", "DISK1")]
    admin.add_replicas(
        "local", [NewReplica(f"test:{name}.root", rse, f"root://{rse.lower()}//{name}.root") for name, rse in copies]
    )
    admin.create_group(NewGroup("local", "shift_crew"))

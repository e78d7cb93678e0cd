"""Catalogues behind one port: the built-in one, a stand-in for a MetaCat server, and a second server of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from demo.server import DemoServer, find_free_port
from tests.contract.metacat.bed import SECRET, Bed, make_bed
from tests.contract.metacat.metacat_stand_in import MetacatStandIn

from sutler.auth import Role, create_user, get_principal_of, set_member
from sutler.auth.model import SYSTEM
from sutler.catalog import BuiltinSource, CatalogSource
from sutler.database import Database


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come again soon: what matters is that it comes again."""
    monkeypatch.setattr("sutler.catalog.sources.wire.FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
async def metacat(db: Database) -> AsyncIterator[MetacatStandIn]:
    """A server where `pro` may sign in."""
    stand_in = MetacatStandIn(passwords={"pro": SECRET}, now=lambda: db.clock.now().timestamp())
    async with stand_in.serve():
        yield stand_in


@pytest.fixture
async def bed(db: Database, metacat: MetacatStandIn) -> AsyncIterator[Bed]:
    """An experiment that uses it."""
    made = await make_bed(db, metacat)
    yield made
    await made.catalogues.close()


@pytest.fixture(scope="session")
def other_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """A second installation, which takes passwords by digest."""
    environment = {"SUTLER_ADMIN_PASSWORD": SECRET, "SUTLER_DIGEST_LOGIN": "yes"}
    server = DemoServer(tmp_path_factory.mktemp("other"), find_free_port(), environment=environment)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["builtin", "stand-in", "server"])
async def source(request: pytest.FixtureRequest, bed: Bed) -> CatalogSource:
    """Each catalogue in turn, in the name of somebody who may declare in namespaces of the own."""
    match request.param:
        case "builtin":
            user = await create_user(bed.db, SYSTEM, username="mia", password="correct horse battery")
            await set_member(bed.db, SYSTEM, experiment="dune", username="mia", role=Role.PRODUCTION)
            return BuiltinSource(bed.db, await get_principal_of(bed.db, user_id=user.id), experiment="dune")
        case "server":
            url = request.getfixturevalue("other_server").url
            await bed.connect(url=f"{url}/metacat", auth_url=f"{url}/auth", seconds=30)
            await bed.sign_in(username="admin")
    return await bed.find()

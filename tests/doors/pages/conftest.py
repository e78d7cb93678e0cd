"""A seeded installation with its pages, and browsers in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.doors.pages.browser import Browser, ServicesUnderTest, make_app
from tests.integration.campaigns.scene import Scene, set_scene

from sutler.auth import Authenticator, Sealer, make_sealing_key
from sutler.campaigns import NewDependency, NewStage, StageSettings
from sutler.catalog import Catalogues
from sutler.database import Database
from sutler.dispatch import RefusalBook


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> Scene:
    """An experiment with a producer, an analyst, ten files, a job type and a login setup."""
    return await set_scene(db, tmp_path)


@pytest.fixture
async def services(scene: Scene, tmp_path: Path) -> AsyncIterator[ServicesUnderTest]:
    """What the server would give to the pages."""
    authenticator = Authenticator(scene.db, scene.launcher.signer)
    storage = tmp_path / "storage"
    storage.mkdir()
    sealer = Sealer(make_sealing_key())
    catalogues = Catalogues(scene.db, sealer)
    yield ServicesUnderTest(
        db=scene.db,
        authenticator=authenticator,
        signer=scene.launcher.signer,
        launcher=scene.launcher,
        storage=storage,
        refusals=RefusalBook(scene.db),
        sealer=sealer,
        catalogues=catalogues,
    )
    await catalogues.close()
    await authenticator.close()


@pytest.fixture
def browser(services: ServicesUnderTest) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(make_app(services))


@pytest.fixture
async def producer(browser: Browser) -> Browser:
    """A browser in which the producer is signed in."""
    reply = await browser.sign_in("pia")
    assert reply.status_code == 303, reply.text
    return browser


@pytest.fixture
async def stages(scene: Scene) -> list[int]:
    """A campaign of two stages; the second is fed by the first."""
    return await scene.make_campaign(
        NewStage(
            "copy", "copy", "here", settings=StageSettings(dataset_query="files from nova:raw", split_type="nfiles(4)")
        ),
        NewStage("merge", "copy", "here"),
        dependencies=(NewDependency("copy", "merge", "out.%"),),
    )

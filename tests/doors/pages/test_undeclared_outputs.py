"""What the pages of a submission say about outputs that go to a catalogue elsewhere."""

from __future__ import annotations

import pytest
from tests.doors.pages.browser import Browser
from tests.integration.campaigns.scene import Scene
from tests.integration.elsewhere import PLACE, Elsewhere, name_elsewhere

from sutler import catalog


@pytest.fixture
async def submission(scene: Scene, stages: list[int]) -> int:
    """A submission whose outputs are to be declared elsewhere."""
    submission_id = await scene.launch(stages[0])
    await name_elsewhere(scene.db, experiment="nova")
    await scene.work_off(submission_id)
    return submission_id


async def test_outputs_that_wait_are_counted_with_the_reason(producer: Browser, scene: Scene, submission: int) -> None:
    text = (await producer.get(f"submissions/{submission}")).text
    assert f"outputs are not yet declared to {PLACE}: they are on their way." in text
    away = Elsewhere(failure=catalog.RemoteCatalogUnavailableError("metacat is away"))
    await catalog.send_declarations(scene.db, away, count=100)
    assert "metacat is away." in (await producer.get(f"submissions/{submission}/outputs")).text
    assert "retry-declarations" not in text


async def test_refused_outputs_come_with_what_to_do(producer: Browser, scene: Scene, submission: int) -> None:
    picky = Elsewhere(refusals={f"out.f{number:02d}.root": "not <b>allowed</b>" for number in range(10)})
    async with scene.db.connection() as connection:
        await connection.execute("UPDATE catalog.remote_files SET parents = '{}'")
    await catalog.send_declarations(scene.db, picky, count=100)
    text = (await producer.get(f"submissions/{submission}")).text
    assert "not &lt;b&gt;allowed&lt;/b&gt;" in text
    assert "sutler submission retry-declarations nova" in text


async def test_outputs_elsewhere_are_named_without_a_page_of_theirs(
    producer: Browser, scene: Scene, submission: int
) -> None:
    async with scene.db.connection() as connection:
        await connection.execute("UPDATE catalog.remote_files SET parents = '{}'")
    await catalog.send_declarations(scene.db, Elsewhere(), count=100)
    text = (await producer.get(f"submissions/{submission}/outputs")).text
    assert f"out.{(await scene.list_names(submission))[0]}" in text
    assert PLACE in text
    assert 'href="/files/' not in text

"""A launch that failed is tried again under the same key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.contract.backends.beds import LocalBed, shell_plan, wait_for_end
from tests.integration.launch.conftest import Launching

from sutler.base.clock import MovableClock
from sutler.database import Database
from sutler.launch import (
    LaunchNotFailedError,
    LaunchNotFoundError,
    LaunchState,
    LocalBackend,
    claim_unsubmitted,
    get_launch_in,
    retry_in,
    submit_launch,
)

KEY = "submission/815"


async def retry(db: Database, key: str = KEY) -> None:
    """Try a launch again, in a transaction of its own."""
    async with db.write() as tx:
        await retry_in(tx, key=key)


async def fail(db: Database, launching: Launching, local: LocalBed, tmp_path: Path) -> None:
    """Make a launch whose back-end refuses it as long as something is in the way."""
    in_the_way = local.directory
    in_the_way.touch()
    await launching.intend(KEY, shell_plan('echo ran >> "$1"', str(tmp_path / "runs"), job_count=2))
    launch = await submit_launch(db, {"local": LocalBackend(in_the_way)}, key=KEY, secrets={})
    assert launch.state is LaunchState.FAILED
    in_the_way.unlink()


@pytest.mark.row(52)
async def test_a_failed_launch_goes_back_to_intended_and_is_submitted(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path, clock: MovableClock
) -> None:
    await fail(db, launching, local, tmp_path)
    clock.advance(timedelta(minutes=5))
    await retry(db)
    async with db.read() as tx:
        launch = await get_launch_in(tx, key=KEY)
    assert (launch.state, launch.failure, launch.ended_at) == (LaunchState.INTENDED, "", None)
    assert launch.intended_at == clock.now()
    assert await claim_unsubmitted(db, older_than=timedelta(0), count=9) == [KEY]
    assert (await submit_launch(db, {"local": local.backend}, key=KEY, secrets={})).state is LaunchState.SUBMITTED
    await wait_for_end(local.backend, [f"local:{KEY}/1", f"local:{KEY}/2"])
    assert (tmp_path / "runs").read_text() == "ran\n" * 2
    told = [(kind, facts.get("retry")) for kind, facts in await launching.list_events(KEY)]
    assert told == [
        ("launch_intended", False),
        ("launch_failed", None),
        ("launch_intended", True),
        ("launch_submitted", None),
    ]


async def test_a_job_that_was_started_all_the_same_is_not_started_by_the_retry(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    await fail(db, launching, local, tmp_path)
    async with db.read() as tx:
        plan = (await get_launch_in(tx, key=KEY)).plan
    await local.backend.submit(KEY, plan, {})
    await retry(db)
    await submit_launch(db, {"local": local.backend}, key=KEY, secrets={})
    await wait_for_end(local.backend, [f"local:{KEY}/1", f"local:{KEY}/2"])
    assert (tmp_path / "runs").read_text() == "ran\n" * 2


async def test_only_a_launch_that_failed_is_tried_again(db: Database, launching: Launching, local: LocalBed) -> None:
    with pytest.raises(LaunchNotFoundError):
        await retry(db)
    await launching.intend(KEY, shell_plan("exit 0"))
    with pytest.raises(LaunchNotFailedError) as caught:
        await retry(db)
    assert caught.value.facts["state"] == "intended"
    await submit_launch(db, {"local": local.backend}, key=KEY, secrets={})
    with pytest.raises(LaunchNotFailedError):
        await retry(db)
    await wait_for_end(local.backend, [f"local:{KEY}/1"])

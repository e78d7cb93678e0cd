"""A login setup is tried: what it prints is shown, and whether it came to its end."""

from __future__ import annotations

import pytest
from tests.integration.campaigns.scene import Scene
from tests.waiting import wait_until

from sutler import campaigns, launch
from sutler.base.errors import NotFoundError, NotPermittedError
from sutler.campaigns import LoginSetupTrial, NewLoginSetup


async def try_out(scene: Scene, text: str) -> LoginSetupTrial:
    setup = await campaigns.save_login_setup(scene.db, scene.producer, new=NewLoginSetup("nova", "tried", setup=text))
    keys = {
        await campaigns.try_login_setup(
            scene.db, scene.launcher, scene.producer, login_setup_id=setup.id, key="click/1"
        )
        for _ in range(2)
    }
    [key] = keys

    async def look() -> LoginSetupTrial:
        await launch.poll_launches(scene.db, scene.launcher.backends)
        return await campaigns.view_login_setup_trial(
            scene.db, scene.launcher, scene.producer, login_setup_id=setup.id, key=key
        )

    async def is_over() -> bool:
        return (await look()).is_over

    await wait_until(is_over)
    return await look()


@pytest.mark.row(12)
async def test_a_good_login_setup_comes_to_its_end_and_shows_what_it_printed(scene: Scene) -> None:
    trial = await try_out(scene, "echo hello from %(experiment)s")
    assert trial.is_good
    assert trial.output.splitlines() == ["hello from nova", "The login setup is done."]


@pytest.mark.row(12)
async def test_a_login_setup_that_fails_says_why(scene: Scene) -> None:
    trial = await try_out(scene, "echo no such product >&2; exit 3")
    assert not trial.is_good
    assert trial.reason == "the login setup ended with 3: no such product"


async def test_those_who_may_not_launch_with_it_do_not_try_it(scene: Scene) -> None:
    [setup] = await campaigns.list_login_setups(scene.db, scene.producer)
    with pytest.raises(NotPermittedError):
        await campaigns.try_login_setup(scene.db, scene.launcher, scene.analyst, login_setup_id=setup.id, key="k")
    with pytest.raises(NotFoundError):
        await campaigns.view_login_setup_trial(
            scene.db, scene.launcher, scene.producer, login_setup_id=setup.id, key="other/1"
        )

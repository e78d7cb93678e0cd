"""Trying a login setup: its text is run where its launches would run, and what it says is shown."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from sutler import launch
from sutler.auth import Action, Principal, permit
from sutler.base.errors import NotFoundError
from sutler.campaigns import rules, store
from sutler.campaigns.model import LoginSetup
from sutler.campaigns.operations.hosts import check_host_in
from sutler.campaigns.operations.launching import Launcher
from sutler.campaigns.operations.loading import thing_of
from sutler.database import AlreadyExistsError, Database, Tx

FAREWELL = "The login setup is done."
"""What comes last when nothing went wrong."""


@dataclass(frozen=True)
class LoginSetupTrial:
    """How a trial stands: `output` is what the setup has printed so far. `is_good` once it came to its end."""

    key: str
    is_over: bool
    is_good: bool
    reason: str
    output: str


async def try_login_setup(db: Database, launcher: Launcher, who: Principal, *, login_setup_id: int, key: str) -> str:
    """Run the text of a login setup as one job that does nothing else. Returns the key to look at it with.

    The same `key` again runs nothing new. Raises NotFoundError, NotPermittedError, LaunchHostError,
    UnknownBackendError, UnknownVariableError, InvalidInputError.
    """
    launch_key = f"login_setup/{login_setup_id}/{who.user_id}/{key}"
    async with db.write() as tx:
        setup = await _load(tx, login_setup_id)
        permit(who, Action.LAUNCH, thing_of("login setup", setup))
        experiment = await store.get_experiment_name(tx, experiment_id=setup.experiment_id)
        variables = rules.list_variables(
            keywords={},
            campaign="trial",
            stage="trial",
            version="",
            experiment=experiment,
            launcher=who.username,
            dataset="",
        )
        await check_host_in(tx, setup, variables, role=setup.creator_role)
        launch.get_backend(launcher.backends, setup.backend)
        plan = launch.LaunchPlan(
            arguments=("/bin/echo", FAREWELL),
            job_count=1,
            setup=rules.substitute_in_shell(setup.setup, variables, where="login setup"),
            host=rules.substitute(setup.host, variables, where="host of the login setup"),
            account=rules.substitute(setup.account, variables, where="account of the login setup"),
        )
    with contextlib.suppress(AlreadyExistsError):
        async with db.write() as tx:
            await launch.intend_in(
                tx, key=launch_key, experiment_id=setup.experiment_id, backend=setup.backend, plan=plan
            )
    # A back-end that is away keeps its reason with the launch, which is taken up again.
    with contextlib.suppress(launch.BackendFailedError):
        await launch.submit_launch(db, launcher.backends, key=launch_key, secrets={})
    return launch_key


async def view_login_setup_trial(
    db: Database, launcher: Launcher, who: Principal, *, login_setup_id: int, key: str
) -> LoginSetupTrial:
    """Return how a trial stands. Raises NotFoundError, NotPermittedError, BackendFailedError."""
    async with db.read() as tx:
        setup = await _load(tx, login_setup_id)
        permit(who, Action.LAUNCH, thing_of("login setup", setup))
        if not key.startswith(f"login_setup/{login_setup_id}/"):
            raise NotFoundError("trial", key)
        known = await launch.get_launch_in(tx, key=key)
        jobs = await launch.list_jobs_in(tx, key=key)
    if not jobs:
        is_over = known.state in (launch.LaunchState.FAILED, launch.LaunchState.ENDED)
        return LoginSetupTrial(key, is_over, is_good=False, reason=known.failure, output="")
    output = ""
    # A job that still waits has written nothing.
    with contextlib.suppress(launch.BatchJobNotFoundError):
        output = (await launch.read_output(db, launcher.backends, key=key, number=1)).text
    [job] = jobs
    is_good = job.exit_code == 0 and output.rstrip().endswith(FAREWELL)
    return LoginSetupTrial(key, job.state.is_final, is_good, job.reason, output)


async def _load(tx: Tx, login_setup_id: int) -> LoginSetup:
    found = await store.find_login_setup_by_id(tx, login_setup_id=login_setup_id)
    if found is None:
        raise NotFoundError("login setup", login_setup_id)
    return found

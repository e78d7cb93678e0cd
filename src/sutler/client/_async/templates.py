"""Login setups, job types, and where may be logged in to."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import Literal

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.wire import campaigns as wire
from sutler.wire.launch_hosts import LaunchHosts, LoginSetupTrial, NewLaunchHosts
from sutler.wire.page import Page


class AsyncTemplateCalls(AsyncCaller):
    """Calls about what stages refer to. With a `revision` only what nobody has changed since is changed."""

    async def list_login_setups(self, *, experiment: str | None = None) -> Page[wire.LoginSetup]:
        """List login setups."""
        return await self.get(Page[wire.LoginSetup], path_of("login_setups"), experiment=experiment)

    async def get_login_setup(self, login_setup_id: int) -> wire.LoginSetup:
        """Return a login setup."""
        return await self.get(wire.LoginSetup, path_of("login_setups", login_setup_id))

    async def save_login_setup(
        self, new: wire.NewLoginSetup, *, revision: int | None = None, key: str | None = None
    ) -> wire.LoginSetup:
        """Make a login setup, or change the one of that name."""
        return await self.send(wire.LoginSetup, "POST", path_of("login_setups"), new, key=key, revision=revision)

    async def edit_login_setup(self, login_setup_id: int, new: wire.NewLoginSetup, *, revision: int) -> wire.LoginSetup:
        """Change a login setup, whose name stays."""
        return await self.send(wire.LoginSetup, "PUT", path_of("login_setups", login_setup_id), new, revision=revision)

    async def delete_login_setup(self, login_setup_id: int) -> None:
        """Delete a login setup that nothing refers to."""
        await self.send(NoneType, "DELETE", path_of("login_setups", login_setup_id))

    async def list_login_setup_users(
        self, login_setup_id: int, *, limit: int = 100, cursor: str | None = None
    ) -> Page[wire.TemplateUse]:
        """List the campaigns and stages that use a login setup."""
        path = path_of("login_setups", login_setup_id, "users")
        return await self.get(Page[wire.TemplateUse], path, limit=limit, cursor=cursor)

    async def clone_login_setup(self, login_setup_id: int, name: str, *, key: str | None = None) -> wire.LoginSetup:
        """Copy a login setup under another name; the copy is yours."""
        path = path_of("login_setups", login_setup_id, "clone")
        return await self.send(wire.LoginSetup, "POST", path, wire.Named(name), key=key)

    async def try_login_setup(self, login_setup_id: int, *, key: str | None = None) -> LoginSetupTrial:
        """Run the text of a login setup as one job; `view_login_setup_trial` says how it went."""
        return await self.send(LoginSetupTrial, "POST", path_of("login_setups", login_setup_id, "trial"), key=key)

    async def view_login_setup_trial(self, login_setup_id: int, key: str) -> LoginSetupTrial:
        """Return how a trial stands."""
        return await self.get(LoginSetupTrial, path_of("login_setups", login_setup_id, "trial"), key=key)

    async def list_job_types(self, *, experiment: str | None = None) -> Page[wire.JobType]:
        """List job types."""
        return await self.get(Page[wire.JobType], path_of("job_types"), experiment=experiment)

    async def get_job_type(self, job_type_id: int) -> wire.JobType:
        """Return a job type."""
        return await self.get(wire.JobType, path_of("job_types", job_type_id))

    async def save_job_type(
        self,
        new: wire.NewJobType,
        *,
        switch_stage_ids: Sequence[int] = (),
        revision: int | None = None,
        key: str | None = None,
    ) -> wire.JobType:
        """Make a job type, or change the one of that name, and let stages switch to it, all or nothing."""
        return await self.send(
            wire.JobType,
            "POST",
            path_of("job_types"),
            new,
            key=key,
            revision=revision,
            filters={"switch_stage_id": tuple(switch_stage_ids)},
        )

    async def edit_job_type(
        self, job_type_id: int, new: wire.NewJobType, *, revision: int, switch_stage_ids: Sequence[int] = ()
    ) -> wire.JobType:
        """Change a job type, whose name stays, for all stages that use it."""
        path = path_of("job_types", job_type_id)
        filters = {"switch_stage_id": tuple(switch_stage_ids)}
        return await self.send(wire.JobType, "PUT", path, new, revision=revision, filters=filters)

    async def delete_job_type(self, job_type_id: int) -> None:
        """Delete a job type that nothing refers to."""
        await self.send(NoneType, "DELETE", path_of("job_types", job_type_id))

    async def list_job_type_users(
        self, job_type_id: int, *, limit: int = 100, cursor: str | None = None
    ) -> Page[wire.TemplateUse]:
        """List the campaigns and stages that use a job type."""
        path = path_of("job_types", job_type_id, "users")
        return await self.get(Page[wire.TemplateUse], path, limit=limit, cursor=cursor)

    async def clone_job_type(self, job_type_id: int, name: str, *, key: str | None = None) -> wire.JobType:
        """Copy a job type under another name; the copy is yours."""
        path = path_of("job_types", job_type_id, "clone")
        return await self.send(wire.JobType, "POST", path, wire.Named(name), key=key)

    async def get_launch_hosts(self, experiment: str) -> LaunchHosts:
        """Return where login setups of an experiment may log in to."""
        return await self.get(LaunchHosts, path_of("experiments", experiment, "launch_hosts"))

    async def set_launch_hosts(
        self, experiment: str, role: Literal["analysis", "production"], patterns: Sequence[str]
    ) -> LaunchHosts:
        """Replace where login setups of analysis, or of production, may log in to."""
        body = NewLaunchHosts(role, tuple(patterns))
        return await self.send(LaunchHosts, "PUT", path_of("experiments", experiment, "launch_hosts"), body)

"""Projects and their handles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from types import NoneType

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.wire import dispatch as wire
from sutler.wire.convert import to_json
from sutler.wire.page import Count, Page


def _list_documents(new: wire.NewProject, files: Iterable[wire.NewHandle | str]) -> Iterator[object]:
    head = to_json(new)
    yield {name: item for name, item in head.items() if name not in {"files", "limit"}}
    for file in files:
        if isinstance(file, str):
            namespace, _, name = file.partition(":")
            yield {"namespace": namespace, "name": name}
        else:
            yield to_json(file)


class AsyncDispatchCalls(AsyncCaller):
    """Calls about projects. The calls of workers are not here: `sutler worker` makes them."""

    async def list_projects(
        self,
        *,
        experiment: str | None = None,
        state: str | None = None,
        owner: str | None = None,
        query: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[wire.Project]:
        """List projects, newest first; `query` is a search of projects."""
        return await self.get(
            Page[wire.Project],
            path_of("projects"),
            experiment=experiment,
            state=state,
            owner=owner,
            q=query,
            limit=limit,
            cursor=cursor,
        )

    async def create_project(
        self,
        new: wire.NewProject,
        *,
        files: Iterable[wire.NewHandle | str] | None = None,
        key: str | None = None,
    ) -> wire.CreatedProject:
        """Make a project of files, or of the files of a query.

        `files`, or their names like `namespace:name`, are sent as they come, however many: what this takes does not
        grow with their number. They take the place of `new.files`. If their iterator raises, no project is made.
        """
        if files is None:
            return await self.send(wire.CreatedProject, "POST", path_of("projects"), new, key=key)
        return await self.send_lines(wire.CreatedProject, path_of("projects"), _list_documents(new, files), key=key)

    async def get_project(self, project_id: int) -> wire.Project:
        """Return a project."""
        return await self.get(wire.Project, path_of("projects", project_id))

    async def copy_project(
        self, project_id: int, changes: wire.ProjectCopy | None = None, *, key: str | None = None
    ) -> wire.Project:
        """Make a project of the files of another one, and return it."""
        path = path_of("projects", project_id, "copy")
        return await self.send(wire.Project, "POST", path, changes or wire.ProjectCopy(), key=key)

    async def alter_project(self, project_id: int, change: wire.ProjectChange) -> wire.Project:
        """Change a project while it works."""
        return await self.send(wire.Project, "PATCH", path_of("projects", project_id), change)

    async def delete_project(self, project_id: int) -> None:
        """Delete a project with its handles and attempts."""
        await self.send(NoneType, "DELETE", path_of("projects", project_id))

    async def activate_project(self, project_id: int, *, key: str | None = None) -> wire.Project:
        """Open a project again that was cancelled or abandoned."""
        return await self.send(wire.Project, "POST", path_of("projects", project_id, "activate"), key=key)

    async def list_project_history(
        self, project_id: int, *, limit: int = 100, cursor: str | None = None
    ) -> Page[wire.ProjectEvent]:
        """List what happened to a project, newest first."""
        path = path_of("projects", project_id, "history")
        return await self.get(Page[wire.ProjectEvent], path, limit=limit, cursor=cursor)

    async def list_refusals(self, project_id: int, *, limit: int = 100) -> Page[wire.Refusal]:
        """List the workers that were refused for their token or their rights, newest first."""
        return await self.get(Page[wire.Refusal], path_of("projects", project_id, "refusals"), limit=limit)

    async def cancel_project(self, project_id: int, *, reason: str = "", key: str | None = None) -> wire.Project:
        """Give out no more files of a project."""
        path = path_of("projects", project_id, "cancel")
        return await self.send(wire.Project, "POST", path, wire.Cancellation(reason), key=key)

    async def restart_handles(
        self,
        project_id: int,
        *,
        states: Sequence[wire.HandleState] = (),
        dids: Sequence[str] = (),
        key: str | None = None,
    ) -> int:
        """Put handles back to `initial`: those in these states, or these files. Returns how many."""
        path = path_of("projects", project_id, "restart")
        return (await self.send(Count, "POST", path, wire.Restart(tuple(states), tuple(dids)), key=key)).count

    async def list_handles(
        self,
        project_id: int,
        *,
        share_id: int | None = None,
        state: str | Sequence[str] | None = None,
        namespace: str | None = None,
        name: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[wire.Handle]:
        """List the handles of a project, in order: those in one of the states, with `name` in their name."""
        return await self.get(
            Page[wire.Handle],
            path_of("projects", project_id, "handles"),
            share_id=share_id,
            state=state,
            namespace=namespace,
            name=name,
            limit=limit,
            cursor=cursor,
        )

    async def stream_handles(self, project_id: int, *, with_replicas: bool = False) -> AsyncIterator[wire.HandleLine]:
        """Go through all handles of a project, however many, in one reply that is read as it comes."""
        path = path_of("projects", project_id, "handle_lines")
        async for line in self.read_lines(wire.HandleLine, path, with_replicas=with_replicas):
            yield line

    async def get_handle(self, project_id: int, position: int) -> wire.HandleView:
        """Return a handle with its attempts."""
        return await self.get(wire.HandleView, path_of("projects", project_id, "handles", position))

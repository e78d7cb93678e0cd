"""Categories through the API."""

from __future__ import annotations

import httpx
import pytest

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.catalog import NewFile, NewNamespace
from sutler.wire.categories import CategoryChange, NewCategory

RUN = {"type": "int", "min": 1}


async def test_a_category_is_made_shown_changed_and_removed(sutler: AsyncClient, anna: AsyncClient) -> None:
    new = NewCategory("local", "core.run", restricted=True, description="runs", constraints={"number": RUN})
    made = await sutler.create_category(new, key="once")
    assert await sutler.create_category(new, key="once") == made
    assert (made.experiment, made.owner_user, made.restricted, made.required) == ("local", "admin", True, False)
    assert await anna.get_category("local", "core.run") == made
    change = CategoryChange(owner_group="local_analysis", constraints={"quality": {"type": "text"}})
    changed = await sutler.update_category("local", "core.run", change)
    assert changed.constraints == {"number": RUN, "quality": {"type": "text"}}
    assert (changed.owner_user, changed.owner_group, changed.updated_by) == (None, "local_analysis", "admin")
    replaced = await anna.update_category("local", "core.run", CategoryChange(constraints={}, mode="replace"))
    assert (replaced.constraints, replaced.updated_by) == ({}, "anna")
    assert (await anna.list_categories()).items == (replaced,)
    await anna.remove_category("local", "core.run")
    assert (await sutler.list_categories(experiment="local")).items == ()


async def test_the_root_is_a_dot_in_the_client_and_nothing_in_an_address(
    sutler: AsyncClient, admin: httpx.AsyncClient
) -> None:
    await sutler.create_category(NewCategory("local", ".", constraints={"run": RUN}))
    assert (await sutler.get_category("local", ".")).path == "."
    assert (await admin.get("/categories/local/")).json()["path"] == "."
    assert (await sutler.update_category("local", ".", CategoryChange(required=True))).required
    await sutler.remove_category("local", ".")
    with pytest.raises(client.NotFoundError):
        await sutler.get_category("local", ".")


async def test_what_cannot_be_done_is_told(sutler: AsyncClient, anna: AsyncClient) -> None:
    with pytest.raises(client.NotPermittedError):
        await anna.create_category(NewCategory("local", "core"))
    with pytest.raises(client.InvalidInputError) as refused:
        await sutler.create_category(NewCategory("local", "core", constraints={"run": {"type": "int", "minimum": 1}}))
    assert [problem.where for problem in refused.value.problems] == ["constraints run"]
    await sutler.create_category(NewCategory("local", "core"))
    with pytest.raises(client.ConflictError):
        await sutler.create_category(NewCategory("local", "core"))
    with pytest.raises(client.NotFoundError):
        await sutler.remove_category("local", "nosuch")
    with pytest.raises(client.NotPermittedError):
        await anna.update_category("local", "core", CategoryChange(restricted=True))


async def test_files_that_break_a_rule_are_refused_one_by_one(sutler: AsyncClient) -> None:
    await sutler.create_namespace(NewNamespace("local", "demo"))
    await sutler.create_category(NewCategory("local", "core", constraints={"run": RUN}))
    files = [NewFile("demo", f"f{run}", metadata={"core.run": run}) for run in (1, 0, -1)]
    with pytest.raises(client.InvalidInputError) as refused:
        await sutler.declare_files(files)
    assert [(problem.where, problem.what) for problem in refused.value.problems] == [
        ("demo:f0", "metadata 'core.run': value 0 out of range (min:1)"),
        ("demo:f-1", "metadata 'core.run': value -1 out of range (min:1)"),
    ]
    assert await sutler.count_files("files from demo:x") == 0

"""Categories: who makes, changes and removes them, and what is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.integration.catalog.world import World

from sutler.auth import ExperimentNotFoundError, GroupNotFoundError, Role, TokenKind, create_group
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    Category,
    CategoryExistsError,
    CategoryNotFoundError,
    create_category,
    get_category,
    list_categories,
    remove_category,
    update_category,
)

RUN = {"type": "int", "min": 1}
_EVENTS = "SELECT kind, actor, subject_id, facts FROM database.events WHERE subject_kind = 'category' ORDER BY seq"


async def make(world: World, path: str, **given: object) -> Category:
    """Make a category of demo_exp as an administrator."""
    return await create_category(world.db, world["root"], experiment="demo_exp", path=path, **given)  # type: ignore[arg-type]


@pytest.fixture
async def shared(world: World) -> World:
    """The same world with a superuser `sue` and a group `calib` that bob is in."""
    await create_group(world.db, world["root"], experiment="demo_exp", name="calib")
    sue = replace(world["alice"], username="sue", roles={world.experiment_id: Role.SUPERUSER})
    bob = replace(world["bob"], groups=frozenset({"calib"}))
    return replace(world, people={**world.people, "sue": sue, "bob": bob})


async def test_a_category_keeps_what_was_said_of_it(shared: World, clock: MovableClock) -> None:
    made = await create_category(
        shared.db,
        shared["sue"],
        experiment="demo_exp",
        path="core.run",
        restricted=True,
        required=True,
        description="runs",
        constraints={"number": RUN},
    )
    kept = await get_category(shared.db, shared["bob"], experiment="demo_exp", path="core.run")
    assert kept == made
    assert (kept.path, kept.restricted, kept.required, kept.description) == ("core.run", True, True, "runs")
    assert (kept.constraints, kept.created_by, kept.created_at) == ({"number": RUN}, "sue", clock.now())
    assert (kept.owner_username, kept.owner_role, kept.owner_group) == ("alice", None, None)
    [event] = await shared.ask(_EVENTS)
    assert dict(event) == {
        "kind": "catalog.category_created",
        "actor": "sue",
        "subject_id": "core.run",
        "facts": {"path": "core.run"},
    }


async def test_categories_are_listed_by_path_to_those_who_may_see_them(world: World) -> None:
    for path in ("b", "a.x", ".", "a"):
        await make(world, path)
    await create_category(world.db, world["zoe"], experiment="other_exp", path="far")
    assert [one.path for one in await list_categories(world.db, world["bob"])] == [".", "a", "a.x", "b"]
    assert [one.path for one in await list_categories(world.db, world["root"])] == [".", "a", "a.x", "b", "far"]
    assert [one.path for one in await list_categories(world.db, world["zoe"], experiment="other_exp")] == ["far"]
    with pytest.raises(NotPermittedError):
        await list_categories(world.db, world["zoe"], experiment="demo_exp")
    with pytest.raises(NotPermittedError):
        await get_category(world.db, world["zoe"], experiment="demo_exp", path="a")
    with pytest.raises(CategoryNotFoundError):
        await get_category(world.db, world["bob"], experiment="demo_exp", path="c")
    with pytest.raises(ExperimentNotFoundError):
        await list_categories(world.db, world["root"], experiment="nosuch")


async def test_at_the_top_it_takes_a_superuser_and_below_the_owner_of_what_is_above(shared: World) -> None:
    for who in ("alice", "petra", "zoe"):
        with pytest.raises(NotPermittedError):
            await create_category(shared.db, shared[who], experiment="demo_exp", path="core")
    await create_category(shared.db, shared["sue"], experiment="demo_exp", path="core", owner_group="calib")
    with pytest.raises(NotPermittedError):
        await create_category(shared.db, shared["petra"], experiment="demo_exp", path="core.a")
    below = await create_category(shared.db, shared["bob"], experiment="demo_exp", path="core.a.b")
    assert below.owner_username == "bob"
    with pytest.raises(NotPermittedError):
        await create_category(shared.db, shared["alice"], experiment="demo_exp", path="core.a.b.c")
    with pytest.raises(NotPermittedError):
        await create_category(shared.db, shared["bob"], experiment="demo_exp", path="other")
    with pytest.raises(NotPermittedError):
        await create_category(shared.db, shared["bob"], experiment="demo_exp", path=".")
    assert await shared.count("SELECT count(*) FROM catalog.categories") == 2


async def test_an_owner_is_a_role_or_a_group_that_the_maker_is_in(shared: World) -> None:
    await make(shared, "core", owner_group="calib")
    await make(shared, "prod", owner_role=Role.PRODUCTION)
    await make(shared, "all", owner_role=Role.ANALYSIS)
    for who, path in (("bob", "core"), ("petra", "prod"), ("alice", "all"), ("sue", "prod"), ("root", "core")):
        changed = await update_category(shared.db, shared[who], experiment="demo_exp", path=path, description=who)
        assert (changed.description, changed.updated_by) == (who, who)
    for who, path in (("alice", "core"), ("bob", "prod"), ("zoe", "all")):
        with pytest.raises(NotPermittedError):
            await update_category(shared.db, shared[who], experiment="demo_exp", path=path, description="no")
    with pytest.raises(NotPermittedError):
        await create_category(
            shared.db, shared["bob"], experiment="demo_exp", path="core.x", owner_role=Role.PRODUCTION
        )
    with pytest.raises(GroupNotFoundError):
        await make(shared, "x", owner_group="nosuch")
    with pytest.raises(InvalidInputError, match="not to both"):
        await make(shared, "x", owner_group="calib", owner_role=Role.ANALYSIS)


async def test_the_token_of_a_job_changes_no_category(world: World) -> None:
    await make(world, "all", owner_role=Role.ANALYSIS)
    job = replace(world["alice"], kind=TokenKind.JOB)
    with pytest.raises(NotPermittedError):
        await update_category(world.db, job, experiment="demo_exp", path="all", restricted=True)
    with pytest.raises(NotPermittedError):
        await create_category(world.db, job, experiment="demo_exp", path="all.x")
    with pytest.raises(NotPermittedError):
        await remove_category(world.db, job, experiment="demo_exp", path="all")


async def test_a_category_is_made_once(world: World) -> None:
    async def attempt() -> bool:
        try:
            await make(world, "core")
        except CategoryExistsError:
            return False
        return True

    assert sorted(await asyncio.gather(*(attempt() for _ in range(6)))) == [False] * 5 + [True]
    assert len(await world.ask(_EVENTS)) == 1


@pytest.mark.parametrize(
    ("path", "given", "said"),
    [
        ("", {}, "must be words"),
        ("a..b", {}, "must be words"),
        ("a.\n", {}, "must be words"),
        ("a", {"description": "\x00"}, "cannot be stored"),
        ("a", {"constraints": {"x.y": {}}}, "one word without dots"),
        ("a", {"constraints": {"x": 3}}, "an object"),
        ("a", {"constraints": {"x": {"type": "int", "minimum": 1}}}, "minimum is not known"),
        ("a", {"constraints": {"x": {"type": "string"}}}, "'string' is not a type"),
        ("a", {"constraints": {"x": {"type": "int", "min": 5, "max": 1}}}, "min 5 is above max 1"),
        ("a", {"constraints": {"x": {"type": "text", "pattern": "(a"}}}, "cannot be used: missing \\)"),
    ],
)
async def test_what_is_no_category_is_refused_and_told(
    world: World, path: str, given: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        await make(world, path, **given)
    assert await world.count("SELECT count(*) FROM catalog.categories") == 0
    assert await world.ask(_EVENTS) == []


async def test_merging_keeps_and_replacing_drops_other_constraints(world: World, clock: MovableClock) -> None:
    await make(world, "core", constraints={"run": RUN, "tier": {"type": "text"}})
    merged = await update_category(
        world.db, world["root"], experiment="demo_exp", path="core", constraints={"run": {"type": "float"}}
    )
    assert merged.constraints == {"run": {"type": "float"}, "tier": {"type": "text"}}
    assert (merged.updated_at, merged.restricted) == (clock.now(), False)
    replaced = await update_category(
        world.db,
        world["root"],
        experiment="demo_exp",
        path="core",
        constraints={"x": {}},
        restricted=True,
        mode="replace",
    )
    assert (replaced.constraints, replaced.restricted) == ({"x": {}}, True)
    assert await get_category(world.db, world["bob"], experiment="demo_exp", path="core") == replaced
    events = [dict(event) for event in await world.ask(_EVENTS)][1:]
    assert [event["facts"] for event in events] == [
        {"path": "core", "fields": ["constraints"]},
        {"path": "core", "fields": ["constraints", "restricted"]},
    ]


async def test_changing_nothing_leaves_no_trace_and_refusals_change_nothing(world: World) -> None:
    made = await make(world, "core", constraints={"run": RUN})
    same = await update_category(
        world.db, world["root"], experiment="demo_exp", path="core", restricted=False, constraints={"run": RUN}
    )
    assert same == made
    with pytest.raises(InvalidInputError):
        await update_category(
            world.db, world["root"], experiment="demo_exp", path="core", restricted=True, constraints={"x": {"a": 1}}
        )
    with pytest.raises(CategoryNotFoundError):
        await update_category(world.db, world["root"], experiment="demo_exp", path="nosuch", restricted=True)
    with pytest.raises(NotPermittedError):
        await update_category(world.db, world["zoe"], experiment="demo_exp", path="nosuch", restricted=True)
    assert await get_category(world.db, world["bob"], experiment="demo_exp", path="core") == made
    assert len(await world.ask(_EVENTS)) == 1


async def test_an_owner_hands_a_category_on(shared: World) -> None:
    await make(shared, "core", owner_group="calib")
    with pytest.raises(NotPermittedError):
        await update_category(shared.db, shared["bob"], experiment="demo_exp", path="core", owner_role=Role.PRODUCTION)
    handed = await update_category(
        shared.db, shared["bob"], experiment="demo_exp", path="core", owner_role=Role.ANALYSIS
    )
    assert (handed.owner_role, handed.owner_group, handed.owner_user_id) == (Role.ANALYSIS, None, None)
    await update_category(shared.db, shared["alice"], experiment="demo_exp", path="core", restricted=True)


async def test_a_removed_category_is_gone_and_those_below_it_stay(world: World) -> None:
    await make(world, "core", owner_role=Role.PRODUCTION)
    await make(world, "core.x")
    with pytest.raises(NotPermittedError):
        await remove_category(world.db, world["bob"], experiment="demo_exp", path="core")
    await remove_category(world.db, world["petra"], experiment="demo_exp", path="core")
    assert [one.path for one in await list_categories(world.db, world["bob"])] == ["core.x"]
    with pytest.raises(CategoryNotFoundError):
        await remove_category(world.db, world["petra"], experiment="demo_exp", path="core")
    assert [event["kind"] for event in await world.ask(_EVENTS)][-1] == "catalog.category_removed"

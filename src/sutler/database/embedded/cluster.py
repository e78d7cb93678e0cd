"""PostgreSQL's own files: making them, checking that the installed programs can work with them, starting."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from sutler.database.embedded.account import Account
from sutler.database.embedded.child import name_cluster, run_child, start_child
from sutler.database.embedded.configuration import FILE_NAME, measure_memory, render_configuration
from sutler.database.embedded.directory import DataDirectory, write_file
from sutler.database.embedded.errors import (
    DatabasePasswordError,
    DatabaseProgramsUnusableError,
    DataDirectoryNeedsUpgradeError,
    DataDirectoryTooNewError,
    explain_failed_start,
    translate_file_errors,
)
from sutler.database.embedded.programs import Programs

ROLE = "sutler"
INITDB_OPTIONS = (
    f"--username={ROLE}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--data-checksums",
    "--no-instructions",
)


def check_version(directory: DataDirectory, programs: Programs) -> None:
    """Refuse data of another major version than the programs'. A missing cluster is fine: it will be made.

    Raises DataDirectoryTooNewError, DataDirectoryNeedsUpgradeError.
    """
    with translate_file_errors(directory.root):
        if not directory.has_cluster:
            return
        data_version = (directory.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    facts: dict[str, object] = {
        "directory": str(directory.root),
        "data_version": data_version,
        "installed_version": programs.version,
    }
    which = (
        f"The data in {directory.root} are of PostgreSQL {data_version}, and PostgreSQL {programs.version} is installed"
    )
    if float(data_version) > programs.major:
        raise DataDirectoryTooNewError(
            f"{which}, which is older. Install the newer Sutler that wrote them, or name another directory.", **facts
        )
    if float(data_version) < programs.major:
        raise DataDirectoryNeedsUpgradeError(
            f"{which}, which is newer. Upgrade the data first, or install the older Sutler that wrote them.", **facts
        )


async def make_cluster(
    directory: DataDirectory, programs: Programs, account: Account | None, *, durable: bool, keep: int
) -> None:
    """Run initdb beside the final place and move the finished cluster there: a half-made one is never used.

    `keep` is the descriptor of the running lock, so that an initdb that outlives us keeps others away.
    Raises DatabaseDiskFullError, DataDirectoryNotWritableError, DatabaseStartError.
    """
    place = directory.unfinished_cluster
    with translate_file_errors(directory.root):
        if place.exists():
            shutil.rmtree(place)
        place.mkdir(mode=0o700)
        if account is not None:
            os.chown(place, account.user_id, account.group_id)
        password = _make_password(directory)
    await _run_initdb(directory, programs, account, password=password, durable=durable, keep=keep)
    with translate_file_errors(directory.root):
        main_file = place / "postgresql.conf"
        text = main_file.read_text(encoding="utf-8")
        write_file(main_file, f"{text}\ninclude = '{FILE_NAME}'\n", account=account)
        place.rename(directory.cluster)


def read_password(directory: DataDirectory) -> str:
    """Return the password of the role. Raises DatabasePasswordError if its file is missing."""
    with translate_file_errors(directory.root):
        try:
            return directory.password_file.read_text(encoding="ascii").strip()
        except FileNotFoundError as error:
            raise wrong_password(directory) from error


def wrong_password(directory: DataDirectory) -> DatabasePasswordError:
    """Return the error that names the password file."""
    return DatabasePasswordError(
        f"The file {directory.password_file} is missing or does not fit the database. Put it back from a backup.",
        file=str(directory.password_file),
    )


def start_postgres(
    directory: DataDirectory, programs: Programs, account: Account | None, *, durable: bool, keep: int
) -> subprocess.Popen[bytes]:
    """Write the configuration and start the server; it inherits the running lock `keep` for all its life.

    Raises DatabaseProgramsUnusableError, DatabaseDiskFullError, DataDirectoryNotWritableError.
    """
    text = render_configuration(durable=durable, memory_bytes=measure_memory())
    with translate_file_errors(directory.root):
        write_file(directory.cluster / FILE_NAME, text, account=account)
    log = directory.open_log()
    command: list[str | Path] = [programs.directory / "postgres", "-D", name_cluster(directory.cluster, account)]
    try:
        return start_child(command, account=account, output=log, directory=directory.cluster, keep=[keep])
    except OSError as error:
        raise DatabaseProgramsUnusableError(
            f"{programs.directory / 'postgres'} cannot be run: {error.strerror or error}.",
            directory=str(programs.directory),
        ) from error
    finally:
        os.close(log)


def _make_password(directory: DataDirectory) -> str:
    """An earlier password is kept: it belongs to no cluster, and a restored one may need it."""
    if not directory.password_file.exists():
        write_file(directory.password_file, secrets.token_urlsafe(32) + "\n")
    return read_password(directory)


async def _run_initdb(
    directory: DataDirectory,
    programs: Programs,
    account: Account | None,
    *,
    password: str,
    durable: bool,
    keep: int,
) -> None:
    place = directory.unfinished_cluster
    # In memory only: the account cannot read our file, and no second one should hold the password on disk.
    secret = os.memfd_create("password")
    try:
        os.pwrite(secret, f"{password}\n".encode(), 0)
        options = [*INITDB_OPTIONS, f"--pwfile=/proc/self/fd/{secret}", *([] if durable else ["--no-sync"])]
        command: list[str | Path] = [programs.directory / "initdb", "-D", name_cluster(place, account), *options]
        result = await run_child(command, account=account, directory=place, keep=[secret, keep])
    except OSError as error:
        raise DatabaseProgramsUnusableError(
            f"{programs.directory / 'initdb'} cannot be run: {error.strerror or error}.",
            directory=str(programs.directory),
        ) from error
    finally:
        os.close(secret)
    if result.exit_code != 0:
        with translate_file_errors(directory.root):
            log = directory.open_log()
            os.write(log, result.output.encode())
            os.close(log)
        raise explain_failed_start(result.output, directory.root, directory.log_file)

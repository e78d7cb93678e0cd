"""As whom PostgreSQL runs. It refuses to run as root, so root hands it to a service account."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from sutler.database.embedded.errors import DataDirectoryOwnerError, translate_file_errors

SERVICE_USERS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user that a child process becomes."""

    name: str
    user_id: int
    group_id: int
    groups: tuple[int, ...]


def choose_account(cluster: Path) -> Account | None:
    """Return the account that runs PostgreSQL on this cluster, or None: it runs as we do.

    Root gives an existing cluster to whoever owns it, so that what a user began root can go on with; a new one to
    the user `postgres`, or `nobody` where there is none.
    Raises DataDirectoryOwnerError if the present user cannot work with the cluster.
    """
    with translate_file_errors(cluster.parent):
        owner_id = cluster.stat().st_uid if cluster.exists() else None
        if os.geteuid() == 0 and owner_id == 0 and not any(cluster.iterdir()):
            owner_id = None
    if os.geteuid() != 0:
        if owner_id not in {None, os.geteuid()}:
            raise _wrong_owner(cluster, _name_of(owner_id))
        return None
    if owner_id is None:
        return _service_account()
    if owner_id == 0:
        raise _wrong_owner(cluster, "root")
    return _account_of(_entry_of(owner_id), owner_id)


def _service_account() -> Account:
    for name in SERVICE_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return _account_of(entry, entry.pw_uid)
    return _account_of(None, 65534)


def _account_of(entry: pwd.struct_passwd | None, user_id: int) -> Account:
    if entry is None:
        return Account(name=str(user_id), user_id=user_id, group_id=user_id, groups=())
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(name=entry.pw_name, user_id=user_id, group_id=entry.pw_gid, groups=groups)


def _entry_of(user_id: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(user_id)
    except KeyError:
        return None


def _name_of(user_id: int | None) -> str:
    entry = _entry_of(user_id) if user_id is not None else None
    return entry.pw_name if entry else str(user_id)


def _wrong_owner(cluster: Path, owner: str) -> DataDirectoryOwnerError:
    if os.geteuid() == 0:
        wanted = _service_account().name
        what_to_do = f"PostgreSQL does not run as root: give them to a service user with 'chown -R {wanted} {cluster}'"
    else:
        what_to_do = f"Run Sutler as {owner}, or name another directory with --data-dir or SUTLER_DATA_DIR"
    return DataDirectoryOwnerError(
        f"The database files in {cluster} belong to {owner}. {what_to_do}.", directory=str(cluster), owner=owner
    )

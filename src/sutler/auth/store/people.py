"""Experiments, users, memberships and groups."""

from __future__ import annotations

from sutler.auth.model import Credentials, Experiment, Group, Member, Role, User
from sutler.database import Row, Tx, into_list, into_optional, load_statements

_SQL = load_statements("sutler.auth.store", "people.sql")


async def insert_experiment(tx: Tx, *, name: str, full_name: str) -> Experiment | None:
    """Make an experiment. None if the name is taken."""
    return into_optional(Experiment, await tx.row(_SQL.insert_experiment, name=name, full_name=full_name, now=tx.now))


async def find_experiment(tx: Tx, *, name: str) -> Experiment | None:
    """Look an experiment up by name."""
    return into_optional(Experiment, await tx.row(_SQL.find_experiment, name=name))


async def list_experiments(tx: Tx) -> list[Experiment]:
    """Return all experiments by name."""
    return into_list(Experiment, await tx.rows(_SQL.list_experiments))


async def insert_user(
    tx: Tx, *, username: str, display_name: str, email: str, password_hash: str, is_admin: bool
) -> User | None:
    """Make a user. None if the name is taken."""
    row = await tx.row(
        _SQL.insert_user,
        username=username,
        display_name=display_name,
        email=email,
        password_hash=password_hash,
        is_admin=is_admin,
        now=tx.now,
    )
    return into_optional(User, row)


async def find_user(tx: Tx, *, username: str) -> User | None:
    """Look a user up by name."""
    return into_optional(User, await tx.row(_SQL.find_user, username=username))


async def find_user_by_id(tx: Tx, *, user_id: int) -> User | None:
    """Look a user up by number."""
    return into_optional(User, await tx.row(_SQL.find_user_by_id, user_id=user_id))


async def list_users(tx: Tx) -> list[User]:
    """Return all users by name."""
    return into_list(User, await tx.rows(_SQL.list_users))


async def has_users(tx: Tx) -> bool:
    """Whether there is any user."""
    return bool(await tx.value(_SQL.has_users))


async def find_credentials(tx: Tx, *, username: str) -> Credentials | None:
    """Return what signing in is checked against."""
    return into_optional(Credentials, await tx.row(_SQL.find_credentials, username=username))


async def set_password(tx: Tx, *, user_id: int, password_hash: str) -> None:
    """Change the password of a user."""
    await tx.run(_SQL.set_password, user_id=user_id, password_hash=password_hash)


async def mark_signed_in(tx: Tx, *, user_id: int, password_hash: str) -> bool:
    """Remember that a user signed in. False if the password was changed, or the user shut out, since it was checked."""
    return bool(await tx.run(_SQL.mark_signed_in, user_id=user_id, password_hash=password_hash, now=tx.now))


async def set_membership(tx: Tx, *, experiment_id: int, user_id: int, role: Role) -> bool:
    """Give a user a role in an experiment. False if it was that one before."""
    return bool(
        await tx.run(_SQL.set_membership, experiment_id=experiment_id, user_id=user_id, role=role.value, now=tx.now)
    )


async def delete_membership(tx: Tx, *, experiment_id: int, user_id: int) -> bool:
    """Take a user out of an experiment. False if the user was no member."""
    return bool(await tx.run(_SQL.delete_membership, experiment_id=experiment_id, user_id=user_id))


async def list_members(tx: Tx, *, experiment_id: int) -> list[Member]:
    """Return the members of an experiment by name."""
    return into_list(Member, await tx.rows(_SQL.list_members, experiment_id=experiment_id))


async def insert_group(tx: Tx, *, experiment_id: int, name: str, description: str) -> Group | None:
    """Make a group. None if the name is taken."""
    given = {"experiment_id": experiment_id, "name": name, "description": description, "now": tx.now}
    row = await tx.row(_SQL.insert_group, **given)
    return None if row is None else _make_group(row)


async def find_group(tx: Tx, *, name: str) -> Group | None:
    """Look a group up by name."""
    row = await tx.row(_SQL.find_group, name=name)
    return None if row is None else _make_group(row)


async def list_groups(tx: Tx, *, experiment_id: int) -> list[Group]:
    """Return the groups of an experiment by name."""
    return [_make_group(row) for row in await tx.rows(_SQL.list_groups, experiment_id=experiment_id)]


async def insert_group_member(tx: Tx, *, name: str, user_id: int) -> bool:
    """Put a user into a group. False if the user was in it, or there is no such group."""
    return bool(await tx.run(_SQL.insert_group_member, name=name, user_id=user_id))


async def delete_group_member(tx: Tx, *, name: str, user_id: int) -> bool:
    """Take a user out of a group. False if the user was not in it."""
    return bool(await tx.run(_SQL.delete_group_member, name=name, user_id=user_id))


def _make_group(row: Row) -> Group:
    return Group(row["name"], row["experiment_id"], row["description"], tuple(row["members"]))

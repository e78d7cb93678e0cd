"""Making namespaces and finding out whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sutler.auth import (
    Action,
    GroupNotFoundError,
    Principal,
    Role,
    Thing,
    TokenKind,
    UserNotFoundError,
    get_experiment_in,
    get_principal_in,
    is_at_least,
    list_unknown_groups_in,
    may,
    permit,
)
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import NamespaceNotFoundError, NamespaceTakenError
from sutler.catalog.model import Author, CatalogEvent, Namespace, NamespaceCounts
from sutler.database import Actor, Database, Tx, replayable


@replayable
async def create_namespace(
    db: Database,
    who: Principal,
    *,
    experiment: str,
    name: str,
    description: str = "",
    owner_role: Role | None = None,
    owner_group: str | None = None,
) -> Namespace:
    """Make a namespace that belongs to the caller, to a role that the caller has, or to a group that the caller is in.

    Raises NamespaceTakenError, also when another experiment has the name; GroupNotFoundError for what is no group of
    the experiment; InvalidInputError, NotPermittedError.
    """
    _check_new(name, description)
    if owner_role is not None and owner_group is not None:
        raise InvalidInputError([Problem("owner_group", "a namespace belongs to a role or to a group, not to both")])
    async with db.write() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.CREATE, Thing("namespace", experiment_id))
        if owner_role is not None:
            permit(who, Action.DECLARE, Thing("namespace", experiment_id, owner_role=owner_role))
        if owner_group is not None:
            if await list_unknown_groups_in(tx, experiment_id=experiment_id, names=[owner_group]):
                raise GroupNotFoundError("group", owner_group)
            permit(who, Action.DECLARE, Thing("namespace", experiment_id, owner_group=owner_group))
        created = await store.insert_namespace(
            tx,
            name=name,
            experiment_id=experiment_id,
            description=description,
            owner_user_id=who.user_id if owner_role is None and owner_group is None else None,
            owner_role=owner_role,
            owner_group=owner_group,
            username=who.username,
        )
        if created is None:
            raise NamespaceTakenError(name)
        await _record_creation(tx, created, who)
        return created


async def ensure_namespace_in(
    tx: Tx, *, name: str, experiment_id: int, user_id: int | None, username: str, owner_role: Role | None = None
) -> Namespace:
    """Return the namespace of that name, made if there is none. Its owner is the role if one is given, else the user.

    A namespace that is there keeps its owner. Raises NamespaceTakenError when it belongs to another experiment.
    """
    _check_new(name, "")
    created = await store.insert_namespace(
        tx,
        name=name,
        experiment_id=experiment_id,
        description="",
        owner_user_id=user_id if owner_role is None else None,
        owner_role=owner_role,
        owner_group=None,
        username=username,
    )
    if created is not None:
        await _record_creation(tx, created, Author(username))
        return created
    known = await get_namespace_in(tx, name=name)
    if known.experiment_id != experiment_id:
        raise NamespaceTakenError(name)
    return known


async def list_namespaces(
    db: Database,
    who: Principal,
    *,
    experiment: str | None = None,
    names: Sequence[str] | None = None,
    owner_user: str | None = None,
    owner_group: str | None = None,
    only_direct: bool = False,
) -> list[Namespace]:
    """Return the namespaces of an experiment, or of all that the caller may see, by name.

    Of `names` those that are there; of `owner_user` those that the user owns, also by a role or in a group unless
    `only_direct`. An unknown owner has none. Raises ExperimentNotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        visible = await find_visible_in(tx, who, experiment=experiment)
        if names is None:
            found = await store.list_namespaces(tx, experiment_ids=visible)
        else:
            named = await store.list_namespaces_named(tx, names=names)
            found = [one for one in named if visible is None or one.experiment_id in visible]
        if owner_group is not None:
            found = [one for one in found if one.owner_group == owner_group]
        if owner_user is None:
            return found
        return await _list_owned(tx, found, owner_user, only_direct=only_direct)


async def get_namespace(db: Database, who: Principal, *, name: str) -> Namespace:
    """Return a namespace. Raises NamespaceNotFoundError, NotPermittedError."""
    async with db.read() as tx:
        return await _get_visible(tx, who, name)


async def count_namespace(db: Database, who: Principal, *, name: str) -> NamespaceCounts:
    """Return how many files, datasets and named queries a namespace holds. Raises as `get_namespace`."""
    async with db.read() as tx:
        await _get_visible(tx, who, name)
        return await store.count_namespace(tx, name=name)


async def get_namespace_in(tx: Tx, *, name: str) -> Namespace:
    """Return a namespace. Raises NamespaceNotFoundError."""
    found = await store.list_namespaces_named(tx, names=[name])
    if not found:
        raise NamespaceNotFoundError(name)
    return found[0]


async def find_namespaces_in(tx: Tx, names: Iterable[str]) -> dict[str, Namespace]:
    """Return those of the namespaces that exist, by name."""
    found = await store.list_namespaces_named(tx, names=sorted(set(names)))
    return {namespace.name: namespace for namespace in found}


async def find_visible_in(tx: Tx, who: Principal, *, experiment: str | None) -> tuple[int, ...] | None:
    """Return the ids of the experiments that a question is about: the named one, else all that the caller may see.

    None means that there is no limit: an administrator asks about everything. Raises NotPermittedError.
    """
    if experiment is not None:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.VIEW, Thing("experiment", experiment_id))
        return (experiment_id,)
    if may(who, Action.ADMINISTER, Thing("installation", None)):
        return None
    return tuple(number for number in sorted(who.roles) if may(who, Action.VIEW, Thing("experiment", number)))


def permit_declaring(who: Principal, namespace: Namespace) -> None:
    """Go on if somebody may declare files in a namespace. Raises NotPermittedError."""
    permit(who, Action.DECLARE, _thing_of(namespace))


def permit_changing(who: Principal, namespace: Namespace) -> None:
    """Go on if somebody may change what is in a namespace, or take it away: its owners, not jobs in their name.

    Raises NotPermittedError.
    """
    permit(who, Action.EDIT if who.kind is TokenKind.JOB else Action.DECLARE, _thing_of(namespace))


def _thing_of(namespace: Namespace) -> Thing:
    return Thing(
        "namespace",
        namespace.experiment_id,
        owner_id=namespace.owner_user_id,
        owner_role=namespace.owner_role,
        owner_group=namespace.owner_group,
    )


async def _get_visible(tx: Tx, who: Principal, name: str) -> Namespace:
    namespace = await get_namespace_in(tx, name=name)
    permit(who, Action.VIEW, Thing("namespace", namespace.experiment_id))
    return namespace


async def _list_owned(tx: Tx, namespaces: list[Namespace], username: str, *, only_direct: bool) -> list[Namespace]:
    user_id = await store.find_user_id(tx, username=username)
    if user_id is None:
        return []
    direct = [one for one in namespaces if one.owner_user_id == user_id]
    if only_direct:
        return direct
    try:
        owner = await get_principal_in(tx, user_id=user_id)
    except UserNotFoundError:  # no longer active: the roles and groups count for nothing
        return direct
    return [one for one in namespaces if one.owner_user_id == user_id or _is_held(owner, one)]


def _is_held(owner: Principal, namespace: Namespace) -> bool:
    role = owner.roles.get(namespace.experiment_id)
    if namespace.owner_role is not None:
        return is_at_least(role, namespace.owner_role)
    return role is not None and namespace.owner_group in owner.groups


def _check_new(name: str, description: str) -> None:
    problems = rules.check_namespace_name(name) + rules.check_text(description, "description")
    if problems:
        raise InvalidInputError(problems)


async def _record_creation(tx: Tx, created: Namespace, actor: Actor) -> None:
    facts: dict[str, object] = {"name": created.name}
    event = Event(CatalogEvent.NAMESPACE_CREATED, "namespace", created.name, created.experiment_id, facts)
    await tx.record(event, actor)

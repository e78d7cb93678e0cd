"""Making namespaces and finding out whose they are."""

from __future__ import annotations

from collections.abc import Iterable

from sutler.auth import Action, Principal, Role, Thing, get_experiment_in, may, permit
from sutler.base.errors import InvalidInputError
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import NamespaceNotFoundError, NamespaceTakenError
from sutler.catalog.model import Author, CatalogEvent, Namespace
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
) -> Namespace:
    """Make a namespace that belongs to the caller, or to a role that the caller has.

    Raises NamespaceTakenError, also when another experiment has the name; InvalidInputError, NotPermittedError.
    """
    _check_new(name, description)
    async with db.write() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.CREATE, Thing("namespace", experiment_id))
        if owner_role is not None:
            permit(who, Action.DECLARE, Thing("namespace", experiment_id, owner_role=owner_role))
        created = await store.insert_namespace(
            tx,
            name=name,
            experiment_id=experiment_id,
            description=description,
            owner_user_id=who.user_id if owner_role is None else None,
            owner_role=owner_role,
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
        username=username,
    )
    if created is not None:
        await _record_creation(tx, created, Author(username))
        return created
    known = await get_namespace_in(tx, name=name)
    if known.experiment_id != experiment_id:
        raise NamespaceTakenError(name)
    return known


async def list_namespaces(db: Database, who: Principal, *, experiment: str | None = None) -> list[Namespace]:
    """Return the namespaces of an experiment, or of all that the caller may see, by name."""
    async with db.read() as tx:
        return await store.list_namespaces(tx, experiment_ids=await find_visible_in(tx, who, experiment=experiment))


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
    thing = Thing(
        "namespace", namespace.experiment_id, owner_id=namespace.owner_user_id, owner_role=namespace.owner_role
    )
    permit(who, Action.DECLARE, thing)


def _check_new(name: str, description: str) -> None:
    problems = rules.check_namespace_name(name) + rules.check_text(description, "description")
    if problems:
        raise InvalidInputError(problems)


async def _record_creation(tx: Tx, created: Namespace, actor: Actor) -> None:
    facts: dict[str, object] = {"name": created.name}
    event = Event(CatalogEvent.NAMESPACE_CREATED, "namespace", created.name, created.experiment_id, facts)
    await tx.record(event, actor)

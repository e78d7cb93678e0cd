"""What the metadata of all files of an experiment hold. Every file is read, so it is for those who look after it."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.auth import Action, Principal, Thing, get_experiment_in, permit
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import rules, store
from sutler.catalog.model import KeyRange
from sutler.database import Database, Tx

MOST_KEYS = 10_000
MOST_VALUES = 100_000


async def list_used_keys(db: Database, who: Principal, *, experiment: str | None) -> list[str]:
    """Return the keys that the metadata of any file have, in order. None asks about all experiments.

    It takes a superuser of the experiment, for all experiments an administrator. Raises ExperimentNotFoundError,
    NotPermittedError, QueryTooSlowError.
    """
    async with db.read() as tx:
        experiment_ids = await _begin(tx, who, experiment)
        return await store.list_used_keys(tx, experiment_ids=experiment_ids)


async def list_key_ranges(
    db: Database, who: Principal, *, experiment: str | None, keys: Sequence[str]
) -> list[KeyRange]:
    """Return for each key how many files have a value that is not null, and the first and last of these as texts.

    Raises as `list_used_keys`, and InvalidInputError for more than 10,000 keys.
    """
    problems = [problem for key in keys for problem in rules.check_text(key, "key")]
    if len(keys) > MOST_KEYS:
        problems.append(Problem("keys", f"are {len(keys)}; {MOST_KEYS} is the most"))
    if problems:
        raise InvalidInputError(problems)
    async with db.read() as tx:
        experiment_ids = await _begin(tx, who, experiment)
        return await store.list_key_ranges(tx, experiment_ids=experiment_ids, keys=keys)


async def list_key_values(db: Database, who: Principal, *, experiment: str | None, key: str) -> list[str]:
    """Return the different values of a key as texts, in order, without null; at most the first 100,000.

    Raises as `list_used_keys`.
    """
    problems = rules.check_text(key, "key")
    if problems:
        raise InvalidInputError(problems)
    async with db.read() as tx:
        experiment_ids = await _begin(tx, who, experiment)
        return await store.list_key_values(tx, experiment_ids=experiment_ids, key=key, most=MOST_VALUES)


async def _begin(tx: Tx, who: Principal, experiment: str | None) -> tuple[int, ...] | None:
    if experiment is None:
        permit(who, Action.ADMINISTER, Thing("installation", None))
        found = None
    else:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.EDIT, Thing("catalogue", experiment_id))
        found = (experiment_id,)
    await store.begin_query(tx)
    return found

"""Finding projects by what is true of them."""

from __future__ import annotations

import asyncpg

from sutler.auth import Principal
from sutler.database import Database
from sutler.database.listing import DEFAULT_LIMIT, Page
from sutler.dispatch import listings
from sutler.dispatch.model import Project, ProjectState
from sutler.dispatch.operations.projects import find_visible
from sutler.dispatch.search import UnreadableSearchError, compile_condition, parse


async def search_projects(
    db: Database,
    who: Principal,
    *,
    query: str | None,
    experiment: str | None = None,
    state: ProjectState | None = None,
    owner: str | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Project]:
    """Return the projects that fulfil a condition, the newest first, among those that the caller may see.

    Without a query, or with one of blanks only, every project does. Raises SearchSyntaxError and SearchMeaningError
    with the place in the query, UnreadableSearchError, ExperimentNotFoundError, NotPermittedError, InvalidInputError.
    """
    condition = compile_condition(parse(query)) if query and not query.isspace() else None
    async with db.read() as tx:
        experiment_ids = await find_visible(tx, who, experiment)
        try:
            return await listings.list_projects(
                tx,
                experiment_ids=experiment_ids,
                state=state,
                owner=owner,
                condition=condition,
                after=after,
                limit=limit,
            )
        except asyncpg.exceptions.DataError as error:
            raise UnreadableSearchError(str(error)) from error

"""The search page: asking the catalogue in MQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from sutler import catalog
from sutler.auth import Principal
from sutler.base.errors import InvalidInputError, NotFoundError
from sutler.catalog import Dataset, Explanation, FileReference, NamedQuery, QueryTooSlowError
from sutler.pages.door import Door
from sutler.pages.search_form import SearchForm, cut_page, read_form, sort_files, write_rest_query

FILES_PER_PAGE = 100
LARGEST_SORTED = 5_000
SHOWN_DATASETS = 500
SHOWN_QUERIES = 20
COUNTED_WHILE_TYPING = 200_000
"""A query that is expected to find more files than this is counted only when it is run."""

TOO_MANY_TO_SORT = "There are too many files to sort them: they are in the order in which they were declared."
TOO_MANY_TO_TURN = "There are too many files to turn pages in the order of a filter: these are the first."

Form = Annotated[SearchForm, Depends()]


@dataclass(frozen=True)
class Example:
    """A query that can be clicked, and what it finds."""

    query: str
    meaning: str


EXAMPLES = (
    Example("files from demo:reco", "the files of a dataset"),
    Example("files from demo:reco where core.events > 0 and core.file_format = root", "with conditions on metadata"),
    Example("files from demo:reco with subsets recursively", "also of the datasets below it"),
    Example("files where created_timestamp > '2026-01-01' limit 100", "with a condition on an attribute"),
    Example("files from demo:reco where core.run in 100:200", "a range; its ends belong to it"),
    Example("files from demo:reco where core.data_stream in (physics, cosmics)", "one of several values"),
    Example("files from demo:reco where name ~ 'r[0-9]+_'", "a regular expression"),
    Example("parents(files from demo:reco)", "what files were made from; children(…) the other way"),
    Example("files from demo:raw - parents(files from demo:reco)", "what has not been processed yet"),
    Example("union(files from demo:raw, files from demo:reco)", "either; join(…) for both"),
    Example("files from demo:reco ordered skip 100 limit 50", "a part of them"),
    Example("datasets matching demo:* having file_count > 0", "datasets instead of files"),
)


@dataclass(frozen=True)
class SearchPage:
    """A query and what it found. `problem` and `excerpt` say what is wrong with it, and where.

    `count` is None when counting took, or would take, too long. `last` is the fid that the next page begins after.
    """

    form: SearchForm
    files: tuple[FileReference, ...] = ()
    count: int | None = 0
    last: str = ""
    datasets: tuple[Dataset, ...] = ()
    queries: tuple[NamedQuery, ...] = ()
    explanation: Explanation | None = None
    saved: tuple[NamedQuery, ...] = ()
    problem: str = ""
    excerpt: str = ""
    notice: str = ""
    kind: str = "files"

    @property
    def query(self) -> str:
        """The query as it was typed."""
        return self.form.q

    @property
    def examples(self) -> tuple[Example, ...]:
        """Queries to begin with."""
        return EXAMPLES

    @property
    def is_sortable(self) -> bool:
        """Whether the results are few enough to be sorted."""
        return self.count is not None and self.count <= LARGEST_SORTED

    @property
    def most_sorted(self) -> int:
        """How many results can be sorted."""
        return LARGEST_SORTED


@dataclass(frozen=True)
class CheckPart:
    """What is known of a query before it is run. `count` is None when it was not counted."""

    form: SearchForm
    count: int | None = None
    explanation: Explanation | None = None
    problem: str = ""
    excerpt: str = ""


class SearchPages:
    """Asking, and looking at a query while it is typed."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def search(self, request: Request, form: Form) -> Response:
        """Ask the catalogue in MQL; a query that cannot be used comes back with the place that is wrong."""
        visit = await self._door.admit(request)
        status = 200
        view = SearchPage(form)
        try:
            form = read_form(form)
            view = await self._find(visit.who, form) if form.q else SearchPage(form)
        except (InvalidInputError, NotFoundError, QueryTooSlowError) as error:
            excerpt = str(error.facts.get("excerpt", ""))
            view, status = SearchPage(form, problem=error.sentence, excerpt=excerpt), 422
        saved = await catalog.list_named_queries(self._db, visit.who, limit=SHOWN_QUERIES)
        view = replace(view, saved=saved.items)
        return self._door.show(request, "search.html", view, visit=visit, status=status)

    async def check(self, request: Request, form: Form) -> Response:
        """What a query that is being typed would find and how; a part of the page, also when it cannot be used."""
        visit = await self._door.admit(request)
        view = CheckPart(form)
        try:
            form = read_form(form)
            if form.q:
                explanation = await self._explain(visit.who, form)
                view = CheckPart(form, await self._count_few(visit.who, form, explanation), explanation)
        except (InvalidInputError, NotFoundError, QueryTooSlowError) as error:
            view = CheckPart(form, problem=error.sentence, excerpt=str(error.facts.get("excerpt", "")))
        return self._door.show(request, "_search_check.html", view, visit=visit)

    async def _find(self, who: Principal, form: SearchForm) -> SearchPage:
        kind = catalog.find_query_kind(form.q)
        if kind == "queries":
            queries = await catalog.search_queries(self._db, who, query=form.q, experiment=None)
            return SearchPage(form, count=len(queries), queries=tuple(queries), kind=kind)
        if kind == "datasets":
            return await self._find_datasets(who, form)
        first = await self._list(who, form, form.q, FILES_PER_PAGE + 1)
        most = LARGEST_SORTED if form.after else None  # turning pages does not count everything once more
        count = len(first) if len(first) <= FILES_PER_PAGE else await self._count(who, form, most=most)
        view = SearchPage(form, count=count, explanation=await self._explain(who, form))
        if form.needs_all and view.is_sortable:
            everything = sort_files(await self._list(who, form, form.q, LARGEST_SORTED), form)
            files, has_more = cut_page(everything, form.after, FILES_PER_PAGE)
            return replace(view, files=files, last=files[-1].fid if has_more else "")
        notice = TOO_MANY_TO_SORT if form.sort else ""
        form = replace(form, sort="")
        if form.needs_all:
            form, notice = replace(form, after=""), TOO_MANY_TO_TURN
        found = await self._list_after(who, form) if form.after else first
        has_more = len(found) > FILES_PER_PAGE and not form.needs_all
        files = tuple(found[:FILES_PER_PAGE])
        return replace(view, form=form, files=files, last=files[-1].fid if has_more else "", notice=notice)

    async def _find_datasets(self, who: Principal, form: SearchForm) -> SearchPage:
        count, found = 0, list[Dataset]()
        async for part in catalog.stream_datasets(self._db, who, query=form.q, experiment=None):
            count += len(part)
            found += part[: SHOWN_DATASETS - len(found)]
        return SearchPage(form, count=count, datasets=tuple(found), kind="datasets")

    async def _list_after(self, who: Principal, form: SearchForm) -> list[FileReference]:
        """The files after the last one seen; the first ones if that file is gone."""
        last = await catalog.list_files(self._db, who, keys=[form.after], with_metadata=False)
        query = write_rest_query(form.q, last[0].file.created_at, last[0].file.fid) if last else form.q
        return await self._list(who, form, query, FILES_PER_PAGE + 1)

    async def _list(self, who: Principal, form: SearchForm, query: str, limit: int) -> list[FileReference]:
        return await catalog.query_files(
            self._db,
            who,
            query=query,
            experiment=None,
            limit=limit,
            with_metadata=True,
            default_namespace=form.namespace or None,
            include_retired=bool(form.retired),
        )

    async def _count(self, who: Principal, form: SearchForm, *, most: int | None = None) -> int | None:
        """How many files there are; None if counting took too long, or if there are more than `most`."""
        query = form.q if most is None else f"({form.q}\n) limit {most + 1}"
        try:
            count = await catalog.count_files(
                self._db,
                who,
                query=query,
                experiment=None,
                default_namespace=form.namespace or None,
                include_retired=bool(form.retired),
            )
        except QueryTooSlowError:
            return None
        return count if most is None or count <= most else None

    async def _count_few(self, who: Principal, form: SearchForm, explanation: Explanation) -> int | None:
        is_large = any(part.estimated_rows > COUNTED_WHILE_TYPING for part in explanation.statements)
        is_of_files = catalog.find_query_kind(form.q) == "files"
        return await self._count(who, form) if is_of_files and not is_large else None

    async def _explain(self, who: Principal, form: SearchForm) -> Explanation:
        return await catalog.explain_query(
            self._db,
            who,
            query=form.q,
            experiment=None,
            default_namespace=form.namespace or None,
            include_retired=bool(form.retired),
        )

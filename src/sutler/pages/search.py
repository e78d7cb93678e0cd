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
from sutler.catalog import (
    CatalogSource,
    Dataset,
    Explanation,
    FileReference,
    NamedQuery,
    QueryTooSlowError,
    SourceFile,
)
from sutler.pages.door import Door
from sutler.pages.remote_search import (
    TROUBLE,
    RemoteCatalogue,
    find_files,
    find_source_of,
    list_catalogues,
    make_file_address,
    narrow_form,
)
from sutler.pages.search_examples import EXAMPLES, Example
from sutler.pages.search_form import SearchForm, cut_page, read_form, sort_files, write_rest_query

FILES_PER_PAGE = 100
LARGEST_SORTED = 5_000
SHOWN_DATASETS = 500
SHOWN_QUERIES = 20
COUNTED_WHILE_TYPING = 200_000
"""A query that is expected to find more files than this is counted only when it is run."""

TOO_MANY_TO_SORT = "There are too many files to sort them: they are in the order in which they were declared."
TOO_MANY_TO_TURN = "There are too many files to turn pages in the order of a filter: these are the first."

PROBLEMS = (InvalidInputError, NotFoundError, QueryTooSlowError)
"""What may be wrong with a query."""

Form = Annotated[SearchForm, Depends()]


@dataclass(frozen=True)
class SearchPage:
    """A query and what it found. `problem` and `excerpt` say what is wrong with it, and where.

    `count` is None when counting took, or would take, too long. `last` is what the next page begins after: a fid, or
    in a catalogue elsewhere a number of files. `place` is the address of that one, empty for the built-in one;
    `catalogues` are those that can be chosen.
    """

    form: SearchForm
    files: tuple[FileReference | SourceFile, ...] = ()
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
    place: str = ""
    catalogues: tuple[RemoteCatalogue, ...] = ()

    def address_of(self, file: FileReference | SourceFile) -> str:
        """Return the address of a file's page, which asks the same catalogue."""
        return make_file_address(file.did, self.form.experiment)

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
        """Whether the results can be sorted: they are few enough, and of the built-in catalogue."""
        return not self.place and self.count is not None and self.count <= LARGEST_SORTED

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
        source, status = None, 200
        view = SearchPage(form)
        try:
            form = read_form(form)
            source = await find_source_of(self._door.services, visit.who, form.experiment)
            form = narrow_form(form, source)
            view = await self._find(visit.who, form, source) if form.q else SearchPage(form)
        except (*PROBLEMS, *TROUBLE) as error:
            excerpt = str(error.facts.get("excerpt", ""))
            view = SearchPage(form, problem=error.sentence, excerpt=excerpt)
            status = 502 if isinstance(error, TROUBLE) else 422
        catalogues = await list_catalogues(self._db, visit)
        view = replace(view, catalogues=catalogues, place=source.place if source else "")
        if source is None:
            saved = await catalog.list_named_queries(self._db, visit.who, limit=SHOWN_QUERIES)
            view = replace(view, saved=saved.items)
        return self._door.show(request, "search.html", view, visit=visit, status=status)

    async def check(self, request: Request, form: Form) -> Response:
        """What a query that is being typed would find and how; a part of the page, also when it cannot be used.

        It is empty for a catalogue elsewhere, which is asked only when the query is run.
        """
        visit = await self._door.admit(request)
        view = CheckPart(form)
        try:
            form = read_form(form)
            source = await find_source_of(self._door.services, visit.who, form.experiment)
            if form.q and source is None:
                explanation = await self._explain(visit.who, form)
                view = CheckPart(form, await self._count_few(visit.who, form, explanation), explanation)
        except PROBLEMS as error:
            view = CheckPart(form, problem=error.sentence, excerpt=str(error.facts.get("excerpt", "")))
        return self._door.show(request, "_search_check.html", view, visit=visit)

    async def _find(self, who: Principal, form: SearchForm, source: CatalogSource | None) -> SearchPage:
        if source is not None:
            page = await find_files(source, form, most=FILES_PER_PAGE)
            return SearchPage(form, files=page.files, count=page.count, last=page.last)
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

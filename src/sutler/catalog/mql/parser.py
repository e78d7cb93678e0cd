"""From text to tree: sets of files. What must be true of them is read by `condition_parser`."""

from __future__ import annotations

import re
from typing import Literal, NoReturn

from sutler.catalog.mql.condition_parser import parse_condition
from sutler.catalog.mql.constant_parser import parse_constant
from sutler.catalog.mql.cursor import MAX_DEPTH, Cursor, is_sign
from sutler.catalog.mql.dataset_parser import parse_matching, parse_selectors
from sutler.catalog.mql.errors import MqlMeaningError
from sutler.catalog.mql.filters import FILTERS, read_filter
from sutler.catalog.mql.lexer import Kind
from sutler.catalog.mql.list_parser import AFTER_FILES, parse_fids, parse_name, parse_names
from sutler.catalog.mql.selectors import DatasetQuery, QuerySearch
from sutler.catalog.mql.sizes import MAX_SETS, ONE_SET
from sutler.catalog.mql.subjects import FILES, QUERIES
from sutler.catalog.mql.terms import Constant
from sutler.catalog.mql.tree import (
    AllFiles,
    Children,
    FileQuery,
    FilesById,
    Filtered,
    FromDatasets,
    Join,
    Minus,
    NamedFiles,
    Ordered,
    Parents,
    Query,
    SelectedBy,
    Skip,
    Union,
    Where,
    limit,
)
from sutler.catalog.mql.walking import walk

LISTS = ("files", "file", "fids", "fid")
SETS = (*LISTS, "union", "join", "parents", "children", "filter")
OPENERS = frozenset((*SETS, "(", "[", "{"))
SEARCHES = {"datasets": "datasets", "queries": "named queries"}
CUTS = ("limit", "skip", "ordered")
AFTER_SET = ("where", *CUTS)
QueryKind = Literal["files", "datasets", "queries"]
QUERY_NAME = "the name of a query like namespace:name after 'selected by'"


_SEARCH = re.compile(r"(?:\s|#[^\n]*)*+(datasets|queries)(?![A-Za-z0-9_./$@*?^%+-])(?!\s*:)")


def find_kind(text: str) -> QueryKind:
    """Return what a text asks for, by its first word, without reading more of it."""
    found = _SEARCH.match(text)
    if found is None:
        return "files"
    return "datasets" if found[1] == "datasets" else "queries"


def parse(text: str, *, default_namespace: str | None = None) -> FileQuery:
    """Read a file query.

    Names of files without a namespace take that of the name before them, the first one `default_namespace`, and so do
    the names of queries. Raises `MqlSyntaxError`, `MqlMeaningError` or `MqlUnsupportedError`, each with its place.
    """
    parser = _Parser(text, default_namespace)
    if parser.cursor.at_word(*SEARCHES):
        raise MqlMeaningError(
            f"this is a search for {SEARCHES[parser.cursor.token.text]}, but a query for files is needed here.",
            position=parser.cursor.position(),
        )
    return parser.file_query()


def parse_query(text: str, *, default_namespace: str | None = None) -> Query:
    """Read a query of any kind: for files, for datasets or for named queries. Raises what `parse` raises."""
    parser = _Parser(text, default_namespace)
    keyword = parser.cursor.accept_word(*SEARCHES)
    if keyword is None:
        return parser.file_query()
    return parser.dataset_query() if keyword == "datasets" else parser.query_search()


class _Parser:
    def __init__(self, text: str, default_namespace: str | None) -> None:
        self.cursor = Cursor(text)
        self.default_namespace = default_namespace

    def file_query(self) -> FileQuery:
        tree = self.query()
        if self.cursor.token.kind is not Kind.END:
            self.fail_after_query()
        if max(depth for depth, _ in walk(tree)) > MAX_DEPTH:
            self.cursor.fail_too_deep()
        return tree

    def dataset_query(self) -> DatasetQuery:
        cursor = self.cursor
        selectors = parse_selectors(cursor, "datasets", lambda: False)
        if cursor.token.kind is not Kind.END:
            cursor.fail("expected ',', 'with subsets', 'having' or the end of the query", near=("with", "having"))
        return DatasetQuery(selectors)

    def query_search(self) -> QuerySearch:
        cursor = self.cursor
        matching = parse_matching(cursor) if cursor.accept_word("matching") else None
        condition = parse_condition(cursor, QUERIES) if cursor.accept_word("where") else None
        if cursor.token.kind is not Kind.END:
            cursor.fail("expected 'matching', 'where' or the end of the query", near=("matching", "where"))
        return QuerySearch(matching, condition)

    def fail_after_query(self) -> NoReturn:
        cursor = self.cursor
        if cursor.at_word("where"):
            cursor.fail("expected one 'where' only; join conditions with 'and', or put the first part in brackets")
        cursor.fail("expected 'where', 'limit', 'skip', 'ordered', '-' or the end of the query", near=AFTER_SET)

    def query(self) -> FileQuery:
        """A chain: `-` takes the set after it, a cut takes everything before it, `where` what stands before it."""
        cursor = self.cursor
        tree = self.selection()
        for _ in range(MAX_DEPTH):
            if cursor.accept_minus():
                tree = Minus(tree, self.selection())
            elif cursor.at_word(*CUTS):
                tree = self.optional_condition(self.cut(tree))
            else:
                return tree
        return cursor.fail_too_deep()

    def selection(self) -> FileQuery:
        return self.optional_condition(self.file_set())

    def optional_condition(self, tree: FileQuery) -> FileQuery:
        return Where(tree, parse_condition(self.cursor, FILES)) if self.cursor.accept_word("where") else tree

    def cut(self, tree: FileQuery) -> FileQuery:
        keyword = self.cursor.take().text
        if keyword == "ordered":
            return Ordered(tree)
        start = self.cursor.token
        count = self.cursor.expect_count(keyword)
        if keyword == "limit":
            return limit(tree, count)
        if count < 0:
            self.cursor.fail("expected a number of files that is not negative after 'skip'", at=start)
        return Skip(tree, count)

    def file_set(self) -> FileQuery:
        cursor = self.cursor
        if cursor.accept_sign("("):
            (tree,) = self.bracketed(")")
            return tree
        cursor.enlarge(ONE_SET)
        if cursor.accept_sign("["):
            return Union(self.bracketed("]", many=True))
        if cursor.accept_sign("{"):
            return Join(self.bracketed("}", many=True))
        keyword = cursor.accept_word(*SETS)
        if keyword is None:
            cursor.fail("expected a set of files, like 'files from namespace:name'", near=SETS)
        if keyword == "filter":
            return self.filtered()
        return self.listed(keyword) if keyword in LISTS else self.operation(keyword)

    def operation(self, keyword: str) -> FileQuery:
        self.cursor.expect_sign("(", f"'(' after '{keyword}'")
        if keyword == "union":
            return Union(self.bracketed(")", many=True))
        if keyword == "join":
            return Join(self.bracketed(")", many=True))
        (source,) = self.bracketed(")")
        return Parents(source) if keyword == "parents" else Children(source)

    def bracketed(self, closing: str, *, many: bool = False) -> tuple[FileQuery, ...]:
        cursor = self.cursor
        with cursor.deeper():
            parts = [self.query()]
            while many and cursor.accept_sign(","):
                parts.append(self.query())
        if not cursor.accept_sign(closing):
            ways = f"',' or '{closing}'" if many else f"'{closing}'"
            cursor.fail(f"expected {ways}", near=AFTER_SET)
        return tuple(parts)

    def filtered(self) -> Filtered:
        cursor = self.cursor
        start = cursor.token
        name = cursor.expect_name(f"the name of a filter, like {', '.join(FILTERS)}")
        cursor.expect_sign("(", "'(' and the arguments of the filter")
        positional, keywords = self.arguments()
        cursor.expect_sign("(", "'(' and the files to filter")
        node = Filtered(name, positional, keywords, self.bracketed(")", many=True))
        with cursor.placing(start):
            read_filter(node)
        return node

    def arguments(self) -> tuple[tuple[Constant, ...], tuple[tuple[str, Constant], ...]]:
        cursor = self.cursor
        positional: list[Constant] = []
        keywords: list[tuple[str, Constant]] = []
        if cursor.accept_sign(")"):
            return (), ()
        while True:
            if is_sign(cursor.look(), "="):
                name = cursor.expect_name("the name of an argument")
                cursor.accept_sign("=")
                keywords.append((name, parse_constant(cursor)))
            elif keywords:
                cursor.fail("expected an argument with its name, like seed=1, after another one")
            else:
                positional.append(parse_constant(cursor))
            if len(positional) + len(keywords) > MAX_SETS:
                cursor.fail("expected ')', for no filter takes so many arguments")
            if not cursor.accept_sign(","):
                break
        cursor.expect_sign(")", "',' or ')'")
        return tuple(positional), tuple(keywords)

    def listed(self, keyword: str) -> FileQuery:
        cursor = self.cursor
        if keyword in {"fids", "fid"}:
            return FilesById(parse_fids(cursor, self.starts_set, OPENERS))
        if keyword == "files":
            if cursor.accept_word("from"):
                cursor.accept_word("datasets")
                return FromDatasets(parse_selectors(cursor, "from", self.starts_set))
            if cursor.accept_word("selected"):
                return self.selected()
            if not self.starts_name():
                return AllFiles()
        names = parse_names(cursor, self.starts_set, OPENERS, keyword=keyword, default_namespace=self.default_namespace)
        return NamedFiles(names)

    def selected(self) -> SelectedBy:
        self.cursor.accept_word("by")
        start = self.cursor.token
        return SelectedBy(parse_name(self.cursor, self.default_namespace, QUERY_NAME, thing="query"), start.offset)

    def starts_name(self) -> bool:
        token = self.cursor.token
        if token.kind is not Kind.WORD or self.cursor.at_word(*AFTER_FILES):
            return False
        return not token.text.startswith("-") or is_sign(self.cursor.look(), ":")

    def starts_set(self) -> bool:
        """Whether a set begins here; ends a list of names, for a bracket separates sets by commas too."""
        if not self.cursor.at_text(OPENERS):
            return False
        return self.cursor.at_word(*SETS) or self.cursor.at_sign("(", "[", "{")

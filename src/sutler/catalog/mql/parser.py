"""From text to tree: sets of files. What must be true of them is read by `condition_parser`."""

from __future__ import annotations

from typing import NoReturn

from sutler.catalog.mql.condition_parser import parse_condition
from sutler.catalog.mql.cursor import MAX_DEPTH, Cursor, is_sign, suggest
from sutler.catalog.mql.dataset_parser import parse_selectors
from sutler.catalog.mql.errors import MqlSyntaxError
from sutler.catalog.mql.lexer import Kind
from sutler.catalog.mql.subjects import FILES
from sutler.catalog.mql.tree import (
    AllFiles,
    Children,
    FileQuery,
    FilesById,
    FromDatasets,
    Join,
    Minus,
    NamedFiles,
    Ordered,
    Parents,
    QualifiedName,
    Skip,
    Union,
    Where,
    limit,
    walk,
)

LISTS = ("files", "file", "fids", "fid")
SETS = (*LISTS, "union", "join", "parents", "children", "filter")
OPENERS = frozenset((*SETS, "(", "[", "{"))
OTHER_QUERIES = {"datasets": "searches for datasets are", "queries": "searches for named queries are"}
CUTS = ("limit", "skip", "ordered")
AFTER_FILES = ("from", "selected", "where", *CUTS)
AFTER_SET = ("where", *CUTS)


def parse(text: str, *, default_namespace: str | None = None) -> FileQuery:
    """Read a file query.

    Names of files without a namespace take that of the name before them, the first one `default_namespace`.
    Raises `MqlSyntaxError`, `MqlMeaningError` or `MqlUnsupportedError`, each with the place in the text.
    """
    return _FileQueryParser(text, default_namespace).parse()


class _FileQueryParser:
    def __init__(self, text: str, default_namespace: str | None) -> None:
        self.cursor = Cursor(text)
        self.default_namespace = default_namespace

    def parse(self) -> FileQuery:
        if self.cursor.at_word(*OTHER_QUERIES):
            self.cursor.refuse(OTHER_QUERIES[self.cursor.token.text])
        tree = self.query()
        if self.cursor.token.kind is not Kind.END:
            self.fail_after_query()
        if max(depth for depth, _ in walk(tree)) > MAX_DEPTH:
            self.cursor.fail_too_deep()
        return tree

    def fail_after_query(self) -> NoReturn:
        cursor = self.cursor
        if cursor.at_word("where"):
            cursor.fail("expected one 'where' only; join conditions with 'and', or put the first part in brackets")
        cursor.fail("expected 'where', 'limit', 'skip', 'ordered', '-' or the end of the query", near=AFTER_SET)

    def query(self) -> FileQuery:
        """A chain: `-` takes the set after it, a cut takes everything before it, `where` what stands before it."""
        cursor = self.cursor
        tree = self.selection()
        while True:
            if cursor.accept_minus():
                tree = Minus(tree, self.selection())
            elif cursor.at_word(*CUTS):
                tree = self.optional_condition(self.cut(tree))
            else:
                return tree

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
        start = cursor.token
        if cursor.accept_sign("("):
            (tree,) = self.bracketed(")")
            return tree
        if cursor.accept_sign("["):
            return Union(self.bracketed("]", many=True))
        if cursor.accept_sign("{"):
            return Join(self.bracketed("}", many=True))
        keyword = cursor.accept_word(*SETS)
        if keyword is None:
            cursor.fail("expected a set of files, like 'files from namespace:name'", near=SETS)
        if keyword == "filter":
            cursor.refuse("filters are", at=start)
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

    def listed(self, keyword: str) -> FileQuery:
        cursor = self.cursor
        if keyword in {"fids", "fid"}:
            return FilesById(self.fids())
        if keyword == "files":
            if cursor.accept_word("from"):
                return FromDatasets(parse_selectors(cursor, self.starts_set))
            if cursor.at_word("selected"):
                cursor.refuse("files selected by a named query are")
            if not self.starts_name():
                return AllFiles()
        return NamedFiles(self.names(keyword))

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

    def names(self, keyword: str) -> tuple[QualifiedName, ...]:
        names = [self.name(self.default_namespace, f"a file name like namespace:name after '{keyword}'")]
        while self.cursor.accept_comma(self.starts_set):
            names.append(self.name(names[-1].namespace, "a file name like namespace:name after ','"))
        return tuple(names)

    def name(self, namespace: str | None, what: str) -> QualifiedName:
        cursor = self.cursor
        start = cursor.index
        found = cursor.expect_name(what)
        if cursor.accept_sign(":"):
            return QualifiedName(found, cursor.expect_name("a file name after the namespace"))
        if namespace is None:
            raise MqlSyntaxError(
                f"expected a file name like namespace:name, but '{found}' has no namespace and there is no default.",
                position=cursor.position(cursor.tokens.get(start)),
                suggestion=suggest(found, AFTER_FILES),
            )
        return QualifiedName(namespace, found)

    def fids(self) -> tuple[str, ...]:
        fids = [self.cursor.expect_name("a file id")]
        while self.cursor.accept_comma(self.starts_set):
            fids.append(self.cursor.expect_name("a file id after ','"))
        return tuple(fids)

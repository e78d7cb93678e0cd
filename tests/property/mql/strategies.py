"""Queries of every form, most of them about things that the small catalogue has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st
from tests.property.mql.catalogue import CATALOGUE, NEW_YEAR, Json
from tests.property.mql.forms import ORDER, REGEXP_OPS

from sutler.catalog.model import KeyKind
from sutler.catalog.mql import (
    AllFiles,
    AllOf,
    And,
    AnyOf,
    Attribute,
    Boolean,
    Children,
    Compare,
    Condition,
    Constant,
    Contains,
    DatasetQuery,
    DatasetSelector,
    Day,
    Element,
    FileQuery,
    FilesById,
    Filtered,
    FromDatasets,
    InRange,
    InSet,
    Instant,
    Join,
    Length,
    Limit,
    Member,
    Minus,
    NamedFiles,
    NamePattern,
    NameRegexp,
    Not,
    Number,
    Op,
    Operand,
    Or,
    Ordered,
    Parameter,
    Parents,
    Present,
    QualifiedName,
    QuerySearch,
    Scope,
    SelectedBy,
    Skip,
    Subsets,
    Text,
    Union,
    Where,
)

TEXTS = ("raw", "Raw", "reco", "", "r.w", "1", "2", "a", "Ω", "%", "2021", "\\", "ana")
INDEXED_KEYS = frozenset((key, kind) for key in ("c.a", "c.b", "c.l") for kind in KeyKind)
REGEXPS = ("raw", "^r", "^ra?w", "^ra", "^raw|^a", "r.w$", "[0-9]+", "^$", "W", "a|o", "\\d", "\\.")

keys = st.sampled_from(("c.a", "c.a", "c.a", "c.b", "c.l", "c.none"))
numbers = st.builds(Number, st.sampled_from((0, 1, 2, 2.5, 3, -1, -1.5, 0.5, NEW_YEAR.timestamp())))
booleans = st.builds(Boolean, st.booleans())
texts = st.builds(Text, st.sampled_from(TEXTS))
instants = st.builds(Instant, st.sampled_from([NEW_YEAR + timedelta(hours=h) for h in (0, 24, 25, 49)]))
days = st.builds(Day, st.sampled_from([date(2021, 1, d) for d in (1, 2, 3, 5)]), st.sampled_from((0, 120, -330)))
members: st.SearchStrategy[Constant] = st.one_of(numbers, booleans, texts, instants)
constants: st.SearchStrategy[Constant] = st.one_of(members, days)
values = st.one_of(
    st.builds(Parameter, keys),
    st.builds(AnyOf, keys),
    st.builds(AllOf, keys),
    st.builds(Element, keys, st.integers(-1, 2)),
    st.builds(Member, keys, st.sampled_from(("k", "m"))),
)


def _ranges(operands: st.SearchStrategy[Operand], ends: st.SearchStrategy[Constant]) -> st.SearchStrategy[Condition]:
    return st.builds(InRange, operands, ends, ends, st.booleans())


def _terms(
    operands: st.SearchStrategy[Operand], items: st.SearchStrategy[Constant], ops: tuple[Op, ...] = ORDER
) -> st.SearchStrategy[Condition]:
    """Comparisons, sets and ranges of one kind of constant."""
    return st.one_of(
        st.builds(Compare, operands, st.sampled_from(ops), items),
        st.builds(InSet, operands, st.lists(items, min_size=1, max_size=3).map(tuple), st.booleans()),
        _ranges(operands, items),
    )


def _matches(operands: st.SearchStrategy[Operand]) -> st.SearchStrategy[Condition]:
    return st.builds(Compare, operands, st.sampled_from(REGEXP_OPS), st.builds(Text, st.sampled_from(REGEXPS)))


def _days(operands: st.SearchStrategy[Operand]) -> st.SearchStrategy[Condition]:
    return st.one_of(st.builds(Compare, operands, st.sampled_from(ORDER), days), _ranges(operands, days))


def _attributes(*names: str) -> st.SearchStrategy[Operand]:
    return st.builds(Attribute, st.sampled_from(names))


metadata_terms: st.SearchStrategy[Condition] = st.one_of(
    *(_terms(values, items) for items in (st.one_of(numbers, instants), booleans, texts)),
    st.builds(InSet, values, st.lists(members, min_size=1, max_size=4).map(tuple), st.booleans()),
    st.builds(Compare, values, st.sampled_from(ORDER), constants),
    _matches(values),
    _days(values),
    _terms(st.builds(Length, keys), numbers),
    st.builds(Present, keys, st.booleans()),
    st.builds(Contains, members, keys, st.booleans()),
)

_NAMES = ("id", "fid", "namespace", "name", "creator", "updated_by", "retired_by")
_INSTANTS = ("created_timestamp", "updated_timestamp", "retired_timestamp")
_file_texts = st.builds(Text, st.sampled_from(("f03", "f1", "t", "u", "raw_03", "reco_1", "ann", "bob", "ann%", "_")))
_ISO = st.builds(Text, st.sampled_from(("2021-01-02", "2021-01-04 12:00:00", "2021-01-05T00:00")))

file_terms: st.SearchStrategy[Condition] = st.one_of(
    _terms(_attributes(*_NAMES), _file_texts, (*ORDER, Op.LIKE)),
    _matches(_attributes(*_NAMES)),
    _terms(_attributes("size"), st.builds(Number, st.sampled_from((0, 300, 1000.5, 2000)))),
    *(_terms(_attributes(*_INSTANTS), items) for items in (st.one_of(instants, numbers), _ISO)),
    _days(_attributes(*_INSTANTS)),
    st.builds(Compare, _attributes("retired"), st.sampled_from((Op.EQ, Op.NE)), booleans),
    st.builds(Compare, _attributes("checksums"), st.sampled_from((Op.EQ, Op.NE)), st.just(Text("{}"))),
)

_dataset_keys = st.builds(Parameter, st.sampled_from(("ds.kind", "ds.year")))
dataset_terms: st.SearchStrategy[Condition] = st.one_of(
    _terms(_dataset_keys, st.builds(Number, st.sampled_from((2021, 2022)))),
    _terms(_dataset_keys, st.builds(Text, st.sampled_from(("raw", "reco", "mix")))),
    _terms(_attributes("name", "description"), st.builds(Text, st.sampled_from(("raw", "all", "all of it")))),
    st.builds(Compare, _attributes("frozen", "monotonic"), st.just(Op.EQ), booleans),
    _terms(_attributes("file_count"), st.builds(Number, st.integers(0, 8))),
)


def conditions(terms: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """Terms under `and`, `or` and `!`."""

    def extend(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))

    return st.recursive(terms, extend, max_leaves=5)


file_conditions = conditions(st.one_of(metadata_terms, file_terms))

dataset_names = st.one_of(
    st.sampled_from([QualifiedName(d.namespace, d.name) for d in CATALOGUE.datasets] + [QualifiedName("t", "nosuch")]),
    st.builds(NamePattern, st.sampled_from("tu"), st.sampled_from(("r*", "*", "r?w", "%a_", "e%"))),
    st.builds(NameRegexp, st.sampled_from("tu"), st.sampled_from(("^r", "a", "x+"))),
)
selectors = st.builds(
    DatasetSelector, dataset_names, st.sampled_from(Subsets), st.one_of(st.none(), conditions(dataset_terms))
)

leaves: st.SearchStrategy[FileQuery] = st.one_of(
    st.just(AllFiles()),
    st.builds(FromDatasets, st.lists(selectors, min_size=1, max_size=3).map(tuple)),
    st.lists(
        st.sampled_from([QualifiedName(f.namespace, f.name) for f in CATALOGUE.files]), min_size=1, max_size=6
    ).map(lambda names: NamedFiles(tuple(names))),
    st.lists(st.sampled_from([f.key for f in CATALOGUE.files] + ["nosuch"]), min_size=1, max_size=6).map(
        lambda fids: FilesById(tuple(fids))
    ),
)

query_names = st.sampled_from([QualifiedName(q.namespace, q.name) for q in CATALOGUE.queries])
_whole = st.integers(1, 5).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1)))
_ratios = st.sampled_from((1, 2, 0.5, 3))
_seed_and_window = (st.integers(0, 3), st.integers(1, 9))
_fractions = st.sampled_from((0, 0.1, 0.25, 1 / 3, 0.5, 0.7, 1, 1.0))


def filters(inner: st.SearchStrategy[FileQuery]) -> st.SearchStrategy[FileQuery]:
    """Filters of sets, with their arguments by place and by name."""

    def make(name: str, *given: float, sources: tuple[FileQuery, ...], **named: float) -> Filtered:
        return Filtered(
            name, tuple(map(Number, given)), tuple((key, Number(item)) for key, item in named.items()), sources
        )

    one = st.tuples(inner)
    return st.one_of(
        st.builds(lambda f, s: make("sample", f, sources=s), _fractions, one),
        st.builds(lambda w, s: make("stride", *w, sources=s), _whole, one),
        st.builds(lambda w, s: make("hash", w[0], sources=s, i=w[1]), _whole, one),
        st.builds(
            lambda n, w, s: make("randomize", sources=s, seed=n, window=w), st.integers(0, 3), st.integers(1, 9), one
        ),
        st.lists(st.tuples(_ratios, inner), min_size=1, max_size=3).map(
            lambda pairs: make("mix", *(p[0] for p in pairs), sources=tuple(p[1] for p in pairs))
        ),
    )


def _extend(inner: st.SearchStrategy[FileQuery]) -> st.SearchStrategy[FileQuery]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    counts = st.integers(0, 12)
    return st.one_of(
        st.builds(Union, several),
        st.builds(Join, several),
        st.builds(Minus, inner, inner),
        st.builds(Parents, inner),
        st.builds(Children, inner),
        st.builds(Where, inner, file_conditions),
        st.builds(Limit, inner, counts),
        st.builds(Skip, inner, st.integers(0, 4)),
        st.builds(Ordered, inner),
    )


def _extend_whole(inner: st.SearchStrategy[FileQuery]) -> st.SearchStrategy[FileQuery]:
    return st.one_of(_extend(inner), filters(inner))


_any_trees: st.SearchStrategy[FileQuery] = st.recursive(leaves, _extend, max_leaves=6)


def _cut(inner: st.SearchStrategy[FileQuery]) -> st.SearchStrategy[FileQuery]:
    return st.one_of(
        st.builds(Limit, inner, st.integers(0, 12)),
        st.builds(Skip, inner, st.integers(0, 4)),
        st.builds(Ordered, inner),
    )


# Cuts of cuts, and cuts and differences inside a difference, would be rare if they came by chance only.
trees = st.one_of(
    _any_trees,
    _cut(_cut(_cut(_any_trees))),
    st.builds(Minus, _any_trees, st.one_of(_cut(leaves), st.builds(Minus, leaves, leaves))),
    st.builds(Where, _any_trees, file_conditions),
)

# With filters and named queries: what has to be worked out before there is one statement.
whole_trees = st.one_of(
    filters(st.one_of(leaves, _cut(leaves))),
    st.recursive(st.one_of(leaves, query_names.map(SelectedBy)), _extend_whole, max_leaves=5),
)

dataset_queries = st.builds(DatasetQuery, st.lists(selectors, min_size=1, max_size=3).map(tuple))
_query_keys = st.builds(Parameter, st.sampled_from(("q.kind", "q.year")))
query_terms: st.SearchStrategy[Condition] = st.one_of(
    _terms(_query_keys, st.builds(Text, st.sampled_from(("raw", "cut", "list")))),
    _terms(_query_keys, st.builds(Number, st.sampled_from((2021, 2022)))),
    _terms(
        _attributes("name", "description", "creator"), st.builds(Text, st.sampled_from(("raws", "first", "ann", "")))
    ),
)
query_searches = st.builds(
    QuerySearch,
    st.one_of(
        st.none(),
        st.builds(NamePattern, st.sampled_from("tu"), st.sampled_from(("r*", "*", "b?th", "%e%"))),
        st.builds(NameRegexp, st.sampled_from("tu"), st.sampled_from(("^r", "a", "s$"))),
    ),
    st.one_of(st.none(), conditions(query_terms)),
)

scopes = st.builds(
    Scope,
    st.sampled_from((None, None, ("t",), ("t", "u"), ())),
    st.sampled_from((None, (1,), (1,), (1, 2), (2,))),
    st.booleans(),
    st.sampled_from((frozenset[tuple[str, KeyKind]](), INDEXED_KEYS)),
)

json_values: st.SearchStrategy[Json] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.sampled_from((0, 1, 2, 2.5, -1, NEW_YEAR.timestamp())), st.sampled_from(TEXTS)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(("k", "m")), inner, max_size=2)
    ),
    max_leaves=4,
)
metadata = st.dictionaries(st.sampled_from(("c.a", "c.b", "c.l")), json_values, max_size=3)

# Names, texts and numbers as wild as the language can write them.
_name_texts = st.text("abzAZ09_./-", min_size=1, max_size=6)
_wild_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\"'"), max_size=8)
_wild_keys = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,4}(\.[A-Za-z][A-Za-z0-9_]{0,4}){1,2}", fullmatch=True)
wild_constants = st.one_of(
    st.builds(Number, st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))),
    booleans,
    st.builds(Text, _wild_texts),
    st.builds(Instant, st.datetimes(timezones=st.just(UTC))),
    st.builds(Day, st.dates(date(2, 1, 1), date(9998, 1, 1)), st.integers(-1439, 1439)),
)
wild_terms: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, st.builds(Parameter, _wild_keys), st.sampled_from(ORDER), wild_constants),
    st.builds(Compare, st.builds(Member, _wild_keys, _wild_texts), st.just(Op.EQ), wild_constants),
    st.builds(Compare, st.builds(Element, _wild_keys, st.integers(0, 2**31 - 1)), st.just(Op.EQ), wild_constants),
    st.builds(Contains, st.builds(Text, _wild_texts), _wild_keys, st.booleans()),
    st.builds(Present, _wild_keys, st.booleans()),
    st.builds(Compare, st.just(Attribute("created_timestamp")), st.just(Op.GT), st.just(Instant(datetime.now(UTC)))),
)
wild_names = st.builds(QualifiedName, _name_texts, _name_texts)
wild_leaves: st.SearchStrategy[FileQuery] = st.one_of(
    st.lists(wild_names, min_size=1, max_size=3).map(lambda names: NamedFiles(tuple(names))),
    st.lists(_name_texts, min_size=1, max_size=3).map(lambda fids: FilesById(tuple(fids))),
    st.builds(
        lambda name, subsets, having: FromDatasets((DatasetSelector(name, subsets, having),)),
        st.one_of(
            wild_names,
            st.builds(NamePattern, _name_texts, st.text("ab$@_.-*?^%", min_size=1, max_size=6)),
            st.builds(NameRegexp, _name_texts, _wild_texts),
        ),
        st.sampled_from(Subsets),
        st.one_of(st.none(), conditions(st.builds(Present, _wild_keys))),
    ),
    st.builds(Where, st.just(AllFiles()), conditions(wild_terms)),
)
wild_trees = st.one_of(
    st.recursive(st.one_of(leaves, wild_leaves, wild_names.map(SelectedBy)), _extend_whole, max_leaves=5),
    dataset_queries,
    query_searches,
)

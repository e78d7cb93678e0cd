"""Texts of queries by the grammar of the language, and texts that are nearly queries.

Whatever is said in them carries a mark: a word with `MARK` in it, or a number that begins with `DIGITS`. Some names are
those of the small catalogue instead, so that there is something to be found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import strategies as st

MARK = "Zq"
DIGITS = "731041"


def spread(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


KEYWORDS = spread(
    "files file fids fid from datasets queries where limit skip ordered union join parents children filter selected by"
    " with subsets recursively having matching regexp and or not in present like len date datetime any all true select"
    " drop"
)
SIGNS = (
    *spread("' \" \\ ; -- /* */ # $1 $$ %s {0} :: ( ) [ ] { } , : ! = ~* - é Ω 😀 ? @ @@ % |"),
    *("\n", "\r\n", "\t", "\0", "\x1b", "\u202e", "\u00a0", "\ud800"),
    *("'; drop table catalog.files; --", "' or 'a'='a", "$1::text", '")) || (1 == 1', 'x" flag "i'),
)

letters = st.text("abcdefgh", min_size=3, max_size=5)
marked = letters.map(lambda more: f"{MARK}{more}")
marked_digits = st.integers(0, 999).map(lambda number: f"{DIGITS}{number}")


def chosen(*texts: str) -> st.SearchStrategy[str]:
    """One of some texts."""
    return st.sampled_from(texts)


def spaced(*parts: st.SearchStrategy[str] | str, by: str = " ") -> st.SearchStrategy[str]:
    """Parts one after the other."""
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map(by.join)


def listed(items: st.SearchStrategy[str], *, most: int = 3) -> st.SearchStrategy[str]:
    """Some of them with commas between."""
    return st.lists(items, min_size=1, max_size=most).map(", ".join)


def folded(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The same texts. Hypothesis writes a strategy out with all that it is made of; here it stops."""

    @st.composite
    def such_texts(draw: st.DrawFn) -> str:
        return draw(strategy)

    return such_texts()


namespaces = st.one_of(chosen("t", "u"), marked, chosen(*KEYWORDS))
names = st.one_of(
    chosen("raw", "reco", "all", "mix", "raw_03", "reco_06", "nosuch"),
    marked,
    st.builds(lambda a, b: f"{a}/.-_{b}-1", marked, marked),
    chosen(*KEYWORDS, "-1", "2", ".", "a--b", "--"),
)
qualified = spaced(namespaces, names, by=":")
fids = st.one_of(chosen("f01", "f03", "f07", "f16"), marked, marked_digits)
patterns = st.one_of(chosen("r*", "*", "%", "r?w", "_%", "^$@*"), marked.map(lambda m: f"*{m}?"))

keys = st.one_of(
    chosen("c.a", "c.a", "c.b", "c.l", "ds.kind", "q.kind", "c.none"),
    marked.map(lambda m: f"c.{m}"),
    st.builds(lambda a, b: f"{a}.{b}.select", marked, marked),
)
attributes = chosen(
    *spread("name namespace id fid size creator created_timestamp updated_timestamp updated_by retired"),
    *spread("retired_timestamp retired_by checksums description frozen file_count source"),
)
whole_numbers = st.one_of(
    st.integers(-3, 400).map(str), marked_digits, st.integers().map(str),
    st.sampled_from((31, 32, 62, 63, 64, 127)).flatmap(lambda bits: st.integers(2**bits - 1, 2**bits)).map(str),
    st.sampled_from((300, 299, 301, 400, 5000)).map("9".__mul__),
)  # fmt: skip
numbers = st.one_of(
    whole_numbers,
    st.floats().map(repr),
    chosen(
        *spread("NaN -NaN inf Infinity -0 -0.0 1e308 1e309 -1e400 1e-400 5e-324 .5 5. +1 1_000 0x10 ١٢ 1e 00001"),
        *("1609459200", f"{DIGITS}.5e3"),
    ),
)
words = st.one_of(marked, chosen("raw", "true", "FALSE", "null", "a.b", "$1", "@x", *KEYWORDS))
pieces = st.one_of(marked, chosen(*SIGNS), st.text(max_size=4), letters)
contents = st.one_of(
    chosen("raw", "", "{}", "2021-01-02"),
    marked,
    st.lists(pieces, min_size=1, max_size=4).map("".join),
)


def quote(text: str) -> str:
    """A text between quotes that it does not contain, or else without them."""
    text = text if '"' not in text or "'" not in text else text.replace("'", "")
    return f'"{text}"' if '"' not in text else f"'{text}'"


quoted = contents.map(lambda text: quote(re.sub("[\0\ud800-\udfff]", "", text).replace('"', "").replace("'", "")))
wildly_quoted = contents.map(quote)
regexps = st.one_of(
    chosen(
        *spread(r"^r a|b [ ( (?<n>a) a{1,255}{1,255} * \ \1 (a)\1 (?i)raw [[:alpha:]] [[:x:]] a{99999} \y ***: ***=x"),
        *spread(r"^raw ^$ \u12 [z-a] ((((((a*)*)*)*)*)*) ^ra?w"),
        "(?x) a",
    ),
    contents,
    marked,
).map(lambda text: quote(text.replace('"', "").replace("'", "")))
days = st.one_of(
    st.dates().map(str),
    chosen(
        *spread("0001-01-01 9999-12-31 9999-12-30 0000-00-00 2021-02-30 10000-01-01 -1-1-1 2021-01-02"),
        *("", "now", "infinity", "epoch", "today", f"{MARK}-01-01"),
    ),
)
zones = chosen("+00:00", "-23:59", "+23:59", "+24:00", "+0130", "Z", "UTC", "+99:99", "", "-00:00")
clocks = chosen(
    "00:00", "23:59:59.999999", "24:00", "12:00:60", "12:00:00.1234567890", "12:00:00+01:00", "12:00-23:59", "x"
)
instants = st.one_of(
    spaced(days, clocks).map(lambda text: f'datetime("{text}")'),
    days.map(lambda text: f'datetime("{text}")'),
    days.map(lambda text: f"date({text})"),
    st.builds(lambda day, zone: f'date("{day}", "{zone}")', days, zones),
)
constants = folded(st.one_of(numbers, numbers, quoted, quoted, words, instants, wildly_quoted))
operands = st.one_of(
    keys,
    attributes,
    attributes,
    st.builds(lambda key, index: f"{key}[{index}]", keys, st.one_of(chosen("any", "all"), whole_numbers, quoted)),
    keys.map(lambda key: f"len({key})"),
    words,
)
signs = chosen("<", "<=", ">", ">=", "=", "==", "!=", "=", "=")
regexp_signs = chosen("~", "~*", "!~", "!~*", "like")
negations = chosen("", "", "not ")
fitting = st.one_of(
    spaced(chosen("name", "fid", "creator", "namespace", "updated_by"), st.one_of(signs, regexp_signs), quoted),
    spaced(chosen("size", "len(c.l)", "len(c.a)"), signs, st.integers().map(str)),
    spaced(chosen("created_timestamp", "updated_timestamp", "retired_timestamp"), signs, st.one_of(instants, numbers)),
    spaced(keys, signs, constants),
    spaced(keys, chosen("~", "~*", "!~", "!~*"), regexps),
    spaced(chosen("name", "creator"), chosen("~", "~*", "!~", "!~*"), regexps),
)
terms = st.one_of(
    fitting,
    fitting,
    spaced(operands, signs, constants),
    spaced(operands, regexp_signs, st.one_of(regexps, constants)),
    st.builds(lambda a, n, low, high: f"{a} {n}in {low}:{high}", operands, negations, constants, constants),
    st.builds(lambda a, n, items: f"{a} {n}in ({items})", operands, negations, listed(constants, most=5)),
    st.builds(lambda a, n, items: f"{a} {n}in ({items})", keys, negations, listed(numbers, most=40)),
    st.builds(lambda key, n: f"{key} {n}present", keys, negations),
    st.builds(lambda a, n, key: f"{a} {n}in {key}", constants, negations, keys),
)


def _more_conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(" and ".join),
        st.lists(inner, min_size=2, max_size=3).map(" or ".join),
        inner.map(lambda text: f"!{text}"),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"!({text})"),
    )


conditions = folded(st.recursive(terms, _more_conditions, max_leaves=4))
dataset_names = st.one_of(
    qualified,
    spaced(namespaces, patterns, by=":").map(lambda text: f"matching {text}"),
    st.builds(lambda namespace, text: f"matching regexp {namespace}:{text}", namespaces, regexps),
)
selectors = folded(
    spaced(
        dataset_names,
        chosen("", "", " with subsets", " with subsets recursively"),
        st.one_of(st.just(""), conditions.map(lambda text: f" having {text}")),
        by="",
    )
)
leaves = folded(
    st.one_of(
        chosen("files", "files from t:raw", "files from u:mix", "files limit 7"),
        listed(selectors).map(lambda text: f"files from {text}"),
        listed(qualified).map(lambda text: f"files {text}"),
        listed(st.one_of(qualified, names), most=40).map(lambda text: f"file {text}"),
        listed(fids, most=40).map(lambda text: f"fids {text}"),
        st.one_of(chosen("t:raws", "t:both", "u:named", "t:halves"), qualified, names).map(
            lambda text: f"files selected by {text}"
        ),
    )
)
arguments = st.one_of(
    chosen("", "2", "2, 1", "0.5", "1, 1", "n=3, i=1", "seed=1, window=2", "fraction=0.5"),
    listed(st.one_of(constants, spaced(words, constants, by="="))),
)


def _more_sets(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = listed(inner)
    return st.one_of(
        several.map(lambda text: f"union({text})"),
        several.map(lambda text: f"[{text}]"),
        several.map(lambda text: f"join({text})"),
        several.map(lambda text: f"{{{text}}}"),
        inner.map(lambda text: f"parents({text})"),
        inner.map(lambda text: f"children({text})"),
        inner.map(lambda text: f"({text})"),
        spaced(inner, inner, by=" - "),
        spaced(inner, conditions, by=" where "),
        spaced(inner, conditions, by=" where "),
        spaced(inner, chosen("limit", "skip"), whole_numbers),
        inner.map(lambda text: f"{text} ordered"),
        st.builds(
            lambda name, given, text: f"filter {name}({given})({text})",
            st.one_of(chosen("sample", "stride", "hash", "mix", "randomize"), words), arguments, several,
        ),
    )  # fmt: skip


file_queries = folded(
    st.one_of(spaced(leaves, conditions, by=" where "), st.recursive(leaves, _more_sets, max_leaves=5))
)
dataset_queries = listed(selectors).map(lambda text: f"datasets {text}")
searches = st.builds(
    lambda matching, condition: f"queries{matching}{condition}",
    st.one_of(st.just(""), dataset_names.map(lambda text: f" {text}")),
    st.one_of(st.just(""), conditions.map(lambda text: f" where {text}")),
)
queries = st.one_of(file_queries, file_queries, file_queries, dataset_queries, searches)


@st.composite
def nearly_queries(draw: st.DrawFn) -> str:
    """A query with a few faults: something taken out, put in, doubled or exchanged."""
    text = draw(queries)
    for _ in range(draw(st.integers(1, 3))):
        text = _spoil(draw, text)
    return text


def _spoil(draw: st.DrawFn, text: str) -> str:
    tokens = re.findall(r"\s+|\w+|.", text, re.DOTALL)
    place = draw(st.integers(0, max(len(tokens) - 1, 0)))
    length = draw(st.integers(1, 4))
    cut, rest = tokens[place : place + length], tokens[place + length :]
    match draw(st.integers(0, 4)):
        case 0:
            return "".join(tokens[:place] + rest)
        case 1:
            return "".join([*tokens[:place], draw(st.one_of(pieces, chosen(*KEYWORDS, *SIGNS))), *tokens[place:]])
        case 2:
            return "".join(tokens[:place] + cut + cut + rest)
        case 3:
            return "".join([*tokens[:place], *reversed(cut), *rest])
        case _:
            return "".join([*tokens[:place], draw(st.one_of(constants, operands, leaves)), *rest])


texts = st.one_of(queries, queries, nearly_queries())
"""Queries and what is nearly one."""


def rename(text: str, other: Sequence[str] = ("Zk", "642193")) -> str:
    """The same query about other things: with other marks."""
    return text.replace(MARK, other[0]).replace(DIGITS, other[1])

"""From text to tokens."""

from __future__ import annotations

import pytest

from sutler.catalog.mql.errors import MqlSyntaxError
from sutler.catalog.mql.lexer import Kind, tokenize


def texts(text: str) -> list[str]:
    tokens = tokenize(text)
    assert tokens.kinds[-1] == Kind.END
    return [text for text, kind in zip(tokens.texts, tokens.kinds, strict=True) if kind != Kind.END]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("files from t:raw-2", ["files", "from", "t", ":", "raw-2"]),
        ("core.run>=-5", ["core.run", ">=", "-5"]),
        ("a!~*b !~ c ~* d ~ e", ["a", "!~*", "b", "!~", "c", "~*", "d", "~", "e"]),
        ("1.5e+3,{x}", ["1.5e+3", ",", "{", "x", "}"]),
        ("matching t:r*?^%", ["matching", "t", ":", "r*?^%"]),
        ("'it is' \"so\"", ["it is", "so"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_words_are_as_long_as_they_can_be(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_a_comment_goes_to_the_end_of_its_line() -> None:
    assert texts("files # all of them\n# really\nlimit 2 # two") == ["files", "limit", "2"]


def test_a_hash_in_quotes_is_no_comment() -> None:
    assert texts('"a # b" c') == ["a # b", "c"]


def test_tokens_know_where_they_stand() -> None:
    tokens = tokenize("  files\n 'x'")
    assert [tokens.get(i) for i in range(3)] == [(Kind.WORD, "files", 2), (Kind.STRING, "x", 9), (Kind.END, "", 12)]
    assert tokens.get(9) == (Kind.END, "", 12)


@pytest.mark.parametrize(
    ("text", "what", "offset"),
    [
        ('files where a.b = "x', "no closing quotation mark", 18),
        ("files; drop", "';' can only stand in a quoted text", 5),
        ("files é", "'é' can only stand in a quoted text", 6),
        ("files '\x00'", "cannot stand in a query", 7),
        ("files '\ud800'", "cannot stand in a query", 7),
    ],
)
def test_what_is_no_token_is_refused(text: str, what: str, offset: int) -> None:
    with pytest.raises(MqlSyntaxError, match=what) as caught:
        tokenize(text)
    assert caught.value.position is not None
    assert caught.value.position.offset == offset

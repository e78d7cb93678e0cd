"""What the readers of languages share, seen through a language of one-word terms."""

from __future__ import annotations

import pytest

from sutler.base.reading.conditions import And, Condition, Not, Or, parse_condition
from sutler.base.reading.cursor import MAX_DEPTH, Cursor, is_sign, suggest
from sutler.base.reading.errors import LanguageError, Position
from sutler.base.reading.lexicon import Kind, Lexicon


class RhymeError(LanguageError):
    """The rhyme cannot be read."""

    code = "base.rhyme"


RHYMES = Lexicon(noun="rhyme", blanks=r"\s", word="[a-z]+", signs=r"[!(),]", error=RhymeError)


def read(text: str) -> Condition[str]:
    cursor = Cursor(text, RHYMES)

    def parse_term() -> str:
        if not cursor.at_constant():
            cursor.fail("expected a word")
        return cursor.take().text

    condition = parse_condition(cursor, parse_term)
    assert cursor.token.kind is Kind.END
    return condition


def error_of(text: str) -> RhymeError:
    with pytest.raises(RhymeError) as caught:
        read(text)
    return caught.value


def test_and_binds_tighter_than_or_and_brackets_tighter_than_both() -> None:
    assert read("a or b and !c") == Or(("a", And(("b", Not("c")))))
    assert read("(a or b) and !(c)") == And((Or(("a", "b")), Not("c")))
    assert read("((a))") == "a"


def test_an_error_names_the_language_and_shows_the_place() -> None:
    error = error_of("a and\n\tb or")
    assert error.sentence == "line 2, column 6: expected a word, but the rhyme ends here."
    assert error.excerpt == "\tb or\n\t    ^"
    assert error_of("a or )").facts["offset"] == 5
    assert "';' can only stand in a quoted text" in error_of("a;").sentence
    assert "no closing quotation mark" in error_of("'a").sentence


def test_characters_that_nothing_can_hold_are_not_in_the_excerpt() -> None:
    for sign in ("\0", "\ud800"):
        error = error_of(f"a {sign} b")
        assert "cannot stand in a rhyme" in error.sentence
        assert error.excerpt == "a ? b\n  ^"


def test_of_a_long_line_only_the_neighbourhood_is_shown() -> None:
    line, caret = Position.at("x" * 500, 250).excerpt.split("\n")
    assert (line[0], line[-1], len(line)) == ("…", "…", 122)
    assert line[len(caret) - 1] == "x"
    assert Position.at("a\r\nb", 1).line_text == "a"


def test_nesting_has_a_bound() -> None:
    assert read("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH) == "a"
    assert f"nested more than {MAX_DEPTH} levels" in error_of("(" * (MAX_DEPTH + 1) + "a").sentence
    assert f"nested more than {MAX_DEPTH} levels" in error_of("!" * (MAX_DEPTH + 1) + "a").sentence


def test_a_list_ends_with_its_bracket() -> None:
    cursor = Cursor("a, b) c", RHYMES)
    assert cursor.take_list(lambda: cursor.take().text) == ("a", "b")
    assert cursor.token.text == "c"
    with pytest.raises(RhymeError, match="expected ',' or '\\)'"):
        Cursor("a b", RHYMES).take_list(lambda: "a")


def test_an_error_without_a_place_gets_one() -> None:
    cursor = Cursor("a b", RHYMES)
    with pytest.raises(RhymeError) as caught, cursor.placing(cursor.look()):
        raise RhymeError("it limps.", suggestion="b")
    assert caught.value.sentence == "line 1, column 3: it limps. Did you mean 'b'?"
    assert RhymeError("it limps.").sentence == "It limps."


def test_a_word_that_was_meant_is_found() -> None:
    assert suggest("WHERE", ["where"]) == "where"
    assert suggest("where", ["where"]) is None
    assert suggest("xyz", ["where"]) is None


def test_a_sign_is_no_word() -> None:
    cursor = Cursor("( '('", RHYMES)
    assert is_sign(cursor.token, "(")
    assert not is_sign(cursor.look(), "(")

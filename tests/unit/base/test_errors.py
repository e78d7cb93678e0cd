from __future__ import annotations

from sutler.base.errors import ConflictError, InvalidInputError, NotFoundError, Problem, UnavailableError


def test_the_docstring_is_the_default_sentence() -> None:
    assert ConflictError().sentence == "The present state does not allow this."
    assert str(UnavailableError()) == "The service cannot answer just now. Try again in a moment."


def test_facts_are_kept_for_programs() -> None:
    assert NotFoundError("campaign", 7).facts == {"kind": "campaign", "key": "7"}
    assert NotFoundError("campaign", 7).sentence == "There is no campaign 7."


def test_all_problems_stand_in_the_sentence() -> None:
    error = InvalidInputError([Problem("port", "is taken"), Problem("", "and more")])
    assert error.sentence == "port: is taken and more"

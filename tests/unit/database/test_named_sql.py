from __future__ import annotations

import pytest

from sutler.database.named_sql import parse_statements

TEXT = """-- name: find_thing
-- hot
-- Look a thing up.
SELECT id::text, ':not_me', "odd:name" -- :nor_me
FROM room.things WHERE id = :id AND name = :name OR :id > 0

-- name: count_things
-- Count them.
SELECT count(*) FROM room.things;
"""


def test_parameters_are_numbered_once_and_text_is_left_alone() -> None:
    statement = parse_statements(TEXT, origin="test").find_thing
    assert statement.parameters == ("id", "name")
    assert "id = $1 AND name = $2 OR $1 > 0" in statement.text
    assert "':not_me'" in statement.text
    assert ":nor_me" in statement.text
    assert "id::text" in statement.text
    assert statement.is_hot
    assert statement.purpose == "Look a thing up."


def test_statements_are_listed_in_order() -> None:
    assert [s.name for s in parse_statements(TEXT, origin="test")] == ["find_thing", "count_things"]
    assert not parse_statements(TEXT, origin="test").count_things.text.endswith(";")


@pytest.mark.parametrize(
    "text",
    [
        "-- name: a\nSELECT 1\n",
        "-- name: a\n-- Purpose.\n",
        "-- name: a\n-- P.\nSELECT 1\n-- name: a\n-- P.\nSELECT 2\n",
    ],
)
def test_a_malformed_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a"):
        parse_statements(text, origin="test")


def test_missing_and_unknown_arguments_are_defects() -> None:
    statement = parse_statements(TEXT, origin="test").find_thing
    with pytest.raises(TypeError, match=r"missing \['name'\], unknown \['nmae'\]"):
        statement.arguments({"id": 1, "nmae": 2})
    with pytest.raises(AttributeError, match="no statement find_thin"):
        _ = parse_statements(TEXT, origin="test").find_thin

from __future__ import annotations

import pytest

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits import DrainingN, NFiles, SplitType, Whole, parse_split_type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Whole()),
        ("None", Whole()),
        ("nfiles(50)", NFiles(50)),
        (" nfiles ( 50 ) ", NFiles(50)),
        ("nfiles_50", NFiles(50)),
        ("drainingn(7)", DrainingN(7)),
        ("drainingn(n=7)", DrainingN(7)),
    ],
)
def test_split_types_are_read_with_blanks_and_old_spellings(text: str, expected: SplitType) -> None:
    assert parse_split_type(text) == expected


@pytest.mark.parametrize("text", ["nfiles", "nfiles()", "nfiles(0)", "nfiles(-1)", "nfiles(x)", "nfile(3)", "nfiles(3"])
def test_a_split_type_that_cannot_be_read_says_what_there_is(text: str) -> None:
    with pytest.raises(SplitTypeError):
        parse_split_type(text)


@pytest.mark.parametrize("split", [Whole(), NFiles(3), DrainingN(4)])
def test_a_split_type_reads_back_what_it_prints(split: SplitType) -> None:
    assert parse_split_type(str(split)) == split
    assert split.help

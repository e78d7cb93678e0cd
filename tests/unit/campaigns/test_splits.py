"""Texts of split types: what is read, what is refused, and what is printed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits import (
    BUILT_IN,
    ByEvents,
    ByExistingRuns,
    ByRun,
    BySize,
    ByTime,
    Draining,
    DrainingN,
    LimitN,
    Listed,
    Mod,
    MultiParam,
    New,
    NFiles,
    SplitType,
    StagedFiles,
    Whole,
    parse_split_type,
)

HOUR = timedelta(hours=1)
SUMMER = datetime(2017, 6, 20, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Whole()),
        ("  ", Whole()),
        ("None", Whole()),
        ("nfiles(50)", NFiles(50)),
        (" nfiles ( 50 ) ", NFiles(50)),
        ("nfiles\n(\tn = 50 )", NFiles(50)),
        ("nfiles_50", NFiles(50)),
        ("drainingn(7)", DrainingN(7)),
        ("drainingn(n=7)", DrainingN(7)),
        ("drainingn_7", DrainingN(7)),
        ("limitn(3)", LimitN(3)),
        ("draining", Draining()),
        ("draining()", Draining()),
        ("list", Listed()),
        ("mod(4)", Mod(4)),
        ("mod(1000000)", Mod(1_000_000)),
        ("multiparam", MultiParam()),
        ("stagedfiles(9)", StagedFiles(9)),
        ("byexistingruns", ByExistingRuns()),
        ("byrun", ByRun(1, 999_999)),
        ("byrun(3)", ByRun(3)),
        ("byrun( low = 1 , high = 4 )", ByRun(1, 4)),
        ("byrun(1, high=4)", ByRun(1, 4)),
        ("byrun(high=4)", ByRun(1, 4)),
        ("byrun(low=, high=4)", ByRun(1, 4)),
        ("byrun(0, 0)", ByRun(0, 0)),
        ("new", New()),
        ("new(6h)", New(window=6 * HOUR)),
        ("new_6h", New(window=6 * HOUR)),
        ("new_local", New(localtime=True)),
        ("new_local(window=6h)", New(window=6 * HOUR, localtime=True)),
        ("new_local(localtime=no)", New()),
        ("new(window=1w, round=1s, fts=30m, firsttime=, lasttime=now, localtime=0)", New()),
        ("new(window=90, round=1m, fts=0s)", New(timedelta(seconds=90), timedelta(minutes=1), timedelta())),
        ("new(firsttime=1497934800)", New(firsttime=SUMMER)),
        ("new(firsttime=2017-06-20T05:00:00Z)", New(firsttime=SUMMER)),
        ("new(firsttime=2017-06-20 05:00)", New(firsttime=SUMMER)),
        ("new(firsttime= 2017-06-20 T 07:00:00 +02:00 )", New(firsttime=SUMMER)),
        ("new(lasttime=2017-06-20)", New(lasttime=datetime(2017, 6, 20, tzinfo=UTC))),
        ("new(firsttime=0)", New(firsttime=datetime(1970, 1, 1, tzinfo=UTC))),
        ("bysize(10GB)", BySize(10 * 1000**3)),
        ("bysize( 10 gb )", BySize(10 * 1000**3)),
        ("bysize(1.5kB)", BySize(1500)),
        ("bysize(2KiB)", BySize(2048)),
        ("bysize(1PiB)", BySize(1024**5)),
        ("bysize(7B)", BySize(7)),
        ("bysize(9223372036854775807B)", BySize(2**63 - 1)),
        ("byevents(100000)", ByEvents(100_000)),
        ("bytime(8h)", ByTime(8 * HOUR)),
        ("bytime(8 h, first=3)", ByTime(8 * HOUR, 3)),
    ],
)
def test_split_types_are_read_with_white_space_names_and_old_spellings(text: str, expected: SplitType) -> None:
    assert parse_split_type(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nfile(3)", "There is no split type 'nfile'. There are None, nfiles, drainingn, "),
        ("none", "There is no split type 'none'."),
        ("_3", "'_3' is not a split type."),
        ("nfiles(3", "is not a split type. One is written as name, name(value) or name(key=value, …)."),
        ("nfiles(3) x", "is not a split type."),
        ("nfiles((3))", "is not a split type."),
        ("n files(3)", "is not a split type."),
        ("nfiles_3(4)", "There is no split type 'nfiles_3'."),
        ("nfiles_", "There is no split type 'nfiles_'."),
        ("nfiles", "nfiles needs n: At most how many files a slice has. It takes a whole number of at least 1."),
        ("nfiles()", "nfiles needs n: "),
        ("nfiles(0)", "nfiles: n takes a whole number of at least 1, not '0'."),
        ("nfiles(-1)", "not '-1'."),
        ("nfiles(x)", "not 'x'."),
        ("nfiles(5 0)", "not '5 0'."),
        ("nfiles(٣)", "not '٣'."),
        ("nfiles(1000000000000000000000)", "nfiles: n takes a whole number"),
        ("nfiles(n=)", "not ''."),
        ("nfiles(3, 4)", "nfiles: '4' is not understood as an argument. It takes n, in this order or as name=value."),
        ("nfiles(3,)", "nfiles: '' is not understood"),
        ("nfiles(=3)", "nfiles: '=3' is not understood"),
        ("nfiles(m=3)", "nfiles: 'm=3' is not understood"),
        ("nfiles(3, n=3)", "nfiles: n is given twice."),
        ("byrun(3,)", "byrun: '' is not understood"),
        ("byrun(low=3, 4)", "byrun: '4' is not understood as an argument. It takes low, high, in this order"),
        ("byrun(low=3, high)", "byrun: 'high' is not understood"),
        ("draining(3)", "draining: '3' is not understood as an argument. It takes none."),
        ("mod(1000001)", "mod: there may be up to 1000000 parts, not 1000001."),
        ("byrun(5, 4)", "byrun: low is 5 and above high, which is 4."),
        ("byrun(low=a)", "byrun: low takes a whole number, not 'a'."),
        ("new(window=1y)", "new: window takes a time span such as 30m, 8h, 1d or 2w, not '1y'."),
        ("new(window=0h)", "not '0h'."),
        ("new(window=6000w)", "not '6000w'."),
        ("new(round=0)", "not '0'."),
        ("new(window=1h, round=1d)", "new: round is longer than window, so that nothing is left of a window."),
        ("new(firsttime=now)", "new: firsttime takes an instant such as 2026-03-01T12:00:00Z"),
        ("new(lasttime=then)", "new: lasttime takes now or an instant such as"),
        ("new(lasttime=2026-02-30)", "not '2026-02-30'."),
        ("new(lasttime=9999-12-31T23:00:00-05:00)", "new: lasttime takes"),
        ("new(lasttime=1969-12-31)", "new: lasttime takes"),
        ("new(lasttime=999999999999999999)", "new: lasttime takes"),
        ("new(firsttime=2026-03-02, lasttime=2026-03-02)", "new: firsttime is not before lasttime."),
        ("new(localtime=2)", "new: localtime takes 0 or 1, not '2'."),
        ("bysize(10)", "bysize: size takes an amount of data with its unit, such as 500MB, 10GB or 2TiB, not '10'."),
        ("bysize(10XB)", "not '10XB'."),
        ("bysize(0GB)", "not '0GB'."),
        ("bysize(1.5B)", "not '1.5B'."),
        ("bysize(10000PB)", "not '10000PB'."),
        ("bytime(8h, first=0)", "bytime: first takes a whole number of at least 1, not '0'."),
    ],
)
def test_a_split_type_that_cannot_be_read_says_what_there_is(text: str, sentence: str) -> None:
    with pytest.raises(SplitTypeError) as refused:
        parse_split_type(text)
    assert sentence in refused.value.sentence


@pytest.mark.parametrize(
    ("split", "text"),
    [
        (Whole(), "None"),
        (NFiles(3), "nfiles(3)"),
        (ByRun(), "byrun"),
        (ByRun(2, 9), "byrun(low=2, high=9)"),
        (New(), "new"),
        (New(timedelta(days=2), timedelta(hours=36), timedelta()), "new(window=2d, round=36h, fts=0s)"),
        (New(firsttime=SUMMER, localtime=True), "new(firsttime=2017-06-20T05:00:00Z, localtime=1)"),
        (BySize(10**10), "bysize(10GB)"),
        (BySize(1500), "bysize(1500B)"),
        (BySize(1024**2 * 3), "bysize(3MiB)"),
        (ByTime(timedelta(days=7)), "bytime(1w)"),
        (ByTime(timedelta(minutes=90), 3), "bytime(90m, first=3)"),
    ],
)
def test_a_split_type_prints_one_text_for_the_same_meaning(split: SplitType, text: str) -> None:
    assert str(split) == text
    assert parse_split_type(text) == split


@pytest.mark.row(79)
@pytest.mark.parametrize("kind", BUILT_IN.values(), ids=list(BUILT_IN))
def test_a_picker_finds_words_for_every_split_type_and_its_parameters(kind: type[SplitType]) -> None:
    assert kind.help.endswith(".")
    assert kind.base_help.endswith(".")
    assert isinstance(parse_split_type(kind.example), kind)
    for asked in kind.parameters():
        assert asked.help.endswith(".")
        assert asked.kind.name
        assert asked.kind.hint
        assert asked.default is None or asked.kind.write(asked.kind.read(asked.default)) == asked.default
    if kind.position_parameter is not None:
        assert kind.position_parameter.help.endswith(".")


@pytest.mark.row(79)
def test_a_picker_shows_the_defaults_of_parameters() -> None:
    shown = [(asked.name, asked.kind.name, asked.default) for asked in New.parameters()]
    assert shown == [
        ("window", "duration", "1w"),
        ("round", "duration", "1s"),
        ("fts", "duration", "30m"),
        ("firsttime", "instant", ""),
        ("lasttime", "instant", "now"),
        ("localtime", "switch", "0"),
    ]
    assert [(asked.name, asked.default) for asked in NFiles.parameters()] == [("n", None)]


def test_only_given_kinds_are_looked_at() -> None:
    assert parse_split_type("nfiles(2)", {"nfiles": NFiles}) == NFiles(2)
    with pytest.raises(SplitTypeError, match=r"There are nfiles\."):
        parse_split_type("drainingn(2)", {"nfiles": NFiles})

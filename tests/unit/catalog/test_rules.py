"""What names, checksums and metadata may be."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from sutler.base.did import Did
from sutler.catalog import rules
from sutler.catalog.model import KnownFile, NewFile

KNOWN = KnownFile(1, "fid1", "demo", "a", 1, 10, {"md5": "0" * 32})


def problems_of(file: NewFile) -> list[str]:
    return [f"{problem.where}: {problem.what}" for problem in rules.check_files([file])]


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


def test_made_fids_are_distinct_and_use_every_letter() -> None:
    fids = rules.make_fids(3000)
    assert len(set(fids)) == 3000
    assert all(re.fullmatch("[A-Za-z0-9]{16}", fid) for fid in fids)
    assert len(set("".join(fids))) == 62
    assert rules.make_fids(0) == []


def test_a_full_file_has_no_problems() -> None:
    checksums = {"adler32": "0" * 8, "md5": "f" * 32, "sha256": "a" * 64, "crc32c": "beef"}
    metadata: Mapping[str, object] = {
        "core.run": 1,
        "core.sub.x": [1.5, None, True, "µ", {"a": []}],
        "a.b": nested(60),
        "a.c": (1, 2),
    }
    assert problems_of(NewFile("demo", "a/b-c_d.root", 0, checksums, metadata, (Did("demo", "p"),), "fid.1")) == []


@pytest.mark.parametrize(
    ("checksums", "said"),
    [
        ({"adler32": "123"}, "demo:a: checksum adler32 must have 8 digits, not 3"),
        ({"md5": "0" * 31}, "demo:a: checksum md5 must have 32 digits, not 31"),
        ({"sha256": "0" * 65}, "demo:a: checksum sha256 must have 64 digits, not 65"),
        ({"adler32": "ABCDEF01"}, "demo:a: checksum adler32 must be lower-case hexadecimal, not 'ABCDEF01'"),
        ({"other": ""}, "demo:a: checksum other must be lower-case hexadecimal, not ''"),
        ({"a b": "00"}, "demo:a: checksum type 'a b' is not a word"),
    ],
)
def test_checksums_are_lower_case_hexadecimal_of_their_length(checksums: dict[str, str], said: str) -> None:
    assert problems_of(NewFile("demo", "a", 1, checksums)) == [said]


@pytest.mark.parametrize(
    "key", ["run", ".run", "core.", "core..x", "", ".", "core.a\x00", "core.a\n", "c." + "x" * 999]
)
def test_metadata_keys_have_a_category_and_a_name(key: str) -> None:
    (said,) = problems_of(NewFile("demo", "a", metadata={key: 1}))
    assert said.startswith("demo:a: metadata ")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "nan is not a number"),
        ([float("-inf")], "-inf is not a number"),
        (10**300, "too large"),
        ("a\x00", "cannot be stored"),
        ({"a": "\ud800"}, "cannot be stored"),
        ({"\x00": 1}, "cannot be stored"),
        ({1: 2}, "keys of an object must be texts"),
        ({"a": b"x"}, "type bytes is not JSON"),
        ([object()], "type object is not JSON"),
        (nested(64), "nested more than 64 deep"),
    ],
)
def test_metadata_values_are_json_that_can_be_stored(value: object, said: str) -> None:
    (problem,) = problems_of(NewFile("demo", "a", metadata={"core.x": value}))
    assert said in problem


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (NewFile("demo", "a b"), "files[0] name"),
        (NewFile("de:mo", "a"), "files[0] namespace"),
        (NewFile("demo", "x" * 1001), "is 1001 characters long"),
        (NewFile("demo", "a", fid="a b"), "demo:a fid"),
        (NewFile("demo", "a", fid=""), "demo:a fid"),
        (NewFile("demo", "a", -1), "a size of -1 bytes is not possible"),
        (NewFile("demo", "a", 2**63), "bytes is not possible"),
        (NewFile("demo", "a", parents=(Did("demo", "a"),)), "cannot be its own parent"),
        (NewFile("demo", "a", parents=(Did("demo", "p p"),)), "demo:a parent name"),
    ],
)
def test_names_sizes_and_parents_are_checked(file: NewFile, said: str) -> None:
    (problem,) = problems_of(file)
    assert said in problem


def test_names_and_fids_given_twice_are_told_once() -> None:
    files = [NewFile("demo", "a"), NewFile("demo", "a"), NewFile("demo", "a"), NewFile("demo", "b", fid="f")]
    problems = rules.check_files([*files, NewFile("demo", "c", fid="f")])
    assert [(problem.where, problem.what) for problem in problems] == [
        ("demo:a", "is given twice"),
        ("f", "is given as fid twice"),
    ]


@pytest.mark.parametrize(
    ("file", "difference"),
    [
        (NewFile("demo", "a", 10, {"md5": "0" * 32}, {"core.x": 1}), None),
        (NewFile("demo", "a", 10, {"md5": "0" * 32}, fid="fid1"), None),
        (NewFile("demo", "a", 10, {"md5": "0" * 32}, fid="fid2"), "is declared already with the fid fid1"),
        (NewFile("demo", "a", 11, {"md5": "0" * 32}), "is declared already with a size of 10, not 11 bytes"),
        (NewFile("demo", "a", 10), "is declared already with other checksums"),
    ],
)
def test_a_file_is_the_same_when_size_checksums_and_fid_agree(file: NewFile, difference: str | None) -> None:
    assert rules.find_difference(file, KNOWN) == difference

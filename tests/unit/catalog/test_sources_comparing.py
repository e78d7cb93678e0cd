"""Which file is which, and in which order files are declared."""

from __future__ import annotations

from dataclasses import replace

from sutler.base.did import Did
from sutler.catalog.model import NewFile
from sutler.catalog.sources.comparing import describe_difference, order_by_parents
from sutler.catalog.sources.port import SourceFile

WANTED = NewFile("prod", "a", 10, {"adler32": "0000ABCD"}, fid="own")
THERE = SourceFile("other", "prod", "a", 10, {"adler32": "0000abcd", "md5": "ff"})


def test_the_same_contents_are_the_same_file_whatever_the_fid() -> None:
    assert describe_difference(WANTED, THERE) is None


def test_the_same_fid_is_the_same_file_whatever_the_contents() -> None:
    assert describe_difference(WANTED, replace(THERE, fid="own", size_bytes=11, checksums={})) is None


def test_another_size_or_checksum_is_told_with_both_values() -> None:
    assert describe_difference(WANTED, replace(THERE, size_bytes=11)) == "its size is 11 there and 10 here."
    changed = replace(THERE, checksums={"adler32": "00000001"})
    assert describe_difference(WANTED, changed) == "its checksum adler32 is 00000001 there and 0000ABCD here."


def test_checksums_that_only_one_side_knows_say_nothing() -> None:
    assert describe_difference(WANTED, replace(THERE, checksums={"md5": "ff"})) is None


def test_parents_come_in_a_round_before_their_children() -> None:
    files = {
        3: NewFile("prod", "grandchild", 1, parent_fids=("fid-child",)),
        5: NewFile("prod", "child", 1, parents=(Did("prod", "parent"),), fid="fid-child"),
        7: NewFile("prod", "parent", 1, parents=(Did("elsewhere", "x"),)),
        9: NewFile("prod", "alone", 1),
    }
    assert order_by_parents(files, [3, 5, 7, 9]) == [[7, 9], [5], [3]]


def test_files_that_are_each_others_parents_are_left_to_the_server() -> None:
    files = {
        0: NewFile("prod", "a", 1, parents=(Did("prod", "b"),)),
        1: NewFile("prod", "b", 1, parents=(Did("prod", "a"),)),
        2: NewFile("prod", "own", 1, parents=(Did("prod", "own"),)),
    }
    assert order_by_parents(files, [0, 1, 2]) == [[2], [0, 1]]


def test_nothing_is_no_round() -> None:
    assert order_by_parents({}, []) == []

"""Which files filters leave, and in which order."""

from __future__ import annotations

import itertools
import zlib

import pytest

from sutler.catalog.mql import Candidate, Filtered, parse, read_filter

FILES = [Candidate(number, f"f{number:03}") for number in range(1, 101)]


def left(text: str, *inputs: list[Candidate]) -> list[int]:
    node = parse(text)
    assert isinstance(node, Filtered)
    return [file.id for file in read_filter(node).apply(inputs)]


@pytest.mark.parametrize(
    ("fraction", "numbers"),
    [
        ("0.5", list(range(2, 101, 2))),
        ("0.1", list(range(10, 101, 10))),
        ("0.29", [4, 7, 11, 14, 18, 21, 25, 28, 32, 35]),
        ("1", list(range(1, 101))),
        ("0", []),
    ],
)
def test_a_sample_takes_a_file_each_time_the_sum_is_full(fraction: str, numbers: list[int]) -> None:
    assert left(f"filter sample({fraction})(files)", FILES)[: len(numbers) or None] == numbers


def test_a_sample_is_as_large_as_it_says_whatever_binary_fractions_do() -> None:
    for hundredths in range(101):
        assert len(left(f"filter sample({hundredths / 100})(files)", FILES)) == hundredths


def test_a_stride_takes_every_nth_file_from_the_ith_on() -> None:
    assert left("filter stride(30)(files)", FILES) == [1, 31, 61, 91]
    assert left("filter stride(n=30, i=29)(files)", FILES) == [30, 60, 90]
    assert left("filter stride(200, 150)(files)", FILES) == []


def test_the_parts_of_a_hash_have_nothing_in_common_and_are_all() -> None:
    parts = [left(f"filter hash(3, {index})(files)", FILES) for index in range(3)]
    assert sorted(itertools.chain(*parts)) == [file.id for file in FILES]
    assert parts[1] == [file.id for file in FILES if zlib.adler32(file.fid.encode()) % 3 == 1]
    assert left("filter hash(3, 1)(files)", FILES[50:]) == [number for number in parts[1] if number > 50]


def test_a_mix_takes_turns_by_its_ratios_and_ends_when_a_set_is_used_up() -> None:
    first, second = FILES[:4], FILES[50:]
    assert left("filter mix(1, 2)(files, files)", first, second) == [51, 1, 52, 53, 2, 54, 55, 3, 56, 57, 4, 58, 59]
    assert left("filter mix(1, 1)(files, files)", first, first) == [1, 2, 3, 4]
    assert left("filter mix(1)(files)", first) == [1, 2, 3, 4]
    assert left("filter mix(1, 1)(files, files)", [], second) == []


def test_a_file_in_two_sets_comes_once_in_a_mix() -> None:
    found = left("filter mix(2, 1)(files, files)", FILES[:20], FILES[10:30])
    assert len(found) == len(set(found))


def test_a_shuffle_stays_in_its_windows_and_is_the_same_each_time() -> None:
    found = left("filter randomize(seed=3, window=10)(files)", FILES)
    assert found == left("filter randomize(3, 10)(files)", FILES)
    assert found != left("filter randomize(seed=4, window=10)(files)", FILES)
    assert found != [file.id for file in FILES]
    for start in range(0, 100, 10):
        assert sorted(found[start : start + 10]) == list(range(start + 1, start + 11))


def test_the_order_of_a_shuffle_is_the_same_in_every_version() -> None:
    assert left("filter randomize(seed=1)(files)", FILES[:8]) == ORDER_OF_SEED_ONE


ORDER_OF_SEED_ONE = [2, 1, 4, 7, 8, 3, 6, 5]

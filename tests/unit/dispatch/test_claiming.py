"""Where searches go on, and how much a worker has time for."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from sutler.dispatch.model import Claimed, Lease, NothingReady, Pace, Pool, Reply, Wish
from sutler.dispatch.operations.claiming import Marks
from sutler.dispatch.operations.pace import fit_wish

TEN_MINUTES = timedelta(minutes=10)


def claimed(location_id: int | None, attempt: int, position: int) -> Claimed:
    lease = Lease(1, attempt, 1, position, 1, "test", "a", None, None, {}, None)
    return Claimed(1, location_id, (), lease)


def test_a_search_goes_on_where_the_last_one_ended() -> None:
    marks = Marks()
    assert marks.list_pools(None, [1, 2]) == [Pool(1), Pool(2)]
    marks.advance(None, [claimed(1, 1, 7), claimed(1, 1, 5), claimed(2, 2, 3), claimed(None, 9, 9)])
    assert marks.list_pools(None, [1, 2]) == [Pool(1, (0, 7)), Pool(2, (1, 3))]
    assert marks.list_pools(5, [1]) == [Pool(1)]
    assert marks.forget()
    assert not marks.forget()
    assert marks.list_pools(None, [1]) == [Pool(1)]


def test_an_empty_pool_is_left_out_until_something_comes_back() -> None:
    marks = Marks()
    marks.advance(None, [claimed(1, 1, 7)])
    marks.close(None, [Pool(1)], since=marks.return_count)
    assert marks.list_pools(None, [1, 2]) == [Pool(2)]
    marks.reopen()
    assert marks.list_pools(None, [1]) == [Pool(1, (0, 7))]
    seen = marks.return_count
    marks.put_back(1)
    assert marks.list_pools(None, [1]) == [Pool(1, (0, 7))]
    # Whoever looked before that does not know of it.
    marks.close(None, [Pool(1)], since=seen)
    assert marks.list_pools(None, [1]) == [Pool(1, (0, 7))]


def test_a_handle_that_comes_back_before_a_mark_takes_it_away() -> None:
    marks = Marks()
    marks.advance(None, [claimed(1, 3, 7)])
    marks.put_back(3)
    assert marks.list_pools(None, [1]) == [Pool(1, (2, 7))]
    marks.put_back(2)
    assert marks.list_pools(None, [1]) == [Pool(1)]


@pytest.mark.parametrize(
    ("count", "left", "pace", "expected"),
    [
        (5, None, Pace(10, TEN_MINUTES), 5),
        (5, TEN_MINUTES, None, 5),
        (5, timedelta(0), Pace(0, None), 5),
        (5, timedelta(0), Pace(9, TEN_MINUTES), 5),
        (5, TEN_MINUTES, Pace(10, TEN_MINUTES), 1),
        (5, timedelta(minutes=39), Pace(200, TEN_MINUTES), 3),
        (2, timedelta(minutes=39), Pace(200, TEN_MINUTES), 2),
        (5, timedelta(minutes=39), Pace(200, timedelta(0)), 5),
    ],
)
def test_a_wish_is_cut_to_what_there_is_time_for(
    count: int, left: timedelta | None, pace: Pace | None, expected: int
) -> None:
    fitted = fit_wish(Wish("w1", uuid4(), count, time_left=left), pace)
    assert isinstance(fitted, Wish)
    assert fitted.count == expected


@pytest.mark.parametrize(
    ("left", "needed", "sentence"),
    [
        (
            timedelta(seconds=59),
            timedelta(seconds=100),
            (
                "A file takes up to 100 s (nine of ten of the last 20 did), and the worker has 59 s left: "
                "it could not finish one."
            ),
        ),
        (
            timedelta(minutes=90),
            timedelta(hours=3),
            (
                "A file takes up to 3 h 0 min (nine of ten of the last 20 did), and the worker has 90 min left: "
                "it could not finish one."
            ),
        ),
    ],
)
def test_too_little_time_for_one_file_is_told(left: timedelta, needed: timedelta, sentence: str) -> None:
    reply = fit_wish(Wish("w1", uuid4(), time_left=left), Pace(20, needed))
    assert reply == Reply((), NothingReady.NO_TIME, sentence)

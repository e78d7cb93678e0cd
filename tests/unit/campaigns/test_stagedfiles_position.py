"""Where a split by done files stands: behind the last one that it gave out."""

from __future__ import annotations

import pytest
from tests.conftest import NOON

from sutler.campaigns.splits import Cut, DoneFiles, Facts, StagedFiles


@pytest.mark.parametrize(("position", "after"), [({}, -1), ({"after": 7}, 7), ({"after": "7"}, -1)])
def test_stagedfiles_goes_on_behind_the_last_file(position: dict[str, object], after: int) -> None:
    slice_ = StagedFiles(5).cut("42", position, Facts(NOON))
    assert isinstance(slice_, Cut)
    assert slice_.source == DoneFiles(42, after)
    assert StagedFiles(5).describe_position(position) == "its ledger knows what was given out"

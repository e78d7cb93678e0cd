"""What is said of shares that gave files away, and of projects with nothing left for a new one."""

from __future__ import annotations

import pytest

from sutler.dispatch.model import Counts, ProjectState
from sutler.dispatch.model.projects import ShareStanding
from sutler.dispatch.rules import sentences


@pytest.mark.parametrize(
    ("state", "counts", "owned", "said"),
    [
        (
            ProjectState.ACTIVE,
            Counts(9, 3, 0, 2, 3, 1),
            3,
            "Of 9 files 3 are done, 1 failed, 2 are reserved, and 3 belong to work that goes on.",
        ),
        (
            ProjectState.CANCELLED,
            Counts(1, 1, 0, 0, 0, 0),
            1,
            (
                "The project was cancelled. Of 1 file 0 are done, 0 failed, 0 are reserved, "
                "and 1 belongs to work that goes on."
            ),
        ),
        (ProjectState.DONE, Counts(2, 0, 0, 0, 2, 0), 0, "All 2 files are done."),
    ],
)
def test_why_nothing_can_be_claimed_is_said_with_counts(
    state: ProjectState, counts: Counts, owned: int, said: str
) -> None:
    assert sentences.explain_nothing_to_claim(state, counts, owned) == f"There is no file to claim. {said}"


def test_a_share_does_not_wait_for_what_went_on_in_another_one() -> None:
    share = ShareStanding(1, 1, ProjectState.ACTIVE, Counts(5, 3, 0, 0, 2, 0), gone_initial_count=3)
    assert share.waiting_counts.is_final
    assert sentences.explain_end(share.waiting_counts, share.gone_initial_count) == (
        "Nothing is left to do here: 2 done, 0 failed. 3 files were taken over by another share."
    )
    assert sentences.explain_gone(1) == "1 file was taken over by another share."
    assert sentences.explain_gone(0) == ""

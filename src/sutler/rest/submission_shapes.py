"""Between what the rooms know of submissions and what the wire says of them."""

from __future__ import annotations

from sutler import campaigns
from sutler.rest.campaign_shapes import show_campaign
from sutler.rest.showing import show, show_all
from sutler.wire import dispatch as wire_dispatch
from sutler.wire import launch as wire_launch
from sutler.wire import submissions as wire


def show_submission(submission: campaigns.SubmissionSummary) -> wire.SubmissionSummary:
    """Make the shape of a submission as lists show it."""
    return show(wire.SubmissionSummary, submission, percent_completed=submission.counts.percent_completed)


def show_submission_view(view: campaigns.SubmissionView) -> wire.SubmissionView:
    """Make the shape of everything about a submission."""
    return show(
        wire.SubmissionView,
        view,
        submission=show_submission(view.submission),
        campaign=show_campaign(view.campaign),
        jobs=show_all(wire_launch.BatchJob, view.jobs),
        history=show_all(wire.HistoryEntry, view.history),
        followers=show_all(wire.Follower, view.followers),
        pictures=show_all(wire_dispatch.ProducedFile, view.pictures),
        undeclared=None if view.undeclared is None else show(wire.Undeclared, view.undeclared),
    )

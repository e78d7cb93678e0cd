"""The list of submissions of all campaigns, with its filters."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.base.errors import InvalidInputError, Problem, SutlerError
from sutler.campaigns import BatchStatus, Cause, SubmissionFilter, SubmissionStatus, SubmissionSummary
from sutler.database.listing import Page
from sutler.pages.addresses import check_id
from sutler.pages.door import Door
from sutler.pages.experiments import list_experiment_names
from sutler.pages.forms import read_text
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble

SUBMISSIONS_PER_PAGE = 50
CAUSES = {
    Cause.MANUAL: "By hand",
    Cause.DEPENDENCY: "On completion of another",
    Cause.RECOVERY: "As a recovery",
    Cause.RELAUNCH: "Launched again",
    Cause.SCHEDULE: "By a schedule",
}

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class SubmissionWish:
    """The filters of the list, as they stand in its address. `campaign_id` and `stage_id` come from links alone."""

    experiment: str = ""
    campaign: str = ""
    stage: str = ""
    campaign_id: str = ""
    stage_id: str = ""
    status: str = ""
    batch: str = ""
    cause: str = ""
    by: str = ""
    since: str = ""
    tests: str = ""

    @property
    def query(self) -> dict[str, str]:
        """What goes into the address."""
        return {name: text for name, text in asdict(self).items() if text}

    @property
    def numbers(self) -> tuple[tuple[str, str], ...]:
        """What the list keeps to, but no field of the form shows."""
        return tuple((name, text) for name, text in self.query.items() if name in ("campaign_id", "stage_id"))


@dataclass(frozen=True)
class SubmissionsPage:
    """Submissions with the filters that chose them. `trouble` says which filter cannot be read."""

    submissions: Page[SubmissionSummary]
    wish: SubmissionWish
    is_first: bool
    experiments: tuple[str, ...]
    trouble: Trouble | None = None
    statuses: tuple[str, ...] = tuple(SubmissionStatus)
    batch_statuses: tuple[str, ...] = tuple(BatchStatus)
    causes: tuple[tuple[str, str], ...] = tuple((cause.value, words) for cause, words in CAUSES.items())


class SubmissionSearchPages:
    """Submissions of all campaigns: looking for some."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def search(  # noqa: PLR0917 - one for each filter
        self,
        request: Request,
        experiment: str = "",
        campaign: str = "",
        stage: str = "",
        campaign_id: str = "",
        stage_id: str = "",
        status: str = "",
        batch: str = "",
        cause: str = "",
        by: str = "",
        since: str = "",
        tests: str = "",
        after: str | None = None,
    ) -> Response:
        """The submissions of one's experiments, newest first. A name without `*` is found anywhere in a name."""
        visit = await self._door.admit(request)
        wish = SubmissionWish(
            experiment, campaign, stage, campaign_id, stage_id, status, batch, cause, by, since, tests
        )
        wish = replace(wish, **{name: text.strip() for name, text in asdict(wish).items()})
        found: Page[SubmissionSummary] = Page((), None)
        trouble = None
        try:
            found = await campaigns.search_submissions(
                self._db,
                visit.who,
                experiment=wish.experiment or None,
                wanted=_read_filter(wish),
                after=after,
                limit=SUBMISSIONS_PER_PAGE,
            )
        except SHOWN as error:
            trouble = replace(describe_trouble(error), sentence=_explain(error))
        names = tuple(sorted((await list_experiment_names(self._db, visit)).values()))
        page = SubmissionsPage(found, wish, after is None, names, trouble)
        return self._door.show(request, "submissions.html", page, visit=visit, status=choose_status(trouble))


def _explain(error: SutlerError) -> str:
    """Nothing was to be changed: it was only looked for something."""
    return "These filters cannot be used:" if isinstance(error, InvalidInputError) else error.sentence


def _read_filter(wish: SubmissionWish) -> SubmissionFilter:
    return SubmissionFilter(
        campaign_id=check_id("campaign", wish.campaign_id) if wish.campaign_id else None,
        stage_id=check_id("stage", wish.stage_id) if wish.stage_id else None,
        campaign=_read_pattern("campaign", wish.campaign),
        stage=_read_pattern("stage", wish.stage),
        status=_read_word("status", wish.status, SubmissionStatus),
        batch_status=_read_word("batch", wish.batch, BatchStatus),
        cause=_read_word("cause", wish.cause, Cause),
        launched_by=read_text("by", wish.by) or None,
        since=_read_day("since", wish.since),
        is_test=None if not wish.tests else wish.tests == "only",
    )


def _read_pattern(where: str, text: str) -> str | None:
    name = read_text(where, text)
    if not name:
        return None
    return name if "*" in name else f"*{name}*"


def _read_word(where: str, text: str, words: type[Word]) -> Word | None:
    if text and text not in set(words):
        raise InvalidInputError([Problem(where, f"{text[:40]!r} is not one of {', '.join(words)}")])
    return words(text) if text else None


def _read_day(where: str, text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None
    except ValueError:
        raise InvalidInputError([Problem(where, f"{text[:40]!r} is no day: write it like 2026-03-31")]) from None

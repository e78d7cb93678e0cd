"""Changing what becomes of a submission: approving, completing, launching again, recovering, and comparing two."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.auth import Action, Principal, Role, Thing
from sutler.base.errors import ConflictError, InvalidInputError, NotPermittedError, Problem
from sutler.campaigns import (
    BatchStatus,
    Launched,
    PlannedChange,
    RecoveryPreview,
    RecoveryType,
    SubmissionSummary,
    SubmissionView,
)
from sutler.pages.addresses import check_id
from sutler.pages.campaign_changes import read_key
from sutler.pages.door import Door
from sutler.pages.forms import read_text
from sutler.pages.questions import Asked, Crumb, Question
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import Rows, Typed, pad_rows, read_typed

LONGEST_REASON = 500


@dataclass(frozen=True)
class Verb:
    """Something that can be done with a submission after a question; `name` is the last word of its address."""

    name: str
    label: str
    title: str
    sentence: str
    button: str
    is_dangerous: bool = False
    asks_reason: bool = True


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "approve", "Approve…", "Approve submission {id}?", "What came in goes on to the next stages.", "Approve it"
        ),
        Verb(
            "unapprove",
            "Refuse…",
            "Refuse submission {id}?",
            "It is marked Removed, and nothing follows from it. This cannot be undone.",
            "Refuse it",
            is_dangerous=True,
        ),
        Verb(
            "complete",
            "Kick to Completed…",
            "Call submission {id} Completed?",
            "Jobs that still run are stopped. What follows goes on with what is done, however little that is.",
            "Complete it",
        ),
        Verb(
            "locate",
            "Kick to Located…",
            "Call submission {id} Located?",
            "Nobody waits for its outputs any more, and what follows goes on.",
            "Call it Located",
        ),
        Verb(
            "retry",
            "Retry the launch…",
            "Hand the launch of submission {id} over once more?",
            "The same files, command and set-up are given to the back-end again.",
            "Retry the launch",
            asks_reason=False,
        ),
        Verb(
            "relaunch",
            "Launch again…",
            "Launch submission {id} again?",
            "A new submission of the stage takes the same files. The split of the stage does not move.",
            "Launch it again",
            asks_reason=False,
        ),
    )
}


@dataclass(frozen=True)
class RecoveryPage:
    """The kinds of recovery of a submission with how many files each would take now."""

    submission_view: SubmissionView
    previews: tuple[RecoveryPreview, ...]
    rows: Rows
    launch_key: str
    may_change: bool
    trouble: Trouble | None = None


@dataclass(frozen=True)
class ComparePage:
    """What is different about the second of two submissions. `other` is what stands in the field."""

    submission_view: SubmissionView
    other: str
    changes: tuple[PlannedChange, ...] | None
    trouble: Trouble | None = None


class SubmissionChanges:
    """Submissions: changing what becomes of them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def ask(self, request: Request, submission_id: int) -> Response:
        """Ask before something is done, which the address names. Raises NotPermittedError, ConflictError."""
        visit = await self._door.admit(request)
        view = await self._view(visit, submission_id)
        verb = VERBS[request.url.path.rpartition("/")[2]]
        if why_not := explain_no_change(visit.who, view):
            raise NotPermittedError(why_not)
        if verb not in list_verbs(view):
            raise ConflictError(
                f"Submission {submission_id} is {view.submission.batch_status}: {verb.name} is not for it."
            )
        return self._ask(request, visit, view.submission, verb)

    async def act(self, request: Request, submission_id: int) -> Response:
        """Do what the address names, and go to the submission, or to the one that was launched."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        verb = VERBS[request.url.path.rpartition("/")[2]]
        number = check_id("submission", submission_id)
        try:
            led_to = await self._act(visit, verb.name, number, typed)
        except SHOWN as error:
            view = await self._view(visit, submission_id)
            return self._ask(request, visit, view.submission, verb, describe_trouble(error))
        return self._door.send_to(request, f"/submissions/{led_to}")

    async def show_recoveries(self, request: Request, submission_id: int) -> Response:
        """What recoveries there are and how many files each would take."""
        visit = await self._door.admit(request)
        return await self._show_recoveries(request, visit, submission_id, Typed())

    async def recover(self, request: Request, submission_id: int) -> Response:
        """Launch a recovery, and go to it; or say why there is nothing to recover."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            kind = typed.text("recovery_type")
            if kind not in set(RecoveryType):
                raise InvalidInputError([Problem("recovery_type", f"is not one of {', '.join(RecoveryType)}")])
            outcome = await campaigns.recover_submission(
                self._db,
                self._door.services.launcher,
                visit.who,
                submission_id=check_id("submission", submission_id),
                recovery_type=RecoveryType(kind),
                key=read_key(typed),
                parameter_overrides=typed.pairs("override"),
            )
        except SHOWN as error:
            return await self._show_recoveries(request, visit, submission_id, typed, describe_trouble(error))
        path = f"/submissions/{outcome.submission_id}" if isinstance(outcome, Launched) else "/queue"
        return self._door.send_to(request, path)

    async def compare(self, request: Request, submission_id: int, other: str = "") -> Response:
        """What is different about another submission: everything that was frozen at both launches."""
        visit = await self._door.admit(request)
        view = await self._view(visit, submission_id)
        changes, trouble = None, None
        try:
            if other.strip():
                changes = await campaigns.compare_submissions(
                    self._db,
                    visit.who,
                    submission_id=view.submission.id,
                    other_id=check_id("submission", other.strip()),
                )
        except SHOWN as error:
            trouble = describe_trouble(error)
        page = ComparePage(view, other.strip(), changes, trouble)
        return self._door.show(request, "compare.html", page, visit=visit, status=choose_status(trouble))

    async def _act(self, visit: Visit, verb: str, number: int, typed: Typed) -> int:
        reason = read_text("reason", typed.text("reason"), longest=LONGEST_REASON)
        launcher = self._door.services.launcher
        db, who = self._db, visit.who
        if verb == "approve":
            await campaigns.approve_submission(db, who, submission_id=number, reason=reason)
        elif verb == "unapprove":
            await campaigns.unapprove_submission(db, who, submission_id=number, reason=reason)
        elif verb == "complete":
            await campaigns.complete_submission(db, launcher.backends, who, submission_id=number, reason=reason)
        elif verb == "locate":
            await campaigns.locate_submission(db, who, submission_id=number, reason=reason)
        elif verb == "retry":
            await campaigns.retry_launch(db, launcher, who, submission_id=number)
        else:
            outcome = await campaigns.relaunch_submission(
                db,
                launcher,
                who,
                submission_id=number,
                key=read_key(typed),
                same_project=typed.has("same_project"),
            )
            return outcome.submission_id if isinstance(outcome, Launched) else number
        return number

    async def _view(self, visit: Visit, submission_id: int) -> SubmissionView:
        return await campaigns.view_submission(self._db, visit.who, submission_id=check_id("submission", submission_id))

    def _ask(
        self, request: Request, visit: Visit, submission: SubmissionSummary, verb: Verb, trouble: Trouble | None = None
    ) -> Response:
        asked: tuple[Asked, ...] = ()
        hidden: tuple[tuple[str, str], ...] = ()
        if verb.asks_reason:
            asked = (Asked("reason", "Reason", hint="goes into the history"),)
        if verb.name == "relaunch":
            hidden = (("key", str(uuid4())),)
            hint = "only the files that are neither done nor failed, where they are"
            asked = (Asked("same_project", "Go on in the same project", hint=hint, is_box=True),)
        question = Question(
            title=verb.title.format(id=submission.id),
            sentences=(verb.sentence,),
            action=f"/submissions/{submission.id}/{verb.name}",
            button=verb.button,
            back=f"/submissions/{submission.id}",
            crumbs=(
                Crumb("/", "Campaigns"),
                Crumb(f"/campaigns/{submission.campaign_id}", submission.campaign),
                Crumb(f"/stages/{submission.stage_id}", submission.stage),
                Crumb(f"/submissions/{submission.id}", f"Submission {submission.id}"),
            ),
            asked=asked,
            hidden=hidden,
            is_dangerous=verb.is_dangerous,
            trouble=trouble,
        )
        return self._door.show(request, "question.html", question, visit=visit, status=choose_status(trouble))

    async def _show_recoveries(
        self, request: Request, visit: Visit, submission_id: int, typed: Typed, trouble: Trouble | None = None
    ) -> Response:
        view = await self._view(visit, submission_id)
        previews = await campaigns.preview_recovery(self._db, visit.who, submission_id=view.submission.id)
        rows = pad_rows(typed.rows("override_key", "override_value"), 2)
        page = RecoveryPage(view, tuple(previews), rows, str(uuid4()), not explain_no_change(visit.who, view), trouble)
        return self._door.show(request, "recover.html", page, visit=visit, status=choose_status(trouble))


def explain_no_change(who: Principal, view: SubmissionView) -> str:
    """Return why somebody may not change what becomes of a submission; empty if they may."""
    is_own = view.submission.launched_by == who.username
    thing = Thing(
        "submission",
        view.campaign.experiment_id,
        owner_id=who.user_id if is_own else None,
        owner_role=Role(view.campaign.creator_role),
    )
    return explain_right(who, Action.LAUNCH, thing)


def list_verbs(view: SubmissionView) -> tuple[Verb, ...]:
    """Return what can be done with a submission as it stands; the operations ask once more."""
    return tuple(VERBS[name] for name in _list_names(view.submission))


def _list_names(one: SubmissionSummary) -> list[str]:
    word, is_over = one.batch_status, one.ended_at is not None
    if word is BatchStatus.AWAITING_APPROVAL and not is_over:
        return ["approve", "unapprove"]
    names = []
    if word is BatchStatus.LAUNCH_FAILED:
        names.append("retry")
    if is_over and word is not BatchStatus.LOCATED and not word.is_called_off:
        names.append("locate")
    if word is not BatchStatus.LOCATED and not (is_over and word is BatchStatus.COMPLETED):
        names.append("complete")
    names.append("relaunch")
    return names

"""Words that are kept: kinds of stages, statuses, causes, events."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

Parameters = tuple[tuple[str, str], ...]
"""Ordered pairs of a key, such as `--memory=`, and its value."""

DATA_HANDLERS: Final = ("data_dispatcher", "sam")
"""What may serve the files of a campaign; the first is what a campaign has that names none."""


class StageType(StrEnum):
    """What kind of step a stage is.

    A generator has no input files: its project holds numbered units. An approval stage runs nothing and waits for a
    person; what comes in goes on. A data transfer stage runs its command and passes on the files that came in. A test
    stage is a regular one that monitoring is told apart.
    """

    REGULAR = "regular"
    GENERATOR = "generator"
    TEST = "test"
    APPROVAL = "approval"
    DATATRANSFER = "datatransfer"

    @property
    def passes_inputs_on(self) -> bool:
        """Whether what comes in is what its dependants get."""
        return self in (StageType.APPROVAL, StageType.DATATRANSFER)


class SubmissionStatus(StrEnum):
    """The status people follow: of the files."""

    CREATED = "Created"
    COMPLETED = "Completed"
    COMPLETED_WITH_FAILURES = "Completed with failures"


class BatchStatus(StrEnum):
    """The status of the launch and its batch jobs, shown beside the other.

    `Completed` is also set when enough files are done, while the last jobs still run; `Located` once the outputs are
    there for whoever goes on with them.
    """

    NEW = "New"
    AWAITING_APPROVAL = "Awaiting Approval"
    APPROVED = "Approved"
    LAUNCH_FAILED = "LaunchFailed"
    IDLE = "Idle"
    RUNNING = "Running"
    HELD = "Held"
    FAILED = "Failed"
    COMPLETED = "Completed"
    LOCATED = "Located"
    CANCELLED = "Cancelled"
    REMOVED = "Removed"

    @property
    def is_called_off(self) -> bool:
        """Whether somebody ended it: nothing follows."""
        return self in (BatchStatus.CANCELLED, BatchStatus.REMOVED)


class Side(StrEnum):
    """Which of the two a word in a submission's history is about: its files, or its launch and batch jobs."""

    FILES = "files"
    JOBS = "jobs"


class Cause(StrEnum):
    """Why a submission was launched."""

    MANUAL = "manual"
    DEPENDENCY = "dependency"
    RECOVERY = "recovery"
    RELAUNCH = "relaunch"
    SCHEDULE = "schedule"


class SplitKind(StrEnum):
    """Which position of a split a launch moves."""

    PRODUCTION = "production"
    TEST = "test"


class CompletionType(StrEnum):
    """When a submission is ready for what follows: when it is complete, or when its outputs are there too."""

    COMPLETE = "complete"
    LOCATED = "located"


class RecoveryMode(StrEnum):
    """How far recoveries go by themselves: at most two, or until enough files are done."""

    STANDARD = "standard"
    AGGRESSIVE = "aggressive"


class Methodology(StrEnum):
    """Whether recoveries and relaunches get a project of their own, or work on in the one there is."""

    STANDARD = "standard"
    ONE_PROJECT = "one_project"


class RecoveryType(StrEnum):
    """Which files of a submission a recovery takes.

    `reprocess_orphans` are those done or failed that have no output; `added_files` those that the query of the stage
    finds now and the project does not hold. The others are of the old data handler: they are kept, so that campaigns
    come over whole, and passed by.
    """

    STATE_FAILED = "state_failed"
    STATE_NOT_DONE = "state_not_done"
    REPROCESS_ORPHANS = "reprocess_orphans"
    REPROCESS_ALL = "reprocess_all"
    ADDED_FILES = "added_files"
    CONSUMED_STATUS = "consumed_status"
    PROCESS_STATUS = "process_status"
    PENDING_FILES = "pending_files"
    DELIVERED_NOT_CONSUMED = "delivered_not_consumed"

    @property
    def is_of_old_handler(self) -> bool:
        """Whether only the old data handler knows such files."""
        return self in _OF_OLD_HANDLER


_OF_OLD_HANDLER = (
    RecoveryType.CONSUMED_STATUS,
    RecoveryType.PROCESS_STATUS,
    RecoveryType.PENDING_FILES,
    RecoveryType.DELIVERED_NOT_CONSUMED,
)


class IntentionKind(StrEnum):
    """What must follow: to see that outputs are there, to decide what comes next, a recovery, a dependant."""

    LOCATE = "locate"
    FOLLOW = "follow"
    RECOVERY = "recovery"
    DEPENDANT = "dependant"


class IntentionState(StrEnum):
    """What became of something that had to follow."""

    PENDING = "pending"
    DONE = "done"
    NOTHING_TO_DO = "nothing_to_do"
    REFUSED = "refused"


class HoldKind(StrEnum):
    """What a switch holds: launches, or recoveries and dependants that would be launched by themselves."""

    LAUNCHES = "launches"
    FOLLOWERS = "followers"


class QueueState(StrEnum):
    """What became of a launch that waited for a hold to end."""

    QUEUED = "queued"
    LAUNCHED = "launched"
    REFUSED = "refused"
    DELETED = "deleted"


class Overlap(StrEnum):
    """What a schedule does when it is due while a submission of the stage still runs."""

    SKIP = "skip"
    QUEUE = "queue"
    ALLOW = "allow"


class RunState(StrEnum):
    """What came of a time at which a schedule was due. `missed`: the server was away for too long."""

    DUE = "due"
    LAUNCHED = "launched"
    SKIPPED = "skipped"
    QUEUED = "queued"
    NOTHING = "nothing"
    REFUSED = "refused"
    MISSED = "missed"


class CampaignEvent(StrEnum):
    """What can happen in this room, with the facts of each event."""

    LOGIN_SETUP_SAVED = "campaigns.login_setup_saved"  # name
    LOGIN_SETUP_DELETED = "campaigns.login_setup_deleted"  # name
    JOB_TYPE_SAVED = "campaigns.job_type_saved"  # name
    JOB_TYPE_DELETED = "campaigns.job_type_deleted"  # name
    LAUNCH_HOSTS_SET = "campaigns.launch_hosts_set"  # role, patterns
    CAMPAIGN_SAVED = "campaigns.campaign_saved"  # name
    CAMPAIGN_CHANGED = "campaigns.campaign_changed"  # name, changes
    CAMPAIGN_DELETED = "campaigns.campaign_deleted"  # name
    CAMPAIGN_TAGGED = "campaigns.campaign_tagged"  # added, removed
    STAGE_SAVED = "campaigns.stage_saved"  # name
    STAGE_CHANGED = "campaigns.stage_changed"  # name, changes
    STAGE_REMOVED = "campaigns.stage_removed"  # name
    DEPENDENCY_SAVED = "campaigns.dependency_saved"  # upstream, downstream, file_pattern
    STAGE_HELD = "campaigns.stage_held"  # name
    STAGE_RELEASED = "campaigns.stage_released"  # name
    SWITCH_SET = "campaigns.switch_set"  # kind, is_held, reason
    SPLIT_RESET = "campaigns.split_reset"  # kind, epoch
    SPLIT_MOVED = "campaigns.split_moved"  # kind, position
    LAUNCH_QUEUED = "campaigns.launch_queued"  # key, reason
    LAUNCH_UNQUEUED = "campaigns.launch_unqueued"  # key, state, outcome
    SCHEDULE_SAVED = "campaigns.schedule_saved"  # cron, time_zone, overlap
    SCHEDULE_ENDED = "campaigns.schedule_ended"  # reason
    SCHEDULE_RUN = "campaigns.schedule_run"  # due_at, state, reason, submission
    SUBMISSION_CREATED = "campaigns.submission_created"  # stage, files, cause
    SUBMISSION_CHANGED = "campaigns.submission_changed"  # status, batch_status, reason
    SUBMISSION_COMPLETED = "campaigns.submission_completed"  # status
    FOLLOW_DECIDED = "campaigns.follow_decided"  # recovery, dependants, reason
    RECOVERY_SETTLED = "campaigns.recovery_settled"  # key, state, reason, submission
    DEPENDANT_SETTLED = "campaigns.dependant_settled"  # key, state, reason, submission

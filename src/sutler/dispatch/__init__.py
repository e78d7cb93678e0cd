"""Who processes which file now.

Owns projects, the shares of them that belong to submissions, handles, leases and attempts. A handle is `initial`,
`reserved`, `done` or `failed`; an initial one is ready, waits for a usable replica, or pauses after a failure. A
project is `active` until its last handle is done or failed, and ends as `done` or `failed`; it may be `cancelled` or
`abandoned` before.

Workers `reserve_next`, `renew` and `report`; the attempt id of a lease is its fencing token. Loops take back what
went silent (`release_overdue`, `release_jobs`), make ready what has paused (`wake_handles`), follow copies that come
and go (`relocate_handles`) and storage elements that are up again (`locate_handles`), and abandon what is idle
(`abandon_idle`). People create, copy, alter, read, cancel, activate and delete projects and put handles back with
`restart_handles`; `release_handle` is for clients that know no attempt ids. The room above joins with the operations
in `…_in`. Doors write down in the `RefusalBook` whom they refused.
Whoever follows `project/ID` or `share/ID` wakes at every change; `share_finished` and `project_ended` come once.
"""

from sutler.dispatch.errors import (
    AttemptNotFoundError,
    EmptyProjectError,
    HandleNotFoundError,
    HandleNotReservedError,
    HandlesInUseError,
    InvalidChoiceError,
    InvalidProjectError,
    InvalidReportError,
    InvalidWishError,
    NothingToClaimError,
    ProjectFinalError,
    ProjectNotFoundError,
    RequestTakenError,
    ShareNotFoundError,
    WrongWorkerError,
)
from sutler.dispatch.lane import Lane
from sutler.dispatch.model import (
    KEEP,
    Answer,
    Attempt,
    Counts,
    CreatedProject,
    CreatedShare,
    DispatchEvent,
    FileUse,
    FileUses,
    Handle,
    HandleState,
    HandleView,
    Keep,
    Lease,
    NewHandle,
    NewProject,
    NewRefusal,
    NothingReady,
    Order,
    Outcome,
    Output,
    PlacedHandle,
    ProducedFile,
    Project,
    ProjectState,
    RecentRefusals,
    Refusal,
    Renewal,
    ReplicaAt,
    Reply,
    Report,
    ShareFile,
    Throughput,
    Wish,
)
from sutler.dispatch.operations.access import permit_processing_in
from sutler.dispatch.operations.altering import alter_project
from sutler.dispatch.operations.copying import copy_project
from sutler.dispatch.operations.creating import (
    LARGEST_PROJECT,
    create_project,
    create_project_in,
    create_streamed_project,
)
from sutler.dispatch.operations.finishing import finish_share_in
from sutler.dispatch.operations.giving_back import release_handle
from sutler.dispatch.operations.handles import (
    get_handle,
    list_handles,
    list_handles_in,
    restart_handles,
)
from sutler.dispatch.operations.leases import renew, reserve_next
from sutler.dispatch.operations.lifecycle import abandon_idle, activate_project, delete_project
from sutler.dispatch.operations.locating import UnlocatedWalk, locate_handles, relocate_handles
from sutler.dispatch.operations.projects import (
    cancel_project,
    cancel_project_in,
    get_project,
    list_project_history,
    list_projects,
    set_project_attributes_in,
)
from sutler.dispatch.operations.refusals import list_refusals, note_refusals
from sutler.dispatch.operations.releases import release_jobs, release_jobs_in, release_overdue
from sutler.dispatch.operations.reports import report
from sutler.dispatch.operations.resting import wake_handles
from sutler.dispatch.operations.searching import search_projects
from sutler.dispatch.operations.share_files import get_merged_counts_in, list_done_files_in, list_share_files_in
from sutler.dispatch.operations.shares import (
    close_share_in,
    explain_share_in,
    get_share_counts_in,
    get_share_open_count_in,
    list_outputs_in,
    list_pictures_in,
    list_produced_in,
    reopen_share_in,
)
from sutler.dispatch.operations.sharing import claim_share_in, move_to_share_in
from sutler.dispatch.operations.streaming import stream_handles
from sutler.dispatch.operations.throughput import list_throughput, look_through_handles
from sutler.dispatch.operations.uses import list_uses_of_file
from sutler.dispatch.operations.waiting import explain_project
from sutler.dispatch.refusal_book import RefusalBook
from sutler.dispatch.search import SearchError, SearchMeaningError, SearchSyntaxError, UnreadableSearchError
from sutler.dispatch.services import WorkerServices

__all__ = [
    "KEEP",
    "LARGEST_PROJECT",
    "Answer",
    "Attempt",
    "AttemptNotFoundError",
    "Counts",
    "CreatedProject",
    "CreatedShare",
    "DispatchEvent",
    "EmptyProjectError",
    "FileUse",
    "FileUses",
    "Handle",
    "HandleNotFoundError",
    "HandleNotReservedError",
    "HandleState",
    "HandleView",
    "HandlesInUseError",
    "InvalidChoiceError",
    "InvalidProjectError",
    "InvalidReportError",
    "InvalidWishError",
    "Keep",
    "Lane",
    "Lease",
    "NewHandle",
    "NewProject",
    "NewRefusal",
    "NothingReady",
    "NothingToClaimError",
    "Order",
    "Outcome",
    "Output",
    "PlacedHandle",
    "ProducedFile",
    "Project",
    "ProjectFinalError",
    "ProjectNotFoundError",
    "ProjectState",
    "RecentRefusals",
    "Refusal",
    "RefusalBook",
    "Renewal",
    "ReplicaAt",
    "Reply",
    "Report",
    "RequestTakenError",
    "SearchError",
    "SearchMeaningError",
    "SearchSyntaxError",
    "ShareFile",
    "ShareNotFoundError",
    "Throughput",
    "UnlocatedWalk",
    "UnreadableSearchError",
    "Wish",
    "WorkerServices",
    "WrongWorkerError",
    "abandon_idle",
    "activate_project",
    "alter_project",
    "cancel_project",
    "cancel_project_in",
    "claim_share_in",
    "close_share_in",
    "copy_project",
    "create_project",
    "create_project_in",
    "create_streamed_project",
    "delete_project",
    "explain_project",
    "explain_share_in",
    "finish_share_in",
    "get_handle",
    "get_merged_counts_in",
    "get_project",
    "get_share_counts_in",
    "get_share_open_count_in",
    "list_done_files_in",
    "list_handles",
    "list_handles_in",
    "list_outputs_in",
    "list_pictures_in",
    "list_produced_in",
    "list_project_history",
    "list_projects",
    "list_refusals",
    "list_share_files_in",
    "list_throughput",
    "list_uses_of_file",
    "locate_handles",
    "look_through_handles",
    "move_to_share_in",
    "note_refusals",
    "permit_processing_in",
    "release_handle",
    "release_jobs",
    "release_jobs_in",
    "release_overdue",
    "relocate_handles",
    "renew",
    "reopen_share_in",
    "report",
    "reserve_next",
    "restart_handles",
    "search_projects",
    "set_project_attributes_in",
    "stream_handles",
    "wake_handles",
]

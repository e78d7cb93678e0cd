"""Who processes which file now.

Owns projects, the shares of them that belong to submissions, handles, leases and attempts. A handle is `initial`,
`reserved`, `done` or `failed`; an initial one is either ready or waits for a usable replica. A project is `active`
until its last handle is done or failed, and ends as `done` or `failed`; it may be `cancelled` or `abandoned` before.

Workers `reserve_next`, `renew` and `report`; the attempt id of a lease is its fencing token. Loops take back what
went silent (`release_overdue`, `release_jobs`) and make ready what turned up (`locate_handles`). People create, read
and cancel projects and put handles back with `restart_handles`. The room above joins with the operations in `…_in`.
Whoever follows `project/ID` or `share/ID` wakes at every change; `share_finished` and `project_ended` come once.
"""

from sutler.dispatch.errors import (
    AttemptNotFoundError,
    EmptyProjectError,
    HandleNotFoundError,
    InvalidChoiceError,
    InvalidProjectError,
    InvalidReportError,
    InvalidWishError,
    ProjectNotFoundError,
    RequestTakenError,
    ShareNotFoundError,
)
from sutler.dispatch.model import (
    Answer,
    Attempt,
    Counts,
    CreatedProject,
    DispatchEvent,
    Handle,
    HandleState,
    HandleView,
    Lease,
    NewHandle,
    NewProject,
    NothingReady,
    Order,
    Outcome,
    Output,
    ProducedFile,
    Project,
    ProjectState,
    Renewal,
    ReplicaAt,
    Reply,
    Report,
    Wish,
)
from sutler.dispatch.operations.handles import (
    get_handle,
    list_handles,
    list_handles_in,
    locate_handles,
    restart_handles,
)
from sutler.dispatch.operations.leases import renew, reserve_next
from sutler.dispatch.operations.projects import (
    cancel_project,
    cancel_project_in,
    create_project,
    create_project_in,
    get_project,
    list_projects,
    set_project_attributes_in,
)
from sutler.dispatch.operations.releases import release_jobs, release_jobs_in, release_overdue
from sutler.dispatch.operations.reports import report
from sutler.dispatch.operations.shares import (
    explain_share_in,
    get_share_counts_in,
    list_outputs_in,
    list_pictures_in,
    list_produced_in,
)

__all__ = [
    "Answer",
    "Attempt",
    "AttemptNotFoundError",
    "Counts",
    "CreatedProject",
    "DispatchEvent",
    "EmptyProjectError",
    "Handle",
    "HandleNotFoundError",
    "HandleState",
    "HandleView",
    "InvalidChoiceError",
    "InvalidProjectError",
    "InvalidReportError",
    "InvalidWishError",
    "Lease",
    "NewHandle",
    "NewProject",
    "NothingReady",
    "Order",
    "Outcome",
    "Output",
    "ProducedFile",
    "Project",
    "ProjectNotFoundError",
    "ProjectState",
    "Renewal",
    "ReplicaAt",
    "Reply",
    "Report",
    "RequestTakenError",
    "ShareNotFoundError",
    "Wish",
    "cancel_project",
    "cancel_project_in",
    "create_project",
    "create_project_in",
    "explain_share_in",
    "get_handle",
    "get_project",
    "get_share_counts_in",
    "list_handles",
    "list_handles_in",
    "list_outputs_in",
    "list_pictures_in",
    "list_produced_in",
    "list_projects",
    "locate_handles",
    "release_jobs",
    "release_jobs_in",
    "release_overdue",
    "renew",
    "report",
    "reserve_next",
    "restart_handles",
    "set_project_attributes_in",
]

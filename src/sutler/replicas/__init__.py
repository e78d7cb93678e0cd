"""Where files are.

Owns storage elements (RSEs) and the replicas on them. A replica belongs to a DID, whether or not a catalogue knows
the file, and lies on one RSE of one experiment. It is usable while its RSE is enabled and available and the copy is
staged; upper rooms join with the view `replicas.usable`.

Storage elements: `create_rse`, `update_rse`, `list_rses`, `ensure_rse_in`.
Replicas: `add_replicas`, `list_replicas`, and `add_replicas_in`, `list_replicas_in` for those who asked already.
Whoever follows `rse/NAME` wakes when its replicas or its state change.
"""

from sutler.replicas.errors import InvalidReplicaError, RseExistsError, RseNotFoundError
from sutler.replicas.model import NewReplica, Replica, ReplicaEvent, Rse
from sutler.replicas.operations import (
    add_replicas,
    add_replicas_in,
    create_rse,
    ensure_rse_in,
    find_rse_in,
    list_replicas,
    list_replicas_in,
    list_rses,
    update_rse,
)

__all__ = [
    "InvalidReplicaError",
    "NewReplica",
    "Replica",
    "ReplicaEvent",
    "Rse",
    "RseExistsError",
    "RseNotFoundError",
    "add_replicas",
    "add_replicas_in",
    "create_rse",
    "ensure_rse_in",
    "find_rse_in",
    "list_replicas",
    "list_replicas_in",
    "list_rses",
    "update_rse",
]

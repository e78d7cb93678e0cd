"""Where files are.

Owns storage elements (RSEs) and the replicas on them. A replica belongs to a DID, whether or not a catalogue knows
the file, and lies on one RSE of one experiment. It is usable while its RSE is enabled and available and the copy is
staged; upper rooms join with the view `replicas.usable`.

Storage elements: `create_rse`, `update_rse`, `delete_rse`, `get_rse`, `count_replicas`, `list_rses`,
`list_usable_rse_ids_in`.
How far they are from where jobs run: `set_proximity`, `list_proximity`, and all of it at once:
`load_neighbourhood_in`.
Replicas: `add_replicas`, `list_replicas`, and `add_replicas_in`, `list_replicas_in` for those who asked already.
Files that have got or lost copies: `read_changes`, `forget_changes`; what they have is in `replicas.whereabouts`.
Rucio of an experiment: `check_rucio` says whether it can be used.
Whoever follows `rse/NAME` wakes when its replicas or its state change.
"""

from sutler.replicas.changes import forget_changes, read_changes
from sutler.replicas.errors import (
    InvalidProximityError,
    InvalidReplicaError,
    RseExistsError,
    RseInUseError,
    RseNotFoundError,
    RucioRefusedError,
    RucioUnreachableError,
)
from sutler.replicas.model import CopyChange, NewReplica, Proximity, Replica, ReplicaEvent, Rse
from sutler.replicas.neighbourhood import UNKNOWN_DISTANCE, Neighbourhood, load_neighbourhood_in
from sutler.replicas.operations import (
    MOST_COUNTED,
    add_replicas,
    add_replicas_in,
    count_replicas,
    create_rse,
    delete_rse,
    find_rse_in,
    get_rse,
    list_proximity,
    list_replicas,
    list_replicas_in,
    list_rses,
    list_usable_rse_ids_in,
    set_proximity,
    update_rse,
)
from sutler.replicas.rucio_check import check_rucio

__all__ = [
    "MOST_COUNTED",
    "UNKNOWN_DISTANCE",
    "CopyChange",
    "InvalidProximityError",
    "InvalidReplicaError",
    "Neighbourhood",
    "NewReplica",
    "Proximity",
    "Replica",
    "ReplicaEvent",
    "Rse",
    "RseExistsError",
    "RseInUseError",
    "RseNotFoundError",
    "RucioRefusedError",
    "RucioUnreachableError",
    "add_replicas",
    "add_replicas_in",
    "check_rucio",
    "count_replicas",
    "create_rse",
    "delete_rse",
    "find_rse_in",
    "forget_changes",
    "get_rse",
    "list_proximity",
    "list_replicas",
    "list_replicas_in",
    "list_rses",
    "list_usable_rse_ids_in",
    "load_neighbourhood_in",
    "read_changes",
    "set_proximity",
    "update_rse",
]

"""Errors of the room."""

from __future__ import annotations

from sutler.base.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError, UpstreamError


class RseNotFoundError(NotFoundError):
    """There is no storage element of that name in the experiment."""

    code = "replicas.rse_not_found"


class RseExistsError(ConflictError):
    """The experiment has a storage element of that name already."""

    code = "replicas.rse_exists"


class RseInUseError(ConflictError):
    """There are replicas on the storage element: it can be disabled, but not deleted."""

    code = "replicas.rse_in_use"


class InvalidProximityError(InvalidInputError):
    """The map of distances cannot be read; nothing was changed."""

    code = "replicas.invalid_proximity"


class InvalidReplicaError(InvalidInputError):
    """A replica cannot be recorded as it was given."""

    code = "replicas.invalid_replica"


class RucioUnreachableError(UnavailableError):
    """Rucio cannot be reached, or does not answer in time."""

    code = "replicas.rucio_unreachable"


class RucioRefusedError(UpstreamError):
    """Rucio refused, or answered what it should not."""

    code = "replicas.rucio_refused"

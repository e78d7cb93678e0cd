"""The Python client of the REST API: `Client`, and `AsyncClient` for asyncio.

    with Client() as sutler:
        for submission in sutler.iterate(sutler.list_submissions, is_open=True):
            print(submission.id, submission.status)

Methods are named like the operations of the server and return the dataclasses of `sutler.wire`. Where the server is
and who asks comes from the arguments, else `SUTLER_URL` and `SUTLER_TOKEN`, else the profile that `sutler login` wrote.
Everything that goes wrong is a `ClientError`: an `ApiError` with the code and the sentence of the server, or an
`UnreachableError`.
"""

from sutler.client._async import AsyncClient
from sutler.client._sync import Client
from sutler.client.errors import (
    ApiError,
    ChangedMeanwhileError,
    ClientError,
    ColumnMisfitWarning,
    ConflictError,
    InvalidInputError,
    MissingPackageError,
    NotAuthenticatedError,
    NotFoundError,
    NotInstalledError,
    NotPermittedError,
    QueuedError,
    ServerDefectError,
    TooMuchError,
    UnavailableError,
    UnexpectedAnswerError,
    UnreachableError,
    UpstreamError,
)
from sutler.client.profile import Profile, find_profile, forget_profile, save_profile

__all__ = [
    "ApiError",
    "AsyncClient",
    "ChangedMeanwhileError",
    "Client",
    "ClientError",
    "ColumnMisfitWarning",
    "ConflictError",
    "InvalidInputError",
    "MissingPackageError",
    "NotAuthenticatedError",
    "NotFoundError",
    "NotInstalledError",
    "NotPermittedError",
    "Profile",
    "QueuedError",
    "ServerDefectError",
    "TooMuchError",
    "UnavailableError",
    "UnexpectedAnswerError",
    "UnreachableError",
    "UpstreamError",
    "find_profile",
    "forget_profile",
    "save_profile",
]

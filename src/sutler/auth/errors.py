"""Errors of the room: who is asking is not known, or what they ask about is not there."""

from __future__ import annotations

from sutler.base.errors import (
    ConflictError,
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
    Problem,
    SutlerError,
)


class TokenInvalidError(NotAuthenticatedError):
    """This is not a token that this installation gave out. Sign in again, or create a new token."""

    code = "auth.token_invalid"


class TokenExpiredError(NotAuthenticatedError):
    """The token has expired. Sign in again, or create a new token."""

    code = "auth.token_expired"


class TokenRevokedError(NotAuthenticatedError):
    """The token was taken back. Sign in again, or create a new token."""

    code = "auth.token_revoked"


class UnknownUserError(NotAuthenticatedError):
    """The token belongs to a user who is not known here, or no longer active."""

    code = "auth.unknown_user"


class WrongPasswordError(NotAuthenticatedError):
    """The user name or the password is wrong."""

    code = "auth.wrong_password"


class OldPasswordWrongError(InvalidInputError):
    """The old password is needed to set a new one, and what was given is not it."""

    code = "auth.old_password_wrong"

    def __init__(self) -> None:
        super().__init__([Problem("old_password", "is not the present password of the user")])


class WeakPasswordError(InvalidInputError):
    """The password is too short."""

    code = "auth.weak_password"


class ExperimentNotFoundError(NotFoundError):
    """There is no experiment of that name."""

    code = "auth.experiment_not_found"


class UserNotFoundError(NotFoundError):
    """There is no user of that name."""

    code = "auth.user_not_found"


class GroupNotFoundError(NotFoundError):
    """There is no group of that name that somebody can be put into."""

    code = "auth.group_not_found"


class TokenNotFoundError(NotFoundError):
    """There is no such token."""

    code = "auth.token_not_found"


class ExperimentExistsError(ConflictError):
    """There is an experiment with that name already."""

    code = "auth.experiment_exists"


class UserExistsError(ConflictError):
    """There is a user with that name already."""

    code = "auth.user_exists"


class GroupExistsError(ConflictError):
    """There is a group with that name already."""

    code = "auth.group_exists"


class ServiceNotFoundError(NotFoundError):
    """The experiment uses no such service."""

    code = "auth.service_not_found"


class CredentialNotFoundError(NotFoundError):
    """The experiment has no such credential."""

    code = "auth.credential_not_found"


class SealBrokenError(SutlerError):
    """A kept password or token cannot be opened with the sealing key of this installation. Set it anew."""

    code = "auth.seal_broken"

    def __init__(self, key_file: str = "") -> None:
        """Take the name of the file with the key."""
        where = f" in {key_file}" if key_file else ""
        sentence = (
            f"A kept password or token cannot be opened with the sealing key{where}: it was sealed with another key. "
            "Bring the right key back, or set the password or token anew."
        )
        super().__init__(sentence, key_file=key_file)

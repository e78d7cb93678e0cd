"""What the owner of an installation does on its own machine: tokens, schema."""

from __future__ import annotations

import os

from sutler.auth import IssuedToken, ensure_first_user, issue_local_token, load_signer
from sutler.base.errors import NotPermittedError
from sutler.database.migrate import SchemaStatus, get_status, upgrade
from sutler.server.configuration import Configuration
from sutler.server.parts import open_database, prepare_schema


class NotOwnerOfDataError(NotPermittedError):
    """Only the owner of the data directory may do this."""

    code = "server.not_owner_of_data"


async def create_local_token(configuration: Configuration, *, username: str, days: int) -> IssuedToken:
    """Make a token for a user, whether the server runs or not. Raises NotOwnerOfDataError, UserNotFoundError."""
    check_owner(configuration)
    async with open_database(configuration) as db:
        await prepare_schema(db, is_embedded=not configuration.settings.database_url)
        await ensure_first_user(db, password=configuration.settings.admin_password.reveal() or None)
        return await issue_local_token(db, await load_signer(db), username=username, days=days)


async def upgrade_schema(configuration: Configuration) -> list[str]:
    """Apply missing migrations; returns their names. Raises SchemaTooNewError, MigrationChangedError."""
    async with open_database(configuration) as db:
        return await upgrade(db)


async def read_schema_status(configuration: Configuration) -> SchemaStatus:
    """Compare the database with this version. Raises SchemaTooNewError, MigrationChangedError."""
    async with open_database(configuration) as db:
        return await get_status(db)


def check_owner(configuration: Configuration) -> None:
    """Raise NotOwnerOfDataError unless the caller owns the data directory, or is root."""
    directory = configuration.data_dir
    if directory.exists() and os.geteuid() not in (0, directory.stat().st_uid):
        raise NotOwnerOfDataError(
            f"{directory} belongs to another account; only its owner may make tokens there.", directory=str(directory)
        )

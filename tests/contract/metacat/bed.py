"""An experiment whose catalogue is a MetaCat server, and what tests need to work with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tests.contract.metacat.metacat_stand_in import MetacatStandIn

from sutler.auth import (
    SYSTEM,
    CredentialMethod,
    CredentialSide,
    NewCredential,
    NewService,
    Role,
    Sealer,
    ServiceKind,
    create_experiment,
    make_sealing_key,
    set_credential,
    set_service,
)
from sutler.base.check_lines import CheckState
from sutler.base.did import Did
from sutler.catalog import CatalogSource, Catalogues, NewFile, SourceFile, check_catalog
from sutler.database import Database

SECRET = "open sesame"
DATASET = Did("prod", "out")


@dataclass
class Bed:
    """The experiment `dune` and the MetaCat server that it may use."""

    db: Database
    metacat: MetacatStandIn
    catalogues: Catalogues
    sealer: Sealer
    experiment_id: int

    async def connect(self, *, url: str = "", auth_url: str = "", account: str = "", seconds: float = 5) -> None:
        """Name the server of the experiment."""
        service = NewService(
            ServiceKind.METACAT, url or self.metacat.url, auth_url, account, timedelta(seconds=seconds)
        )
        await set_service(self.db, SYSTEM, experiment="dune", service=service)

    async def sign_in(
        self,
        secret: str = SECRET,
        *,
        side: CredentialSide = CredentialSide.ANY,
        method: CredentialMethod = CredentialMethod.PASSWORD,
        username: str = "pro",
    ) -> None:
        """Set a credential, that of the user `pro` if nothing else is said."""
        credential = NewCredential(ServiceKind.METACAT, side, method, username, secret)
        await set_credential(self.db, SYSTEM, self.sealer, experiment="dune", credential=credential)

    async def find(self, role: Role | None = Role.PRODUCTION) -> CatalogSource:
        """Return the catalogue of the experiment."""
        found = await self.catalogues.find(experiment_id=self.experiment_id, role=role)
        assert found is not None
        return found

    async def check(self) -> list[tuple[str, CheckState, str]]:
        """Return the lines of a check."""
        lines = await check_catalog(self.catalogues, experiment_id=self.experiment_id)
        return [(line.part, line.state, line.sentence) for line in lines]


async def make_bed(db: Database, metacat: MetacatStandIn) -> Bed:
    """Make the experiment, connect it and set its credential."""
    experiment = await create_experiment(db, SYSTEM, name="dune")
    sealer = Sealer(make_sealing_key(), key_file="sealing.key")
    bed = Bed(db, metacat, Catalogues(db, sealer), sealer, experiment.id)
    await bed.connect()
    await bed.sign_in()
    return bed


async def collect(source: CatalogSource, query: str, **how: int | bool) -> list[SourceFile]:
    """Return all files of a query."""
    return [file async for files in source.select(query, **how) for file in files]  # type: ignore[arg-type]


def make_file(name: str, *, size: int = 10, namespace: str = "prod", **others: object) -> NewFile:
    """Return a file whose fid is `fid-NAME`."""
    return NewFile(namespace, name, size, fid=f"fid-{name}", **others)  # type: ignore[arg-type]

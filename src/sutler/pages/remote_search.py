"""Searching the catalogue that an experiment has elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from sutler import auth, catalog
from sutler.auth import Principal, ServiceKind
from sutler.base.did import Did
from sutler.catalog import (
    CatalogSource,
    CredentialMissingError,
    CredentialRefusedError,
    RemoteCatalogRefusedError,
    RemoteCatalogUnavailableError,
    SourceFile,
)
from sutler.database import Database
from sutler.pages.experiments import list_experiment_names
from sutler.pages.formats import make_file_path
from sutler.pages.forms import read_number, read_text
from sutler.pages.search_form import SearchForm
from sutler.pages.services import Services
from sutler.pages.session import Visit

TROUBLE = (
    RemoteCatalogUnavailableError,
    RemoteCatalogRefusedError,
    CredentialRefusedError,
    CredentialMissingError,
)
"""What may go wrong with a catalogue elsewhere."""


@dataclass(frozen=True)
class RemoteCatalogue:
    """An experiment whose catalogue is elsewhere, and the address of that one."""

    experiment: str
    place: str


@dataclass(frozen=True)
class FoundFiles:
    """A page of files, how many there are in all, and after how many of them the next page begins; empty: none."""

    files: tuple[SourceFile, ...]
    count: int
    last: str


async def list_catalogues(db: Database, visit: Visit) -> tuple[RemoteCatalogue, ...]:
    """Return the catalogues elsewhere that a visitor can ask, by the names of the experiments."""
    names = await list_experiment_names(db, visit)
    found = []
    async with db.read() as tx:
        for number, name in names.items():
            service = await auth.find_service_in(tx, experiment_id=number, kind=ServiceKind.METACAT)
            if service is not None:
                found.append(RemoteCatalogue(name, service.server_url))
    return tuple(sorted(found, key=lambda one: one.experiment))


async def find_source_of(services: Services, who: Principal, experiment: str) -> CatalogSource | None:
    """Return the catalogue that an experiment has elsewhere; None if it has none, or no experiment is named.

    Raises InvalidInputError, ExperimentNotFoundError, NotPermittedError.
    """
    name = read_text("experiment", experiment)
    return await catalog.find_source(services.db, who, services.catalogues, experiment=name) if name else None


def narrow_form(form: SearchForm, source: CatalogSource | None) -> SearchForm:
    """Return a form without the fields that mean nothing to the catalogue that is asked."""
    return replace(form, experiment="") if source is None else replace(form, namespace="", retired="", sort="")


async def find_files(source: CatalogSource, form: SearchForm, *, most: int) -> FoundFiles:
    """Return one page of the files of a query. Raises InvalidInputError, and what any call to the catalogue may."""
    skip = read_number("after", form.after, least=0) if form.after else 0
    batches = source.select(form.q, skip=skip, limit=most + 1, with_metadata=True)
    files = [file async for part in batches for file in part]
    is_all = not skip and len(files) <= most
    count = len(files) if is_all else (await source.summarize(form.q)).count
    return FoundFiles(tuple(files[:most]), count, str(skip + most) if len(files) > most else "")


def make_file_address(did: Did, experiment: str) -> str:
    """Return the address of a file's page, as the catalogue of an experiment has the file unless that is empty."""
    path = make_file_path(did)
    if not experiment:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode({'experiment': experiment})}"

"""Errors of the catalogue room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sutler.base.did import Did
from sutler.base.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotInstalledError,
    Problem,
    TooMuchError,
    UnavailableError,
    UpstreamError,
)

SHOWN_PROBLEMS = 100


@dataclass(frozen=True)
class MetadataProblem:
    """What is wrong with one value in the metadata of a file; the value is None when there is none."""

    key: str
    reason: str
    value: object = None


@dataclass(frozen=True)
class FileProblem:
    """What is wrong with one of several files. `index` is its place among those that were given, from 0.

    `message` says it in general; when rules for metadata are broken, `metadata_problems` say which and how.
    """

    index: int
    did: str | None
    message: str
    fid: str | None = None
    metadata_problems: tuple[MetadataProblem, ...] = ()


class NamespaceNotFoundError(NotFoundError):
    """There is no such namespace."""

    code = "catalog.namespace_not_found"

    def __init__(self, name: str) -> None:
        super().__init__("namespace", name)


class CategoryNotFoundError(NotFoundError):
    """There is no such category of metadata."""

    code = "catalog.category_not_found"

    def __init__(self, path: str) -> None:
        super().__init__("category", path)


class DatasetNotFoundError(NotFoundError):
    """There is no such dataset."""

    code = "catalog.dataset_not_found"

    def __init__(self, did: Did) -> None:
        super().__init__("dataset", did)


class UnknownFileError(NotFoundError):
    """There is no such file."""

    code = "catalog.file_not_found"

    def __init__(self, key: object) -> None:
        super().__init__("file", key)


class KeyIndexNotFoundError(NotFoundError):
    """There is no index of this kind on the metadata key."""

    code = "catalog.key_index_not_found"

    def __init__(self, key: str, kind: str) -> None:
        super().__init__("index", f"{key} ({kind})")


class TablesNotInstalledError(NotInstalledError):
    """Tables need pyarrow, which is not installed where the server runs."""

    code = "catalog.tables_not_installed"

    def __init__(self) -> None:
        super().__init__("pyarrow", "arrow")


class LedgerNotFoundError(NotFoundError):
    """There is no such ledger."""

    code = "catalog.ledger_not_found"

    def __init__(self, ledger_id: int) -> None:
        super().__init__("ledger", ledger_id)


class LedgerPartsError(ConflictError):
    """What the ledger gives out is cut into another number of parts. Begin anew to cut it otherwise."""

    code = "catalog.ledger_parts"

    def __init__(self, kept: int, asked: int) -> None:
        """Take how many parts the ledger has, and of how many one was asked for."""
        sentence = (
            f"The files of this pass are cut into {kept} parts, not into {asked}, and stay so until it ends. "
            "Begin a new pass to cut them otherwise."
        )
        super().__init__(sentence, kept=kept, asked=asked)


class InvalidFilesError(InvalidInputError):
    """Some of the files cannot be used; none was changed."""

    code = "catalog.invalid_files"

    def __init__(self, problems: Sequence[Problem], file_problems: Sequence[FileProblem] = ()) -> None:
        """Take every problem that was found; of very many only the first are told, with the number of the others.

        `file_problems` are all of them, for callers who want to know which of their files each one is about.
        """
        shown = list(problems[:SHOWN_PROBLEMS])
        if len(problems) > len(shown):
            shown.append(Problem("", f"There are {len(problems) - len(shown)} more problems like these."))
        super().__init__(shown, count=len(problems))
        self.file_problems = tuple(file_problems)


class NamespaceTakenError(ConflictError):
    """The namespace exists already; its name is unique in the whole installation."""

    code = "catalog.namespace_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"The namespace {name} is taken; names are unique among all experiments.", namespace=name)


class DatasetExistsError(ConflictError):
    """The dataset exists already."""

    code = "catalog.dataset_exists"

    def __init__(self, did: Did) -> None:
        super().__init__(f"The dataset {did} exists already.", did=str(did))


class CategoryExistsError(ConflictError):
    """The category exists already."""

    code = "catalog.category_exists"

    def __init__(self, path: str) -> None:
        super().__init__(f"The category {path} exists already.", path=path)


class DatasetFrozenError(ConflictError):
    """The dataset is frozen: its files may not change."""

    code = "catalog.dataset_frozen"

    def __init__(self, did: Did) -> None:
        super().__init__(f"The dataset {did} is frozen; its files cannot change.", did=str(did))


class DatasetMonotonicError(ConflictError):
    """The dataset is monotonic: files may be added to it, not removed."""

    code = "catalog.dataset_monotonic"

    def __init__(self, did: Did) -> None:
        super().__init__(f"The dataset {did} is monotonic; no files can be removed from it.", did=str(did))


class NamedQueryNotFoundError(NotFoundError):
    """There is no such named query."""

    code = "catalog.named_query_not_found"

    def __init__(self, did: Did) -> None:
        super().__init__("named query", did)


class NamedQueryExistsError(ConflictError):
    """The named query exists already."""

    code = "catalog.named_query_exists"

    def __init__(self, did: Did) -> None:
        super().__init__(f"The named query {did} exists already.", did=str(did))


class DatasetCircleError(ConflictError):
    """A dataset cannot be below itself."""

    code = "catalog.dataset_circle"

    def __init__(self, parent: Did, child: Did) -> None:
        sentence = f"The dataset {child} cannot be a child of {parent}, because {parent} is {child} or below it."
        super().__init__(sentence, parent=str(parent), child=str(child))


class FileDeclaredOtherwiseError(ConflictError):
    """A file of that name or fid is declared already, with other contents."""

    code = "catalog.file_exists"

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Take one problem for each file; `where` is its DID."""
        names = [problem.where for problem in problems]
        first = " ".join(f"{problem.where} {problem.what}." for problem in problems[:SHOWN_PROBLEMS])
        others = f" There are {len(names) - SHOWN_PROBLEMS} more." if len(names) > SHOWN_PROBLEMS else ""
        super().__init__(first + others, dids=names)
        self.problems = tuple(problems)


class FileNameTakenError(ConflictError):
    """Another file has the name already."""

    code = "catalog.file_name_taken"

    def __init__(self, dids: Sequence[Did]) -> None:
        """Take the names that are taken."""
        shown = ", ".join(str(did) for did in dids[:SHOWN_PROBLEMS])
        others = f" and {len(dids) - SHOWN_PROBLEMS} more" if len(dids) > SHOWN_PROBLEMS else ""
        super().__init__(f"There are files of these names already: {shown}{others}.", dids=[str(did) for did in dids])


class UnreadableQueryError(InvalidInputError):
    """The database cannot use a part of the query, such as a regular expression."""

    code = "catalog.unreadable_query"

    def __init__(self, said: str) -> None:
        super().__init__([Problem("query", f"the database cannot use it: {said}")])


class QueryTooSlowError(TooMuchError):
    """The query takes longer than the server allows."""

    code = "catalog.query_too_slow"

    def __init__(self) -> None:
        super().__init__(
            "The query takes longer than the server allows. Narrow it: name a dataset, ask for equal values "
            "instead of ranges and regular expressions where you can, or put a limit on its largest set."
        )


class FilterTooLargeError(TooMuchError):
    """A filter was given more files than it can take."""

    code = "catalog.filter_too_large"

    def __init__(self, name: str, most: int) -> None:
        sentence = f"The filter {name} takes at most {most:,} files at once. Narrow the set that it filters."
        super().__init__(sentence, filter=name, most=most)


class RemoteCatalogUnavailableError(UnavailableError):
    """The MetaCat server of the experiment cannot be reached, or does not answer in time."""

    code = "catalog.remote_unavailable"


class RemoteCatalogRefusedError(UpstreamError):
    """The MetaCat server of the experiment refused, or answered what it should not."""

    code = "catalog.remote_refused"

    def __init__(self, url: str, said: str, *, status: int | None = None) -> None:
        """Take the address and what it answered; `status` is the one of HTTP."""
        self.status = status
        super().__init__(url, said if status is None else f"{status} {said}", status=status)


class CredentialRefusedError(UpstreamError):
    """The MetaCat server of the experiment refused what is set to sign in with there."""

    code = "catalog.credential_refused"

    def __init__(self, url: str, who: str, said: str) -> None:
        """Take the address, whose credential it is and of which side, and what was answered."""
        super().__init__(url, f"{who} is refused: {said}. Set it anew among the services of the experiment.")


class CredentialMissingError(ConflictError):
    """Nothing is set to sign in with at the MetaCat server of the experiment."""

    code = "catalog.credential_missing"

    def __init__(self, url: str, side: str) -> None:
        """Take the address and the side that the work is of."""
        sentence = (
            f"{url} must know who asks, and the experiment has set no credential there for the side {side}. "
            "Set one among its services, for this side or for any."
        )
        super().__init__(sentence, url=url, side=side)


class CatalogElsewhereError(ConflictError):
    """The files of the experiment are in a catalogue elsewhere."""

    code = "catalog.elsewhere"

    def __init__(self, experiment: str, url: str) -> None:
        """Take the experiment and the address of its catalogue."""
        super().__init__(f"The catalogue of {experiment} is at {url}. Ask there.", experiment=experiment, url=url)


class PreparedSelectionGoneError(ConflictError):
    """What the catalogue answered was kept for too long and is gone. Launch again."""

    code = "catalog.prepared_selection_gone"

"""Errors of the catalogue room."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.base.did import Did
from sutler.base.errors import ConflictError, InvalidInputError, NotFoundError, Problem

SHOWN_PROBLEMS = 100


class NamespaceNotFoundError(NotFoundError):
    """There is no such namespace."""

    code = "catalog.namespace_not_found"

    def __init__(self, name: str) -> None:
        super().__init__("namespace", name)


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


class LedgerNotFoundError(NotFoundError):
    """There is no such ledger."""

    code = "catalog.ledger_not_found"

    def __init__(self, ledger_id: int) -> None:
        super().__init__("ledger", ledger_id)


class InvalidFilesError(InvalidInputError):
    """Some of the files cannot be used; none was changed."""

    code = "catalog.invalid_files"

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Take every problem that was found; of very many only the first are told, with the number of the others."""
        shown = list(problems[:SHOWN_PROBLEMS])
        if len(problems) > len(shown):
            shown.append(Problem("", f"There are {len(problems) - len(shown)} more problems like these."))
        super().__init__(shown, count=len(problems))


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


class DatasetFrozenError(ConflictError):
    """The dataset is frozen: its files may not change."""

    code = "catalog.dataset_frozen"

    def __init__(self, did: Did) -> None:
        super().__init__(f"The dataset {did} is frozen; no files can be added to it.", did=str(did))


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


class UnreadableQueryError(InvalidInputError):
    """The database cannot use a part of the query, such as a regular expression."""

    code = "catalog.unreadable_query"

    def __init__(self, said: str) -> None:
        super().__init__([Problem("query", f"the database cannot use it: {said}")])

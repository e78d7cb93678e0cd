"""What is wrong with files that are to be declared, file by file. Looked for only when it is known that something is.

The words of the general messages are those that programs of old catalogues show to people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sutler.base.errors import Problem
from sutler.catalog.errors import FileProblem, MetadataProblem
from sutler.catalog.model import NewFile
from sutler.catalog.rules.files import check_contents, check_files, find_unusable_metadata

CATEGORY_RULES_BROKEN = "Metadata category validation errors"
DATASET_RULES_BROKEN = "Dataset metadata validation errors"
CHECKSUMS_UNUSABLE = "Metadata checksum validation errors"


def find_file_problems(files: Sequence[NewFile]) -> list[FileProblem]:
    """Return everything that is wrong with files that are to be declared, with the place of each file."""
    found = [problem for index, file in enumerate(files) for problem in _describe_file(index, file)]
    return found + list(_find_repeated(files))


def to_problems(found: Sequence[FileProblem]) -> list[Problem]:
    """Return the same as problems for people, one for each value that is wrong."""
    problems = []
    for one in found:
        where = one.did or f"files[{one.index}]"
        said = [f"metadata {part.key!r}: {part.reason}" for part in one.metadata_problems] or [one.message]
        problems += [Problem(where, what) for what in said]
    return problems


def _describe_file(index: int, file: NewFile) -> Iterator[FileProblem]:
    did = str(file.did)
    for problem in check_files([replace(file, checksums={}, metadata={})]):
        yield FileProblem(index, did, problem.what, file.fid)
    metadata = tuple(find_unusable_metadata(file.metadata))
    if metadata:
        yield FileProblem(index, did, CATEGORY_RULES_BROKEN, file.fid, metadata)
    checksums = tuple(
        MetadataProblem(f"checksum {kind}", problem.what, text)
        for kind, text in file.checksums.items()
        for problem in check_contents("", size_bytes=None, checksums={kind: text}, metadata=None)
    )
    if checksums:
        yield FileProblem(index, did, CHECKSUMS_UNUSABLE, file.fid, checksums)


def _find_repeated(files: Sequence[NewFile]) -> Iterator[FileProblem]:
    dids, fids = set(), set()
    for index, file in enumerate(files):
        if file.did in dids:
            yield FileProblem(index, str(file.did), "is given twice", file.fid)
        if file.fid is not None and file.fid in fids:
            yield FileProblem(index, str(file.did), "its fid is given twice", file.fid)
        dids.add(file.did)
        fids.add(file.fid)

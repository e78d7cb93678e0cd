"""The JSON of this protocol: files, datasets, namespaces, named queries, categories.

No shape has a key `results` or `error`: the clients take these for something else.
"""

from __future__ import annotations

from collections.abc import Iterable

from sutler.base.did import Did
from sutler.base.documents import Entry, Form
from sutler.base.documents import Shape as LineShape
from sutler.catalog import Category, Dataset, File, NamedQuery, Namespace
from sutler.compat.metacat.owners import Owners
from sutler.compat.shapes import Shape, show_instant

_WITHOUT_METADATA = LineShape(
    (
        Entry("fid", "fid"),
        Entry("namespace", "namespace"),
        Entry("name", "name"),
        Entry("retired", "retired_at", Form.PRESENCE),
        Entry("retired_by", "retired_by"),
        Entry("updated_by", "updated_by"),
        Entry("retired_timestamp", "retired_at", Form.SECONDS),
        Entry("updated_timestamp", "updated_at", Form.SECONDS),
        Entry("created_timestamp", "created_at", Form.SECONDS),
        Entry("checksums", "checksums"),
        Entry("size", "size_bytes", may_be_left_out=True),
        Entry("creator", "created_by"),
    )
)
_WITH_METADATA = LineShape((*_WITHOUT_METADATA.entries, Entry("metadata", "metadata")))


def show_file(file: File, *, with_metadata: bool) -> Shape:
    """A file; three keys are left out where there is nothing to say."""
    shape: Shape = {
        "fid": file.fid,
        "namespace": file.namespace,
        "name": file.name,
        "retired": file.retired_at is not None,
        "retired_by": file.retired_by,
        "updated_by": file.updated_by,
        "retired_timestamp": show_instant(file.retired_at),
        "updated_timestamp": show_instant(file.updated_at),
        "created_timestamp": show_instant(file.created_at),
    }
    rare = {"checksums": file.checksums, "size": file.size_bytes, "creator": file.created_by}
    shape |= {name: item for name, item in rare.items() if item is not None}
    if with_metadata:
        shape["metadata"] = file.metadata
    return shape


def shape_file(*, with_metadata: bool) -> LineShape:
    """The shape of `show_file`, for whoever writes files without making them first."""
    return _WITH_METADATA if with_metadata else _WITHOUT_METADATA


def show_relatives(fids: Iterable[str]) -> list[Shape]:
    """Parents or children of a file."""
    return [{"fid": fid} for fid in fids]


def show_dataset_names(dids: Iterable[Did]) -> list[Shape]:
    """Datasets that a file is in."""
    return [{"namespace": did.namespace, "name": did.name} for did in dids]


def show_dataset(dataset: Dataset) -> Shape:
    """A dataset. The count of its files is exact."""
    return {
        "namespace": dataset.namespace,
        "name": dataset.name,
        "frozen": dataset.frozen,
        "monotonic": dataset.monotonic,
        "metadata": dataset.metadata,
        "creator": dataset.created_by,
        "created_timestamp": show_instant(dataset.created_at),
        "file_meta_requirements": dataset.requirements,
        "description": dataset.description,
        "file_count": dataset.file_count,
        "updated_timestamp": show_instant(dataset.updated_at),
        "updated_by": dataset.updated_by,
    }


def show_namespace(namespace: Namespace, owners: Owners) -> Shape:
    """A namespace with the name of its owner, who is either a user or a group."""
    return {
        "name": namespace.name,
        "owner_user": namespace.owner_username,
        "owner_role": owners.find_group(namespace),
        "creator": namespace.created_by,
        "description": namespace.description,
        "created_timestamp": show_instant(namespace.created_at),
    }


def show_named_query(query: NamedQuery) -> Shape:
    """A query that was kept under a name."""
    return {
        "namespace": query.namespace,
        "name": query.name,
        "source": query.source,
        "creator": query.created_by,
        "created_timestamp": show_instant(query.created_at),
        "description": query.description,
        "metadata": query.metadata,
    }


def show_category(category: Category, owners: Owners) -> Shape:
    """Rules for the parameters below a path, with the name of their owner."""
    return {
        "path": category.path,
        "owner_user": category.owner_username,
        "owner_role": owners.find_group(category),
        "description": category.description,
        "restricted": category.restricted,
        "required": category.required,
        "definitions": category.constraints,
        "creator": category.created_by,
        "created_timestamp": show_instant(category.created_at),
    }

"""All methods of the data service on one screen, and who may call them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from starlette.responses import Response

from sutler import catalog
from sutler.base.errors import NotAuthenticatedError, NotPermittedError
from sutler.compat.call import Call, SignedCall
from sutler.compat.errors import NoSuchCallError
from sutler.compat.metacat import (
    categories,
    dataset_changes,
    dataset_files,
    datasets,
    declaring,
    file_changes,
    files,
    moving,
    named_queries,
    namespaces,
    queries,
    reports,
    service,
)
from sutler.compat.metacat.reading import read_arguments
from sutler.compat.tokens import authenticate

Answer = Callable[[SignedCall], Awaitable[Response]]
OpenAnswer = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Method:
    """A method that needs a token: where it `changes` something in a header, else a cookie does.

    One that `creates` answers 401 where nobody is known, any other one 403.
    """

    answer: Answer
    changes: bool = False
    creates: bool = False


OPEN_METHODS: Mapping[str, OpenAnswer] = {
    "version": service.tell_version,
    "realm": service.tell_realm,
    "simulate_503": service.simulate_503,
}
METHODS: Mapping[str, Method] = {
    "namespaces": Method(namespaces.list_namespaces),
    "namespace": Method(namespaces.get_namespace),
    "create_namespace": Method(namespaces.create_namespace, changes=True, creates=True),
    "namespace_counts": Method(namespaces.count_namespace),
    "datasets": Method(datasets.list_datasets),
    "dataset": Method(datasets.get_dataset),
    "dataset_count": Method(datasets.count_files),
    "dataset_counts": Method(datasets.count_relatives),
    "dataset_files": Method(dataset_files.list_files),
    "create_dataset": Method(dataset_changes.create_dataset, changes=True, creates=True),
    "update_dataset": Method(dataset_changes.update_dataset, changes=True),
    "add_child_dataset": Method(dataset_changes.add_child_dataset, changes=True, creates=True),
    "remove_dataset": Method(dataset_changes.remove_dataset, changes=True),
    "add_files": Method(dataset_files.add_files, changes=True),
    "remove_files": Method(dataset_files.remove_files, changes=True),
    "datasets_for_files": Method(files.list_datasets),
    "declare_files": Method(declaring.declare_files, changes=True, creates=True),
    "file": Method(files.get_file),
    "files": Method(files.list_files),
    "update_file": Method(file_changes.update_file, changes=True),
    "update_file_meta": Method(file_changes.update_metadata, changes=True),
    "retire_file": Method(file_changes.retire_file, changes=True),
    "delete_file": Method(file_changes.delete_file, changes=True),
    "move_files": Method(moving.move_files, changes=True),
    "query": Method(queries.answer_query),
    "search_queries": Method(named_queries.search_queries),
    "named_queries": Method(named_queries.list_queries),
    "named_query": Method(named_queries.get_query),
    "create_named_query": Method(named_queries.create_query, changes=True, creates=True),
    "categories": Method(categories.list_categories),
    "category": Method(categories.get_category),
    "create_category": Method(categories.create_category, changes=True),
    "update_category": Method(categories.update_category, changes=True),
    "remove_category": Method(categories.remove_category, changes=True),
    "report_metadata_keys": Method(reports.list_keys),
    "report_metadata_counts_ranges": Method(reports.count_values),
    "report_metadata_values": Method(reports.list_values),
}
SAVING = Method(queries.save_selection, changes=True, creates=True)
"""`query` with a dataset to put the files into."""


async def answer_data(call: Call) -> Response:
    """Answer a call of the data service."""
    name = call.words[0] if call.words else ""
    call = replace(call, words=call.words[1:], query=read_arguments(call.request.url.query))
    if name in OPEN_METHODS:
        return await OPEN_METHODS[name](call)
    method = METHODS.get(name)
    if method is None:
        raise NoSuchCallError("method", name, f"The data service has no method {name!r}.")
    if name == "query" and queries.is_saving(call.query):
        method = SAVING
    return await method.answer(await _sign(call, method))


async def _sign(call: Call, method: Method) -> SignedCall:
    """Find out who calls. For nobody this protocol has two answers, depending on the method."""
    try:
        who = await authenticate(call.request, call.services.authenticator, changes=method.changes)
    except NotAuthenticatedError as error:
        if method.creates:
            raise
        raise NotPermittedError(f"Authentication is required: {error.sentence}") from error
    if call.experiment is not None:
        # What is here of an experiment with a catalogue elsewhere is old or nothing, and would look like the truth.
        await catalog.refuse_elsewhere(call.db, who, experiment=call.experiment)
    return SignedCall(call.services, call.request, call.experiment, call.words, call.query, who)

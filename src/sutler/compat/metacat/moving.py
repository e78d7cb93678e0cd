"""Moving files to another namespace."""

from __future__ import annotations

from starlette.responses import Response

from sutler import catalog
from sutler.compat.call import SignedCall
from sutler.compat.metacat.dataset_files import read_choice
from sutler.compat.metacat.reading import read_name, read_object
from sutler.compat.metacat.replies import reply_json

TOLD_PROBLEMS = 100


async def move_files(call: SignedCall) -> Response:
    """Move listed files, or those of a query; what cannot be moved stays and is told, up to a hundred."""
    body = await read_object(call)
    # Here it is where the files go to, not what names without a namespace mean.
    namespace = read_name(body.pop("namespace", None), "namespace")
    keys, query = read_choice(body, "files")
    moved = await catalog.move_files(
        call.db, call.who, keys=keys if query is None else None, query=query, namespace=namespace
    )
    return reply_json(
        {
            "files_moved": moved.moved_count,
            "errors": list(moved.problems[:TOLD_PROBLEMS]),
            "nerrors": len(moved.problems),
        }
    )

"""As much of the MetaCat protocol as `ddisp project create QUERY` needs: the query, and who the server is."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import Response

from sutler import catalog
from sutler.base.errors import NotAuthenticatedError, NotPermittedError
from sutler.catalog import File
from sutler.compat.call import Call, SignedCall
from sutler.compat.errors import BadCallError, NoSuchCallError
from sutler.compat.replies import JSON_SEQUENCE, encode, reply_json, reply_parts, reply_text
from sutler.compat.shapes import Shape, show_instant
from sutler.compat.tokens import authenticate

VERSION = "4.1.5"
REALM = "sutler"
UNOFFERED = ("save_as", "add_to", "summary")


async def answer_data(call: Call) -> Response:
    """Answer a call of the data service: `query`, `version`, `realm`."""
    match call.words:
        case ("version",):
            return reply_text(VERSION)
        case ("realm",):
            return reply_text(REALM)
        case ("query",):
            return await _answer_query(await _sign(call))
        case _:
            raise NoSuchCallError("call", call.request.url.path)


async def _answer_query(call: SignedCall) -> Response:
    """Stream the files of a query, one JSON object a line. The text is the body, whatever its content type says."""
    for name in UNOFFERED:
        if call.query.get(name):
            raise BadCallError(f"The argument {name} is not offered here.")
    if call.is_yes("with_provenance"):
        raise BadCallError("The argument with_provenance is not offered here.")
    text = (await call.read_body()).decode("utf-8", "replace") or call.query.get("query", "")
    if not text.strip():
        return reply_json([])
    with_metadata = call.is_yes("with_meta")
    batches = catalog.stream_files(
        call.db,
        call.who,
        query=text,
        experiment=call.experiment,
        default_namespace=call.query.get("namespace") or None,
        include_retired=call.is_yes("include_retired_files"),
    )
    return await reply_parts(_encode(batches, with_metadata=with_metadata), JSON_SEQUENCE)


async def _encode(batches: AsyncIterator[list[File]], *, with_metadata: bool) -> AsyncIterator[bytes]:
    async for files in batches:
        yield b"".join(encode(show_file(file, with_metadata=with_metadata)) + b"\n" for file in files)


def show_file(file: File, *, with_metadata: bool) -> Shape:
    """A file as the protocol has it; three keys are left out where there is nothing to say."""
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


async def _sign(call: Call) -> SignedCall:
    """Find out who calls. This protocol answers 403 where nobody is known and nothing would be made."""
    try:
        who = await authenticate(call.request, call.services.authenticator, changes=False)
    except NotAuthenticatedError as error:
        raise NotPermittedError(f"Authentication is required: {error.sentence}") from error
    return SignedCall(call.services, call.request, call.experiment, call.words, call.query, who)

"""From addresses of the original's pages, which other systems and people keep, to the pages here."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse, Response

from sutler.base.did import Did
from sutler.compat.call import Call, read_query
from sutler.compat.metacat.reading import read_name

FRONT = "/search"


async def answer_gui(call: Call) -> Response:
    """Lead to the page of a file, of a dataset or of a query; from any other page to asking the catalogue.

    Only the address is looked at: the page itself asks who is there, and comes back to itself after signing in.
    """
    query = read_query(call.request.url.query, plus_is_blank=True)
    match call.words:
        case ("show_file",):
            path = _find_file_page(query)
        case ("dataset",):
            path = _find_page("datasets", _read_did(query))
        case ("query",):
            path = f"{FRONT}?{urlencode({'q': query['query']})}" if query.get("query") else FRONT
        case _:
            path = FRONT
    root = call.request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(f"{root}{path}", 302)


def _find_file_page(query: dict[str, str]) -> str:
    if query.get("fid"):
        fid = read_name(query["fid"], "fid")
        return f"{FRONT}?{urlencode({'q': f'fids {fid}'})}"
    return _find_page("files", _read_did(query))


def _read_did(query: dict[str, str]) -> Did:
    if query.get("did"):
        return Did.parse(query["did"])
    return Did(read_name(query.get("namespace"), "namespace"), read_name(query.get("name"), "name"))


def _find_page(kind: str, did: Did) -> str:
    # In the query, where a name keeps its slashes and dots whatever a browser does to paths.
    return f"/{kind}?did={quote(str(did), safe=':')}"

"""The files of a query as a file to take along, written while they are read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sutler import catalog
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import Column, File, TableFormat
from sutler.pages.door import Door
from sutler.pages.formats import format_instant
from sutler.pages.search_form import SearchForm, read_form
from sutler.pages.session import Visit

Form = Annotated[SearchForm, Depends()]
Parts = AsyncIterator[list[File]]
Part = TypeVar("Part")

_FACTS = ("namespace", "name", "fid", "size_bytes", "created_at", "created_by")


class ExportPages:
    """Taking results along."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def export(self, request: Request, form: Form, format: str = "csv") -> Response:  # noqa: A002 - the address
        """All files of a query as CSV, JSON or Parquet. What is wrong with it is said before anything is sent."""
        visit = await self._door.admit(request)
        form = read_form(form)
        if format == "parquet":
            return await self._export_table(visit, form)
        writers: dict[str, tuple[str, Callable[[Parts, Sequence[str]], AsyncIterator[str]]]] = {
            "csv": ("text/csv; charset=utf-8", write_csv),
            "json": ("application/json", write_json),
        }
        if format not in writers:
            raise InvalidInputError([Problem("format", f"{format[:40]!r} is not one of {', '.join(writers)}, parquet")])
        parts = catalog.stream_files(
            self._db,
            visit.who,
            query=form.q,
            experiment=None,
            default_namespace=form.namespace or None,
            include_retired=bool(form.retired),
        )
        first: list[File] = await anext(parts, [])
        media_type, write = writers[format]
        headers = {"Content-Disposition": f'attachment; filename="files.{format}"'}
        return StreamingResponse(write(_rejoin(first, parts), form.keys), media_type=media_type, headers=headers)

    async def _export_table(self, visit: Visit, form: SearchForm) -> Response:
        parts = catalog.stream_table(
            self._db,
            visit.who,
            query=form.q,
            experiment=None,
            columns=[Column(key) for key in form.keys if key not in _FACTS],
            table_format=TableFormat.PARQUET,
            default_namespace=form.namespace or None,
            include_retired=bool(form.retired),
        )
        first = await anext(parts)
        headers = {"Content-Disposition": 'attachment; filename="files.parquet"'}
        return StreamingResponse(_rejoin(first, parts), media_type="application/vnd.apache.parquet", headers=headers)


async def write_csv(parts: Parts, keys: Sequence[str]) -> AsyncIterator[str]:
    """Yield a table: what is known of each file, and a column for each key, or one for all metadata if none is."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*_FACTS, *(keys or ["metadata"])])
    async for files in parts:
        for file in files:
            items = [file.metadata.get(key) for key in keys] if keys else [file.metadata]
            writer.writerow([*_list_facts(file).values(), *map(_write_cell, items)])
        yield _take(text)
    yield _take(text)


async def write_json(parts: Parts, keys: Sequence[str]) -> AsyncIterator[str]:
    """Yield a list with an object for each file; of its metadata the chosen keys, or all if none is chosen."""
    before = "[\n"
    async for files in parts:
        lines = []
        for file in files:
            metadata = {key: file.metadata[key] for key in keys if key in file.metadata} if keys else file.metadata
            lines.append(json.dumps({**_list_facts(file), "metadata": metadata}, ensure_ascii=False))
        if lines:
            yield before + ",\n".join(lines)
            before = ",\n"
    yield "\n]\n" if before != "[\n" else "[]\n"


async def _rejoin(first: Part, rest: AsyncIterator[Part]) -> AsyncIterator[Part]:
    yield first
    async for part in rest:
        yield part


def _list_facts(file: File) -> dict[str, object]:
    return {
        "namespace": file.namespace,
        "name": file.name,
        "fid": file.fid,
        "size_bytes": file.size_bytes,
        "created_at": format_instant(file.created_at),
        "created_by": file.created_by,
    }


def _write_cell(item: object) -> str:
    if item is None:
        return ""
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def _take(text: io.StringIO) -> str:
    written = text.getvalue()
    text.seek(0)
    text.truncate()
    return written

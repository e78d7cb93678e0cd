"""The page of the API: what programs may ask for, read from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sutler.pages.door import Door
from sutler.pages.requests import find_body, write_request
from sutler.pages.shapes import Field, Schema, Shape, Shapes, Word


@dataclass(frozen=True)
class Reply:
    """One answer. `shape` is what it holds, or each item of it if it is a page; None for all but objects."""

    status: str
    description: str
    media_type: str
    words: tuple[Word, ...] = ()
    shape: Shape | None = None
    is_page: bool = False


@dataclass(frozen=True)
class Body:
    """What a request carries."""

    words: tuple[Word, ...]
    shape: Shape | None
    is_required: bool


@dataclass(frozen=True)
class Operation:
    """One method of one path. `search_text` is what the filter looks at."""

    anchor: str
    title: str
    method: str
    path: str
    description: str
    needs_token: bool
    parameters: tuple[Field, ...]
    body: Body | None
    replies: tuple[Reply, ...]
    errors: tuple[Reply, ...]
    command: str
    search_text: str
    is_shown: bool = True


@dataclass(frozen=True)
class Group:
    """The operations of one tag."""

    anchor: str
    name: str
    description: str
    operations: tuple[Operation, ...]

    @property
    def is_shown(self) -> bool:
        """Whether the filter leaves anything of it."""
        return any(operation.is_shown for operation in self.operations)


@dataclass(frozen=True)
class ApiPage:
    """The whole description; what the query leaves out is there too, hidden."""

    version: str
    description: str
    query: str
    groups: tuple[Group, ...]
    shapes: tuple[Shape, ...]

    @property
    def count(self) -> int:
        """How many operations there are."""
        return sum(len(group.operations) for group in self.groups)

    @property
    def shown_count(self) -> int:
        """How many operations the filter leaves."""
        return sum(operation.is_shown for group in self.groups for operation in group.operations)


class ApiPages:
    """The description of the API, read once."""

    def __init__(self, door: Door, description: Mapping[str, Any]) -> None:
        self._door = door
        self._page = read_description(description, door.services.launcher.site.public_url)

    async def show(self, request: Request, q: str = "") -> Response:
        """All operations, or those that have every word of a query."""
        visit = await self._door.admit(request)
        return self._door.show(request, "api.html", choose(self._page, q.strip()), visit=visit)


def read_description(document: Mapping[str, Any], url: str) -> ApiPage:
    """Return the page of an OpenAPI document. `url` is where people reach the installation: examples begin with it."""
    shapes = Shapes(document.get("components", {}).get("schemas", {}))
    operations: dict[str, list[Operation]] = {tag["name"]: [] for tag in document.get("tags", ())}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            operations.setdefault(tag, []).append(_read_operation(shapes, url, (method, path, tag), operation))
    about = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    groups = tuple(
        Group(f"group-{tag}", tag.capitalize(), about.get(tag, ""), tuple(found))
        for tag, found in operations.items()
        if found
    )
    info = document["info"]
    linked = shapes.list_linked(_list_fields(groups))
    return ApiPage(info["version"], info.get("description", ""), "", groups, tuple(linked))


def choose(page: ApiPage, query: str) -> ApiPage:
    """Return the page with only those operations shown that have every word of the query, in any case."""
    words = query.lower().split()
    groups = tuple(
        replace(
            group,
            operations=tuple(
                replace(operation, is_shown=all(word in operation.search_text for word in words))
                for operation in group.operations
            ),
        )
        for group in page.groups
    )
    return replace(page, query=query, groups=groups)


def _read_operation(shapes: Shapes, url: str, where: tuple[str, str, str], operation: Mapping[str, Any]) -> Operation:
    method, path, tag = where
    name = operation["operationId"]
    description = operation.get("description", "")
    parameters = tuple(_read_parameter(shapes, parameter) for parameter in operation.get("parameters", ()))
    body = _read_body(shapes, operation)
    replies = [_read_reply(shapes, status, reply) for status, reply in operation["responses"].items()]
    fields = [*parameters, *(body.shape.fields if body and body.shape else ())]
    search = [method, path, tag, name, name.replace("_", " "), description, *(field.name for field in fields)]
    return Operation(
        anchor=f"operation-{name}",
        title=name.replace("_", " ").capitalize(),
        method=method.upper(),
        path=path,
        description=description,
        needs_token=bool(operation.get("security")),
        parameters=parameters,
        body=body,
        replies=tuple(reply for reply in replies if reply.status.startswith("2")),
        errors=tuple(reply for reply in replies if not reply.status.startswith("2")),
        command=write_request(shapes, method, url + path, operation),
        search_text=" ".join(search).lower(),
    )


def _read_parameter(shapes: Shapes, parameter: Mapping[str, Any]) -> Field:
    # The description stands at the parameter and again in its schema.
    schema: Schema = {"description": parameter.get("description", ""), **parameter["schema"]}
    field = shapes.read_field(parameter["name"], schema, is_required=bool(parameter.get("required")))
    return replace(field, place=parameter["in"])


def _read_body(shapes: Shapes, operation: Mapping[str, Any]) -> Body | None:
    schema = find_body(operation)
    if schema is None:
        return None
    is_required = bool(operation["requestBody"].get("required"))
    return Body(tuple(shapes.read_words(schema)), shapes.find_shape(schema), is_required)


def _read_reply(shapes: Shapes, status: str, reply: Mapping[str, Any]) -> Reply:
    for media_type, content in reply.get("content", {}).items():
        schema = content.get("schema", {})
        item = shapes.find_item(schema)
        held = schema if item is None else item
        words = tuple(shapes.read_words(held))
        return Reply(status, reply["description"], media_type, words, shapes.find_shape(held), item is not None)
    return Reply(status, reply["description"], "")


def _list_fields(groups: Iterable[Group]) -> Iterable[Field]:
    """All fields on the page that may lead to a shape, and errors, which are only named there."""
    for group in groups:
        for operation in group.operations:
            yield from operation.parameters
            if operation.body and operation.body.shape:
                yield from operation.body.shape.fields
            for reply in operation.replies:
                yield from reply.shape.fields if reply.shape else ()
            for error in operation.errors:
                yield Field("", error.words, is_required=True, default="")

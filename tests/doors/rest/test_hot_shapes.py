"""The description says what the hot calls take and give, and nonsense is answered as by the ordinary routes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.doors.rest.hot_scene import CALLS, Both

from sutler.rest import describe_api
from sutler.rest.decoding import make_struct
from sutler.rest.hot import ATTEMPTS
from sutler.wire import worker as wire

SHAPES: Mapping[str, tuple[type, type]] = {
    "/api/v1/projects/{project_id}/next": (wire.NextRequest, wire.NextReply),
    "/api/v1/attempts/renew": (wire.RenewRequest, wire.RenewReply),
    "/api/v1/attempts/done": (wire.DoneReport, wire.ReportReply),
    "/api/v1/attempts/failed": (wire.FailedReport, wire.ReportReply),
}


def test_every_hot_call_stands_in_the_description() -> None:
    assert {"/api/v1/projects/{project_id}/next", *ATTEMPTS} == SHAPES.keys()


@pytest.mark.parametrize(("path", "shapes"), SHAPES.items())
def test_the_description_says_what_the_hot_calls_take_and_give(path: str, shapes: tuple[type, type]) -> None:
    document: Any = describe_api()
    described = document["paths"][path]["post"]
    asked = described["requestBody"]["content"]["application/json"]["schema"]
    answered = described["responses"]["200"]["content"]["application/json"]["schema"]
    taken = msgspec.json.schema(make_struct(shapes[0]))
    given = msgspec.json.schema(shapes[1])
    assert described["requestBody"]["required"]
    assert _simplify(asked, document) == _simplify(taken, taken)
    assert _simplify(answered, document) == _simplify(given, given)


def _simplify(schema: Any, document: Any) -> Any:  # noqa: ANN401 - a schema
    """Resolve references, and leave out what is said in several ways or for people only."""
    if isinstance(schema, list):
        return [_simplify(part, document) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    known = {"type", "format", "minimum", "maximum", "items", "anyOf", "required", "additionalProperties", "default"}
    simple = {key: _simplify(part, document) for key, part in schema.items() if key in known}
    simple |= {key: float(simple[key]) for key in ("minimum", "maximum") if key in simple}
    # Instants have their format in one of the two only; ignored fields and open objects are the rule.
    if simple.get("format") == "date-time":
        del simple["format"]
    if simple.get("additionalProperties") in (True, False):
        del simple["additionalProperties"]
    if simple.get("default") in (None, (), [], {}):
        simple.pop("default", None)
    if "properties" in schema:
        simple["properties"] = {name: _simplify(part, document) for name, part in schema["properties"].items()}
    return simple


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["7a1f6c0e-0000-4000-8000-000000000000", "1", "1.0", "true", "\0", "\ud800", 2**63, -1, 1e400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
FIELDS = sorted({field for body in CALLS.values() for field in body} | {"share_id", "batch_job_id", "site", "outputs"})


@st.composite
def odd_requests(draw: st.DrawFn) -> tuple[str, bytes]:
    """A request in order, but for some of its fields, or some of its bytes."""
    path = draw(st.sampled_from(sorted(CALLS)))
    body = {**CALLS[path], **draw(st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=3))}
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=1)):
        body.pop(name, None)
    content = json.dumps(body, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(content)))
        content = content[:at] + draw(st.binary(max_size=4)) + content[at + draw(st.integers(0, 4)) :]
    return path, content


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=odd_requests())
async def test_nonsense_is_answered_alike(both: Both, request: tuple[str, bytes]) -> None:
    path, content = request
    reply = await both.post(path, content=content)
    assert reply.status_code in (200, 422)

"""The page of the API tells all that the document tells, to readers and not to their browsers."""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.doors.pages.browser import Browser, ServicesUnderTest, make_app

from sutler import rest
from sutler.pages.api import ApiPage, Operation, choose, read_description

HOSTILE = "</pre><script>alert('x')</script>\" onclick=alert(1) '"
URL = "https://sutler.test/base"


@pytest.fixture(scope="module")
def page() -> ApiPage:
    """The page of the API that we have."""
    return read_description(rest.describe_api(), URL)


def list_operations(document: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and description of every operation of a document."""
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def get_operation(page: ApiPage, name: str) -> Operation:
    """The operation of that id."""
    return next(
        operation for group in page.groups for operation in group.operations if operation.anchor == f"operation-{name}"
    )


def list_shown(page: ApiPage) -> list[str]:
    """The ids of the operations that a filter leaves."""
    return [
        operation.anchor.removeprefix("operation-")
        for group in page.groups
        for operation in group.operations
        if operation.is_shown
    ]


def split_articles(text: str) -> dict[str, str]:
    """The parts of the page by their anchors, as a reader sees them."""
    found = re.findall(r'<article class="card operation" id="([^"]+)"(.*?)</article>', text, re.DOTALL)
    return {anchor: html.unescape(part) for anchor, part in found}


async def test_served_document_is_the_described_one(services: ServicesUnderTest) -> None:
    app = FastAPI(openapi_url=None)
    app.include_router(rest.create_router(services))  # type: ignore[arg-type]  # nobody works here: no lane needed
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sutler.test") as client:
        assert (await client.get("/api/v1/openapi.json")).json() == rest.describe_api()


async def test_every_operation_of_the_document_is_on_the_page_with_all_it_takes(producer: Browser) -> None:
    text = (await producer.get("api")).text
    articles = split_articles(text)
    operations = list_operations(rest.describe_api())
    assert len(operations) > 55
    for method, path, operation in operations:
        name = operation["operationId"]
        article = articles[f"operation-{name}"]
        assert f">{method}</span> <code>{path}</code>" in article
        assert re.sub(r"`([^`]*)`", r"<code>\1</code>", operation["description"]) in article
        for parameter in operation.get("parameters", ()):
            assert f'<code>{parameter["name"]}</code> <span class="place">{parameter["in"]}<' in article, name
        assert ("<h4>Body" in article) == ("requestBody" in operation), name
        assert ('"Authorization: Bearer $SUTLER_TOKEN"' in article) == bool(operation.get("security")), name
        assert f'<a href="#operation-{name}"><span class="method' in text, name
    assert 'href="/api/v1/openapi.json"' in text


async def test_every_link_within_the_page_leads_somewhere(producer: Browser) -> None:
    text = (await producer.get("api")).text
    anchors = re.findall(r'\sid="([^"]+)"', text)
    assert len(set(anchors)) == len(anchors)
    links = set(re.findall(r'href="#([^"]+)"', text))
    assert len(links) > 60
    assert links <= set(anchors)
    assert set(re.findall(r'data-copy="([^"]+)"', text)) <= set(anchors)


def test_references_become_the_fields_they_stand_for(page: ApiPage) -> None:
    operation = get_operation(page, "create_campaign")
    assert operation.body is not None
    assert operation.body.shape is not None
    fields = {field.name: field for field in operation.body.shape.fields}
    assert list(fields)[:5] == ["experiment", "name", "keywords", "stages", "dependencies"]
    assert fields["name"].is_required
    assert [(word.text, word.anchor) for word in fields["stages"].words] == [
        ("list of ", ""),
        ("NewStage", "shape-NewStage"),
    ]
    assert fields["stages"].default == "[]"
    assert {"NewStage", "NewDependency", "ProblemDocument", "Problem"} <= {shape.name for shape in page.shapes}


def test_pages_of_lists_are_told_by_what_they_hold(page: ApiPage) -> None:
    reply = get_operation(page, "list_campaigns").replies[0]
    assert (reply.status, reply.is_page) == ("200", True)
    assert reply.shape is not None
    assert reply.shape.name == "CampaignSummary"
    assert not any(shape.name.startswith("Page") for shape in page.shapes)


def test_parameters_tell_bounds_defaults_and_choices(page: ApiPage) -> None:
    fields = {field.name: field for field in get_operation(page, "list_submission_handles").parameters}
    assert (fields["limit"].default, fields["limit"].place) == ("100", "query")
    assert fields["limit"].note == "How many items a page holds at most. At least 1, at most 1000."
    assert fields["submission_id"].note == ""
    assert "".join(word.text for word in fields["state"].words).startswith('"initial" | "reserved"')
    assert fields["state"].default == "null"


def test_examples_can_be_typed_but_say_what_is_to_be_filled_in(page: ApiPage) -> None:
    assert get_operation(page, "get_project").command == (
        f'curl \\\n  {URL}/api/v1/projects/PROJECT_ID \\\n  -H "Authorization: Bearer $SUTLER_TOKEN"'
    )
    assert get_operation(page, "count_files").command == (
        f"curl --get \\\n  {URL}/api/v1/files/count \\\n"
        '  -H "Authorization: Bearer $SUTLER_TOKEN" \\\n'
        "  --data-urlencode 'q=files from NAMESPACE:NAME'"
    )
    sign_in = get_operation(page, "sign_in")
    assert not sign_in.needs_token
    assert sign_in.command == (
        f"curl -X POST \\\n  {URL}/api/v1/tokens \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        '  -d \'{\n  "username": "USERNAME",\n  "password": "PASSWORD"\n}\''
    )


def test_filter_leaves_what_has_every_word_in_any_case(page: ApiPage) -> None:
    assert list_shown(choose(page, "IDEMPOTENCY  Stages/ launch")) == ["launch_stage"]
    assert len(list_shown(choose(page, ""))) == page.count
    nothing = choose(page, "launch nonsense")
    assert nothing.shown_count == 0
    assert not any(group.is_shown for group in nothing.groups)


async def test_filter_works_without_the_script(producer: Browser) -> None:
    reply = await producer.get("api?q=attempts/renew")
    hidden = re.findall(r'<article class="card operation" id="([^"]+)"[^>]* hidden>', reply.text)
    assert len(hidden) > 50
    assert "operation-renew" not in hidden
    assert "No operation has all these words." in (await producer.get("api?q=nonsense")).text
    assert "data-filter-empty>" in (await producer.get("api?q=nonsense")).text


async def test_page_is_for_those_who_are_signed_in(browser: Browser) -> None:
    reply = await browser.get("api")
    assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in?next=%2Fapi")


def _spoil(part: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any part of a document
    if isinstance(part, dict):
        yield part
        for item in list(part.values()):
            yield from _spoil(item)
    elif isinstance(part, list):
        for item in part:
            yield from _spoil(item)


async def test_hostile_texts_stay_texts(services: ServicesUnderTest) -> None:
    document: dict[str, Any] = copy.deepcopy(dict(rest.describe_api()))
    for part in _spoil(document):
        for key in ("description", "default", "operationId", "version"):
            if isinstance(part.get(key), str):
                part[key] += HOSTILE
        if isinstance(part.get("enum"), list):
            part["enum"].insert(0, HOSTILE)
    document["paths"] = {path + HOSTILE: methods for path, methods in document["paths"].items()}
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema["properties"] = {HOSTILE: {"type": "string"}, **schema["properties"]}
    browser = Browser(make_app(services, document))
    await browser.sign_in("pia")
    for address in ("api", "api?q=" + HOSTILE):
        reply = await browser.get(address)
        assert reply.status_code == 200
        assert "<script>" not in reply.text
        assert "&lt;script&gt;alert(" in reply.text
        tags = re.findall(r"<[a-zA-Z](?:[^>\"']|\"[^\"]*\"|'[^']*')*>", reply.text)
        assert not [tag for tag in tags if re.search(r"\sonclick\s*=", re.sub(r"\"[^\"]*\"", "", tag))]

"""Requests that are made up from our OpenAPI document: every answer is one that the document knows.

As many requests as a default run has time for; more with SUTLER_OPENAPI_EXAMPLES.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import BaseSchema, Case, Config, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import CoveragePhaseConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from tests.contract.openapi.aiming import aim
from tests.contract.openapi.bed import Bed

from sutler.rest.router import describe_api

EXAMPLES = int(os.environ.get("SUTLER_OPENAPI_EXAMPLES", "10"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
ENDING = {"DELETE /api/v1/projects/{project_id}", "POST /api/v1/projects/{project_id}/cancel"}
"""Requests after which a project is of no use to the others."""

LONGEST_ADDRESS = 65_000
"""Of longer ones the HTTP server itself says no, before any route sees them."""

SIGN_OUT = "/api/v1/tokens/current"


@schemathesis.serializer("application/x-ndjson")
def encode_lines(_context: schemathesis.SerializationContext, text: object) -> bytes:
    """Send a body of lines as it is."""
    return str(text).encode("utf-8", "surrogatepass")


def load_schema(*, modes: list[GenerationMode], has_coverage: bool) -> BaseSchema:
    """Return the description with the kinds of requests that are to be made from it.

    Coverage goes through the bounds of every field one by one. Other methods than described are tested elsewhere.
    """
    schema = schemathesis.openapi.from_dict(copy.deepcopy(describe_api()), config=Config())
    # The token is ours to send.
    schema.config.generation.update(with_security_parameters=False, modes=modes)
    schema.config.phases.coverage = CoveragePhaseConfig(enabled=has_coverage, unexpected_methods=set())
    return schema


everything = load_schema(modes=list(GenerationMode), has_coverage=True)
allowed = load_schema(modes=[GenerationMode.POSITIVE], has_coverage=False)
bounded = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """One connection for all requests."""
    with requests.Session() as kept:
        yield kept


@everything.parametrize()
@bounded
def test_an_administrator_gets_only_answers_that_are_described(
    case: Case[Any], bed: Bed, session: requests.Session
) -> None:
    ask(case, bed, session, "admin")


@allowed.parametrize()
@bounded
def test_a_plain_member_gets_only_answers_that_are_described(
    case: Case[Any], bed: Bed, session: requests.Session
) -> None:
    ask(case, bed, session, "anna")


def ask(case: Case[Any], bed: Bed, session: requests.Session, username: str) -> None:
    """Make a request and look at the answer."""
    aim(case, bed)
    if case.operation.label in ENDING and case.path_parameters.get("project_id") in bed.project_ids:
        case.path_parameters["project_id"] = bed.make_throw_away_project(username)
    token = bed.make_throw_away_token(username) if case.path == SIGN_OUT else bed.tokens[username]
    reply = case.call(base_url=bed.url, session=session, headers={"Authorization": f"Bearer {token}"})
    if reply.status_code == 400 and len(str(reply.request.url)) > LONGEST_ADDRESS:
        return
    case.validate_response(reply, checks=CHECKS)
    assert reply.status_code != 401 or case.path == "/api/v1/tokens", "the token is gone"

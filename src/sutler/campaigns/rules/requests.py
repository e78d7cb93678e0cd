"""Wishes to launch as objects of JSON, to be kept until their time has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sutler.campaigns.model import Cause, ChosenData, ChosenProject, ChosenQuery, LaunchRequest


def encode_request(request: LaunchRequest) -> dict[str, object]:
    """Return a request as an object of JSON. What is as usual is left out."""
    encoded: dict[str, object] = {"stage_id": request.stage_id, "key": request.key, "cause": request.cause.value}
    if request.is_test:
        encoded["is_test"] = True
    if request.data is not None:
        encoded["data"] = _encode_data(request.data)
    if request.parameter_overrides:
        encoded["parameter_overrides"] = [list(pair) for pair in request.parameter_overrides]
    if request.schedule_id is not None:
        encoded["schedule_id"] = request.schedule_id
    return encoded


def decode_request(encoded: Mapping[str, object]) -> LaunchRequest:
    """Return the request that `encode_request` was given."""
    given = cast("Mapping[str, Any]", encoded)
    return LaunchRequest(
        stage_id=given["stage_id"],
        key=given["key"],
        is_test=given.get("is_test", False),
        data=_decode_data(given.get("data")),
        parameter_overrides=tuple((key, text) for key, text in given.get("parameter_overrides", ())),
        cause=Cause(given["cause"]),
        schedule_id=given.get("schedule_id"),
    )


def _encode_data(data: ChosenData) -> dict[str, object]:
    return {"query": data.query} if isinstance(data, ChosenQuery) else {"project_id": data.project_id}


def _decode_data(data: Mapping[str, Any] | None) -> ChosenData | None:
    if data is None:
        return None
    return ChosenQuery(data["query"]) if "query" in data else ChosenProject(data["project_id"])

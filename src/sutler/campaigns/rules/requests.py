"""Wishes to launch as objects of JSON, to be kept until their time has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sutler.campaigns.model import (
    AnyRequest,
    Cause,
    ChosenData,
    ChosenProject,
    ChosenQuery,
    LaunchRequest,
    Methodology,
    Parameters,
    RecoveryRequest,
    RecoveryType,
    RelaunchRequest,
)


def encode_request(request: AnyRequest) -> dict[str, object]:
    """Return a request as an object of JSON. What is as usual is left out."""
    match request:
        case RecoveryRequest():
            return _encode_recovery(request)
        case RelaunchRequest():
            encoded = _begin(request, Cause.RELAUNCH) | {"submission_id": request.submission_id}
            return encoded | ({"same_project": True} if request.same_project else {})
        case LaunchRequest():
            return _encode_launch(request)


def decode_request(encoded: Mapping[str, object]) -> AnyRequest:
    """Return the request that `encode_request` was given."""
    given = cast("Mapping[str, Any]", encoded)
    cause = Cause(given["cause"])
    # Followers that come by themselves do not wait in the queue: what has these causes there was asked for by hand.
    if cause is Cause.RECOVERY:
        return RecoveryRequest(
            stage_id=given["stage_id"],
            key=given["key"],
            submission_id=given["submission_id"],
            recovery_type=RecoveryType(given["recovery_type"]),
            methodology=Methodology(given["methodology"]) if "methodology" in given else None,
            parameter_overrides=_pair(given),
        )
    if cause is Cause.RELAUNCH:
        return RelaunchRequest(
            given["stage_id"], given["key"], given["submission_id"], same_project=given.get("same_project", False)
        )
    return LaunchRequest(
        stage_id=given["stage_id"],
        key=given["key"],
        is_test=given.get("is_test", False),
        data=_decode_data(given.get("data")),
        parameter_overrides=_pair(given),
        cause=cause,
        schedule_id=given.get("schedule_id"),
    )


def _begin(request: AnyRequest, cause: Cause) -> dict[str, object]:
    return {"stage_id": request.stage_id, "key": request.key, "cause": cause.value}


def _encode_launch(request: LaunchRequest) -> dict[str, object]:
    encoded = _begin(request, request.cause)
    if request.is_test:
        encoded["is_test"] = True
    if request.data is not None:
        encoded["data"] = _encode_data(request.data)
    if request.schedule_id is not None:
        encoded["schedule_id"] = request.schedule_id
    return encoded | _list_overrides(request.parameter_overrides)


def _encode_recovery(request: RecoveryRequest) -> dict[str, object]:
    encoded = _begin(request, Cause.RECOVERY)
    encoded |= {"submission_id": request.submission_id, "recovery_type": request.recovery_type.value}
    if request.methodology is not None:
        encoded["methodology"] = request.methodology.value
    return encoded | _list_overrides(request.parameter_overrides)


def _list_overrides(overrides: Parameters) -> dict[str, object]:
    return {"parameter_overrides": [list(pair) for pair in overrides]} if overrides else {}


def _pair(given: Mapping[str, Any]) -> Parameters:
    return tuple((key, text) for key, text in given.get("parameter_overrides", ()))


def _encode_data(data: ChosenData) -> dict[str, object]:
    return {"query": data.query} if isinstance(data, ChosenQuery) else {"project_id": data.project_id}


def _decode_data(data: Mapping[str, Any] | None) -> ChosenData | None:
    if data is None:
        return None
    return ChosenQuery(data["query"]) if "query" in data else ChosenProject(data["project_id"])

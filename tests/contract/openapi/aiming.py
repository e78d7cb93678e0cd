"""Aiming requests that were made up at things that are there: most would name nothing otherwise.

Only values that a description allows are replaced, and every other one is left as it is.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from schemathesis import Case, GenerationMode
from tests.contract.openapi.bed import Bed

LONGEST_WAIT_SECONDS = 0.05
SHORTEST_PASSWORD = 12
LONGEST_TIMEOUT_SECONDS = 3600
_KEY = re.compile("[ -~]{1,128}")

NAMES: Mapping[str, tuple[str, ...]] = {
    "experiment": ("local",),
    "namespace": ("demo",),
    "dataset": ("demo:all",),
    "did": ("demo:f0", "demo:new"),
    "dids": ("demo:f0", "demo:f1"),
    "file": ("demo:f2", "demo:f3"),
    "files": ("demo:f0", "demo:f1", "demo:f4"),
    "username": ("carl",),
    "users": ("carl",),
    "groups": ("shifters",),
    "rse": ("disk",),
    "job_type": ("simulate",),
    "login_setup": ("here",),
    "owner_role": ("analysis",),
    "split_type": ("", "nfiles(2)"),
    "cursor": (),
    "q": ("files from demo:all", "owner = anna"),
    "query": ("files from demo:all",),
    "worker_id": ("w",),
    "server_url": ("http://127.0.0.1:9",),
    "auth_url": ("", "http://127.0.0.1:9/auth"),
    "account": ("", "robot"),
}
FREE_NAMES = frozenset({"name", "username", "label", "stage", "site"})
"""Fields that a name is made up for: rules for names are not in the description, and few made-up texts keep them."""

PATH_NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "/files/": {"name": ("f0", "f1")},
    "/datasets/": {"name": ("all",)},
    "/rses/": {"name": ("disk",), "experiment": ("local",)},
    "/experiments/": {"name": ("local",)},
    "/groups/": {"name": ("shifters",)},
}


def aim(case: Case[Any], bed: Bed) -> None:
    """Let a request that is right as it stands name things that are there; of the others only shorten the waiting."""
    if isinstance(case.body, dict):
        _hurry(case.body)
    headers: Any = case.headers or {}
    if _KEY.fullmatch(str(headers.get("Idempotency-Key", ""))):
        # Made-up keys are short and come again; what came with the first one would be all that is ever answered.
        headers["Idempotency-Key"] = uuid4().hex
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    for parameters in (case.path_parameters, case.query):
        for name, given in (parameters or {}).items():
            parameters[name] = _choose(name, given, bed, case.path)
    if isinstance(case.body, dict | list):
        case.body = _walk(case.body, bed)


def _hurry(body: dict[str, Any]) -> None:
    wait = body.get("wait_seconds")
    if isinstance(wait, int | float):
        body["wait_seconds"] = min(wait, LONGEST_WAIT_SECONDS)
    timeout = body.get("timeout_seconds", LONGEST_TIMEOUT_SECONDS)
    if "server_url" in body and isinstance(timeout, int | float):
        # Nobody answers there, and a check of the services tries until the end of this time.
        body["timeout_seconds"] = min(timeout, 1)


def _walk(part: Any, bed: Bed) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(part, list):
        return [_walk(inner, bed) for inner in part]
    if isinstance(part, dict):
        return {name: _choose(name, _walk(inner, bed), bed) for name, inner in part.items()}
    return part


def _choose(name: str, given: Any, bed: Bed, path: str = "") -> Any:  # noqa: ANN401
    """Return one of the names that are there, or what was given: decided by what was given, so that runs agree."""
    lot = zlib.crc32(repr(given).encode())
    if given and lot % 4 == 0:
        return given
    if isinstance(given, list) and all(isinstance(part, str | int) for part in given):
        return list(dict.fromkeys(_choose(name, part, bed, path) for part in given))
    if isinstance(given, str):
        return _choose_name(name, given, bed, path, lot)
    if isinstance(given, int | float) and not isinstance(given, bool):
        ids = _list_ids(bed).get(name)
        top = LONGEST_TIMEOUT_SECONDS if name.endswith("_seconds") else given
        return ids[lot % len(ids)] if ids else min(given, top)
    return given


def _choose_name(name: str, given: str, bed: Bed, path: str, lot: int) -> str:
    choices = next((names[name] for place, names in PATH_NAMES.items() if place in path and name in names), None)
    choices = NAMES.get(name, ()) if choices is None else choices
    if choices:
        return choices[lot % len(choices)]
    if name in FREE_NAMES:
        return bed.make_up_name()
    return given.ljust(SHORTEST_PASSWORD, "x") if name == "password" else given


def _list_ids(bed: Bed) -> dict[str, tuple[int, ...]]:
    return {
        "project_id": bed.project_ids,
        "attempt_ids": bed.attempt_ids,
        "campaign_id": (bed.campaign_id,),
        "stage_id": (bed.stage_id,),
        "submission_id": (bed.submission_id,),
        "position": (0, 1, 2),
        "number": (1, 2),
        "count": (1, 2),
        "share_id": (1, 2, 3),
    }

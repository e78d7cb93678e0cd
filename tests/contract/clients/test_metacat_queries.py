"""The acceptance cases of the query language, asked by the old client: what it finds, and in which order."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.contract.clients.bench import Bench

from sutler.client import Client

PLACE = Path(__file__).parent / "mql-cases.json"
CASES: dict[str, Any] = json.loads(PLACE.read_text(encoding="utf-8"))
EXPERIMENT = "mql"

SCRIPT = """
client = MetaCatClient(client.ServerURL + "/" + sys.argv[1], client.AuthURL, token=client.token())
cases = json.load(open(sys.argv[2]))
world = cases["dataset"]
if client.get_namespace(world["namespaces"][0]) is None:
    for name in world["namespaces"]:
        client.create_namespace(name)
    for one in world["datasets"]:
        client.create_dataset(one["did"], metadata=one.get("metadata"), description=one.get("description"))
    for parent, child in world["subsets"]:
        client.add_child_dataset(parent, child)
    for file in world["files"]:
        dataset, is_retired = file.pop("dataset"), file.pop("retired", False)
        client.declare_files(dataset, [file])
        if is_retired:
            client.retire_file(fid=file["fid"])
    for dataset, fid in world["extra_members"]:
        client.add_files(dataset, file_list=[{"fid": fid}])
    for query in world["named_queries"]:
        client.create_named_query(*query["did"].split(":"), query["source"])

def ask(text):
    try:
        return [one.get("fid") or one["namespace"] + ":" + one["name"] for one in client.query(text)]
    except Exception as error:
        return error.StatusCode

kinds = ("cases", "recommended_differences")
result = {one["query"]: ask(one["query"]) for kind in kinds for one in cases[kind]}
"""


def read_recommended(text: str) -> list[str] | int:
    """Return what is recommended where the original answers wrongly: fids, or a status; more follows in brackets."""
    status = re.match(r"\d{3}\b", text)
    return int(status[0]) if status else re.findall(r"\bf\d\d\b", text.partition("(")[0])


@pytest.fixture
def found(admin_bench: Bench, admin: Client) -> dict[str, list[str] | int]:
    """What the client finds for each query, in an experiment of its own."""
    if EXPERIMENT not in {experiment.name for experiment in admin.list_experiments().items}:
        admin.create_experiment(EXPERIMENT)
    # The other tests do not say which experiment they mean: nobody belongs to this one.
    admin.set_member(EXPERIMENT, "admin", None)
    answers: dict[str, list[str] | int] = admin_bench.catalog(SCRIPT, EXPERIMENT, PLACE)
    return answers


def test_every_case_is_answered_as_expected(found: dict[str, list[str] | int]) -> None:
    wrong = {}
    for case in CASES["cases"]:
        expected, got = case.get("expected", case.get("status")), found[case["query"]]
        if not case.get("ordered") and isinstance(got, list):
            expected, got = sorted(expected), sorted(got)
        if got != expected:
            wrong[case["id"]] = got
    assert wrong == {}
    assert len(CASES["cases"]) == 20


def test_where_the_original_is_wrong_the_answer_is_right(found: dict[str, list[str] | int]) -> None:
    wrong = {}
    for case in CASES["recommended_differences"]:
        expected, got = read_recommended(case["recommended"]), found[case["query"]]
        if (sorted(got) if isinstance(got, list) else got) != expected:
            wrong[case["query"]] = got
    assert wrong == {}

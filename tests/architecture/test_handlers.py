"""Campaigns reach files through the data handler alone."""

from __future__ import annotations

import re

from tests.architecture.rooms import SOURCE, label

_AROUND_IT = re.compile(
    r"\bcatalog\.(take_in|take_prepared_in|prepare_selection|count_in|enter_in)\b"
    r"|\bdispatch\.(create_project_in|claim_share_in|move_to_share_in|list_share_files_in|list_done_files_in|list_outputs_in)\b"
)


def test_operations_of_campaigns_do_not_go_around_the_data_handler() -> None:
    found = [
        f"{label(path)}: {match.group()}"
        for path in sorted((SOURCE / "campaigns" / "operations").glob("*.py"))
        for match in _AROUND_IT.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_search_would_find_it() -> None:
    text = (SOURCE / "campaigns" / "handlers" / "data_dispatcher.py").read_text(encoding="utf-8")
    assert len(set(_AROUND_IT.findall(text))) > 5

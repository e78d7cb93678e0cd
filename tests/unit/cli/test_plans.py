"""What `sutler campaign plan` prints."""

from __future__ import annotations

import pytest

from sutler.cli.campaign_texts import _print_plan, print_changes
from sutler.wire.plans import CampaignPlan, PlannedChange, StageEffect

CHANGES = (
    PlannedChange("added", "stage mix", "", ""),
    PlannedChange("removed", "tag", "old", ""),
    PlannedChange("changed", "stage gen: unit_count", "3", "30"),
    PlannedChange("changed", "stage gen: setup", "", "a\nb"),
)


def test_changes_are_marked_and_show_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    print_changes(CHANGES)
    assert capsys.readouterr().out.splitlines() == [
        "  + stage mix",
        "  - tag: old",
        "  ~ stage gen: unit_count: 3 → 30",
        "  ~ stage gen: setup: '' → 'a\\nb'",
    ]


def test_changes_are_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, object]] = []
    monkeypatch.setattr("typer.secho", lambda text, fg=None, **_: shown.append((text[:3].strip(), fg)))
    print_changes(CHANGES[:3])
    assert shown == [("+", "green"), ("-", "red"), ("~", "yellow")]


def test_a_plan_says_what_is_touched_and_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    effects = (
        StageEffect("gen", "changed", 120, 30, begins_anew=True, submission_count=1),
        StageEffect("mix", "added", None, 0, begins_anew=False, submission_count=0),
    )
    plan = CampaignPlan("local", "spring", 7, 4, CHANGES, effects, ("who knows",), ("no such job type",))
    _print_plan(plan)
    said = capsys.readouterr()
    assert "Campaign spring of local is there as 7." in said.out
    assert (
        "  stage gen: changed; 120 files; 30 given out so far, which would be given out once more; 1 submission kept"
        in said.out
    )
    assert "  stage mix: added; files not known now" in said.out
    assert "1 to add, 2 to change, 1 to remove." in said.out
    assert said.err.splitlines() == ["Warning: who knows", "Problem: no such job type"]


def test_a_plan_without_changes_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    _print_plan(CampaignPlan("local", "spring", None, None, (), (), (), ()))
    assert capsys.readouterr().out.splitlines() == [
        "Campaign spring of local is new.",
        "Nothing to change: file and campaign say the same.",
    ]

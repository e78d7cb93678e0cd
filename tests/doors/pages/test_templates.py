"""Templates use only fields that their views have."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeAlias

import pytest
from jinja2 import nodes

from sutler.pages import (
    account,
    api,
    browsing,
    campaign_changes,
    campaign_texts,
    campaigns,
    datasets,
    experiment_services,
    failures,
    files,
    handle,
    holds,
    job_types,
    key_indexes,
    launching,
    login_setups,
    project_changes,
    projects,
    proximity,
    questions,
    schedules,
    search,
    splits,
    stage_switches,
    stages,
    storage,
    submission_changes,
    submission_search,
    submissions,
)
from sutler.pages.rendering import FOLDER, Renderer

VIEWS: dict[str, list[type]] = {
    "sign_in.html": [account.SignInPage],
    "error.html": [failures.ErrorPage],
    "api.html": [api.ApiPage],
    "campaigns.html": [campaigns.CampaignsPage],
    "campaign.html": [campaigns.CampaignPage],
    "_campaign.html": [campaigns.CampaignPage],
    "_flow.html": [campaigns.CampaignPage],
    "stage.html": [stages.StagePage],
    "_stage.html": [stages.StagePage],
    "_submissions.html": [campaigns.CampaignPage, stages.StagePage, submission_search.SubmissionsPage],
    "submissions.html": [submission_search.SubmissionsPage],
    "stages.html": [stage_switches.StagesPage],
    "stages_switched.html": [stage_switches.SwitchedPage],
    "stage_form.html": [stages.StageForm],
    "_settings.html": [stages.StageForm, campaign_changes.CampaignForm],
    "campaign_form.html": [campaign_changes.CampaignForm],
    "campaign_text.html": [campaign_texts.TextPage],
    "dependencies.html": [campaign_changes.DependenciesForm],
    "samples.html": [campaign_texts.SamplesPage],
    "question.html": [questions.Question],
    "launch.html": [launching.LaunchPage],
    "split.html": [splits.SplitPage],
    "forecast.html": [splits.ForecastPage],
    "schedule.html": [schedules.SchedulePage],
    "schedules.html": [schedules.SchedulesPage],
    "queue.html": [holds.QueuePage],
    "holds.html": [holds.HoldsPage],
    "named_templates.html": [login_setups.TemplatesPage],
    "login_setup.html": [login_setups.LoginSetupPage],
    "job_type.html": [job_types.JobTypePage],
    "_users.html": [login_setups.LoginSetupPage, job_types.JobTypePage],
    "recover.html": [submission_changes.RecoveryPage],
    "compare.html": [submission_changes.ComparePage],
    "submission.html": [submissions.SubmissionPage],
    "_progress.html": [submissions.SubmissionPage],
    "_files.html": [submissions.SubmissionPage],
    "outputs.html": [submissions.OutputsPage],
    "cancel.html": [submissions.CancelPage],
    "job.html": [submissions.JobPage],
    "_job.html": [submissions.JobPage],
    "project.html": [projects.ProjectPage],
    "_project.html": [projects.ProjectPage, projects.ProjectStanding],
    "_handles.html": [projects.ProjectPage, projects.HandlesPart],
    "project_history.html": [projects.HistoryPage],
    "project_question.html": [project_changes.QuestionPage],
    "project_settings.html": [project_changes.SettingsPage],
    "projects.html": [browsing.ProjectsPage],
    "_projects.html": [browsing.ProjectsPage],
    "handle.html": [handle.HandlePage],
    "_handle.html": [handle.HandlePage],
    "handle_question.html": [handle.HandleQuestionPage],
    "experiment.html": [experiment_services.ExperimentPage],
    "rses.html": [storage.StoragePage],
    "rse.html": [storage.RsePage],
    "rse_new.html": [storage.RsePage],
    "rse_delete.html": [storage.RsePage],
    "_rse_fields.html": [storage.RsePage],
    "proximity.html": [proximity.ProximityPage],
    "file.html": [files.FilePage],
    "_lineage.html": [files.FilePage],
    "dataset.html": [datasets.DatasetPage],
    "_distributions.html": [datasets.DatasetPage],
    "key_indexes.html": [key_indexes.KeyIndexesPage],
    "search.html": [search.SearchPage],
    "_search_check.html": [search.CheckPart],
}
Hint: TypeAlias = Any
"""A type as it is written in an annotation; None where it is not known."""

WITHOUT_VIEW = {"page.html", "_macros.html", "_explanation.html"}


def _get_origin(hint: Hint) -> Hint:
    return typing.get_origin(hint)


def _strip_none(hint: Hint) -> Hint:
    if _get_origin(hint) in (typing.Union, types.UnionType):
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        return kinds[0] if len(kinds) == 1 else None
    return hint


class Reader:
    """Follows names from `view` through assignments and loops, and checks each step."""

    def __init__(self, view: type) -> None:
        self.names: dict[str, Any] = {"view": view}
        self.steps = 0
        self.problems: list[str] = []

    def read(self, node: nodes.Node) -> None:
        """Check a node and everything below it, in order."""
        if isinstance(node, nodes.Assign | nodes.For):
            source = node.node if isinstance(node, nodes.Assign) else node.iter
            kind = self.find_kind(source)
            if isinstance(node.target, nodes.Name):
                is_loop = isinstance(node, nodes.For)
                self.names[node.target.name] = self.find_item(kind) if is_loop else kind
        if isinstance(node, nodes.Getattr):
            self.find_kind(node)
            return
        for child in node.iter_child_nodes():
            self.read(child)

    def find_kind(self, node: nodes.Node) -> Hint:
        """Return the type of an expression as far as it is known, None otherwise."""
        if isinstance(node, nodes.Name):
            return self.names.get(node.name)
        if isinstance(node, nodes.Getattr):
            return self.find_attribute(self.find_kind(node.node), node.attr, node.lineno)
        if isinstance(node, nodes.Filter) and node.name == "reverse" and node.node is not None:
            return self.find_kind(node.node)
        for child in node.iter_child_nodes():
            self.find_kind(child)
        return None

    def find_attribute(self, kind: Hint, name: str, line: int) -> Hint:
        """Return the type of one attribute; note a problem when there is none."""
        kind = _strip_none(kind)
        origin: Hint = _get_origin(kind) or kind
        if kind is None or origin in (Mapping, dict) or not isinstance(origin, type):
            return None
        if issubclass(origin, enum.Enum) and name in ("name", "value"):
            return str
        self.steps += 1
        hints = typing.get_type_hints(origin) if dataclasses.is_dataclass(origin) else {}
        member = getattr(origin, name, None)
        if name in hints:
            hint = hints[name]
        elif isinstance(member, property) and member.fget is not None:
            hint = typing.get_type_hints(member.fget).get("return")
        elif member is not None:
            return None
        else:
            self.problems.append(f"line {line}: {origin.__name__} has no {name}")
            return None
        parameters = getattr(origin, "__parameters__", ())
        arguments = dict(zip(parameters, typing.get_args(kind), strict=False))
        return hint[tuple(arguments[p] for p in hint.__parameters__)] if getattr(hint, "__parameters__", ()) else hint

    def find_item(self, kind: Hint) -> Hint:
        """Return the type of what a loop goes over."""
        kind = _strip_none(kind)
        origin = _get_origin(kind)
        arguments = typing.get_args(kind)
        is_tuple = origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis
        return arguments[0] if is_tuple else None


def _read(template: str, view: type) -> Reader:
    source = (FOLDER / "templates" / template).read_text()
    reader = Reader(view)
    reader.read(Renderer().environment.parse(source))
    return reader


@pytest.mark.parametrize(
    ("template", "view"), [(template, view) for template, views in VIEWS.items() for view in views]
)
def test_template_uses_only_fields_that_its_view_has(template: str, view: type) -> None:
    assert _read(template, view).problems == []


def test_reader_follows_templates_deeply_enough_to_matter() -> None:
    assert _read("_progress.html", submissions.SubmissionPage).steps > 40
    assert _read("_files.html", submissions.SubmissionPage).steps > 20
    assert _read("api.html", api.ApiPage).steps > 40
    assert _read("project.html", projects.ProjectPage).steps > 40
    assert _read("proximity.html", proximity.ProximityPage).steps > 20


def test_reader_notices_a_field_that_is_missing_in_a_loop() -> None:
    source = "{% for handle in view.files.handles.items %}{{ handle.colour }}{% endfor %}"
    reader = Reader(submissions.SubmissionPage)
    reader.read(Renderer().environment.parse(source))
    assert reader.problems == ["line 1: Handle has no colour"]


def test_every_template_is_known_here() -> None:
    assert {path.name for path in (FOLDER / "templates").iterdir()} == VIEWS.keys() | WITHOUT_VIEW


def test_vendored_scripts_have_their_licences_beside_them() -> None:
    vendor = FOLDER / "static" / "vendor"
    taken = [*vendor.glob("*.js"), *vendor.glob("*.css")]
    assert len(taken) == 4
    for file in taken:
        licence = (vendor / f"{file.name.split('.')[0]}.LICENSE").read_text().lower()
        assert "permission to use, copy, modify" in licence or "rights to use, copy, modify" in " ".join(
            licence.split()
        )
        assert f"`{file.name}`" in (vendor / "README.md").read_text()

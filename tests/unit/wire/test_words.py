"""The fixed words of requests are those of the rooms."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import typing
from enum import StrEnum

import pytest

import sutler.wire
from sutler.auth import Role
from sutler.campaigns import (
    CompletionType,
    HoldKind,
    Methodology,
    Overlap,
    QueueState,
    RecoveryMode,
    RecoveryType,
    SplitKind,
    StageSettings,
    StageType,
)
from sutler.cli.experiments import RoleWord
from sutler.cli.holds import HoldWord, QueueWord
from sutler.cli.projects import ProjectWord
from sutler.cli.schedules import OverlapWord
from sutler.cli.splits import SplitWord
from sutler.cli.submissions import HandleWord
from sutler.dispatch import HandleState, ProjectState
from sutler.wire import auth, campaigns, dispatch, holds, schedules, splits, stage_settings


@pytest.mark.parametrize(
    ("words", "enum"),
    [
        (auth.Role, Role),
        (dispatch.HandleState, HandleState),
        (campaigns.RecoveryType, RecoveryType),
        (holds.HoldKind, HoldKind),
        (holds.QueueState, QueueState),
        (schedules.Overlap, Overlap),
        (splits.SplitKind, SplitKind),
        (stage_settings.StageType, StageType),
        (stage_settings.CompletionType, CompletionType),
        (stage_settings.RecoveryMode, RecoveryMode),
        (stage_settings.Methodology, Methodology),
    ],
)
def test_words_of_requests_are_those_of_the_room(words: object, enum: type[StrEnum]) -> None:
    assert typing.get_args(words) == tuple(word.value for word in enum)


@pytest.mark.parametrize(
    ("words", "enum"),
    [
        (HandleWord, HandleState),
        (HoldWord, HoldKind),
        (OverlapWord, Overlap),
        (ProjectWord, ProjectState),
        (QueueWord, QueueState),
        (RoleWord, Role),
        (SplitWord, SplitKind),
    ],
)
def test_words_of_commands_are_those_of_the_room(words: type[StrEnum], enum: type[StrEnum]) -> None:
    assert [word.value for word in words if word.value != "none"] == [word.value for word in enum]


def test_the_settings_of_requests_are_those_of_the_room() -> None:
    names = {field.name for field in dataclasses.fields(stage_settings.StageSettings)}
    assert names == {field.name for field in dataclasses.fields(StageSettings)}
    assert names < {field.name for field in dataclasses.fields(campaigns.Stage)}


def test_every_shape_is_a_frozen_dataclass_with_a_docstring_and_a_unit_for_durations() -> None:
    shapes = [
        shape
        for module in pkgutil.iter_modules(sutler.wire.__path__)
        for shape in vars(importlib.import_module(f"sutler.wire.{module.name}")).values()
        if dataclasses.is_dataclass(shape) and isinstance(shape, type) and not shape.__name__.startswith("_")
    ]
    assert len(shapes) > 60
    for shape in shapes:
        assert vars(shape)["__dataclass_params__"].frozen, shape
        assert not (shape.__doc__ or "").startswith(f"{shape.__name__}("), shape
        for field in dataclasses.fields(shape):
            is_duration = field.name.endswith(("_timeout", "_for")) and not str(field.type).startswith("bool")
            assert not is_duration, (shape, field.name)

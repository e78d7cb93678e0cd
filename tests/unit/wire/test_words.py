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
from sutler.campaigns import StageType
from sutler.cli.experiments import RoleWord
from sutler.cli.projects import ProjectWord
from sutler.cli.submissions import HandleWord
from sutler.dispatch import HandleState, ProjectState
from sutler.wire import auth, campaigns, dispatch


@pytest.mark.parametrize(
    ("words", "enum"),
    [(auth.Role, Role), (campaigns.StageType, StageType), (dispatch.HandleState, HandleState)],
)
def test_words_of_requests_are_those_of_the_room(words: object, enum: type[StrEnum]) -> None:
    assert typing.get_args(words) == tuple(word.value for word in enum)


@pytest.mark.parametrize(("words", "enum"), [(HandleWord, HandleState), (ProjectWord, ProjectState), (RoleWord, Role)])
def test_words_of_commands_are_those_of_the_room(words: type[StrEnum], enum: type[StrEnum]) -> None:
    assert [word.value for word in words if word.value != "none"] == [word.value for word in enum]


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

"""Settings of stages as people give them on the command line: `NAME=VALUE`."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sutler.base.errors import InvalidInputError, Problem
from sutler.cli.asking import read_shape

if TYPE_CHECKING:
    from sutler.wire.stage_settings import StageSettings

Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting, like completion_pct=90; give it often for several."),
]
Unsets = Annotated[
    list[str] | None, typer.Option("--unset", metavar="NAME", help="A setting to be inherited again; give it often.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--override", help="A parameter as it stands in the command, like '--events 10' or '--memory=4GB'."),
]


def read_settings(given: Iterable[str] | None) -> StageSettings | None:
    """Return the settings that were given, None without any. Raises InvalidInputError, ShapeError."""
    from sutler.wire.stage_settings import StageSettings

    if not given:
        return None
    hints = typing.get_type_hints(StageSettings)
    said: dict[str, Any] = {}
    for text in given:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or name not in hints:
            raise InvalidInputError([Problem(f"--set {text}", f"takes NAME=VALUE; names are {', '.join(hints)}")])
        said[name] = _read_value(value, hints[name])
    return read_shape(StageSettings, said, "--set")


def read_parameters(given: Iterable[str] | None) -> tuple[tuple[str, str], ...]:
    """Return parameters as pairs: a key with its `=` or blank, and its value."""
    return tuple(map(_split, given or ()))


def _read_value(text: str, hint: Any) -> Any:  # noqa: ANN401 - types of fields
    """Texts and words as they are, everything else as JSON; `yes` and `no` for what is true or false."""
    kinds = typing.get_args(hint)
    if str in kinds or typing.Literal in {typing.get_origin(kind) for kind in kinds}:
        return text
    if bool in kinds and text in {"yes", "no"}:
        return text == "yes"
    try:
        return json.loads(text)
    except ValueError:
        return text


def _split(text: str) -> tuple[str, str]:
    places = [place for place in (text.find("="), text.find(" ")) if place >= 0]
    at = min(places) + 1 if places else len(text)
    return text[:at], text[at:]

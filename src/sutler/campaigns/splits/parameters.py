"""What a split type is told: its parameters, and reading them from the text between the brackets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass
from typing import Any

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.amounts import Kind


@dataclass(frozen=True)
class Parameter:
    """One value that a form asks for. `default` is its text; None means that the value must be given."""

    name: str
    kind: Kind[Any]
    help: str
    default: str | None = None

    def read(self, text: str, *, of: str) -> object:
        """The value that a text means. Raises SplitTypeError, which says whose parameter it is and what it takes."""
        try:
            return self.kind.read(text.strip())
        except ValueError as error:
            raise SplitTypeError(f"{of}: {self.name} takes {self.kind.hint}, not {text!r}.") from error


def parameter(kind: Kind[Any], help_text: str) -> Mapping[str, object]:
    """The metadata of a field that is a parameter of its split type: `field(metadata=parameter(COUNT, "…"))`."""
    return {"kind": kind, "help": help_text}


def describe_field(field: Field[Any]) -> Parameter:
    """What a field of a split type asks for."""
    kind: Kind[Any] = field.metadata["kind"]
    default = None if field.default is MISSING else kind.write(field.default)
    return Parameter(field.name, kind, field.metadata["help"], default)


def write_arguments(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> str:
    """Values with their brackets, as short as it goes.

    What has no default stands by its place, the rest by name if it differs from the default. The same values are always
    the same text. Without anything to say there are no brackets either.
    """
    pieces = []
    for asked in parameters:
        text = asked.kind.write(values[asked.name])
        if asked.default is None:
            pieces.append(text)
        elif text != asked.default:
            pieces.append(f"{asked.name}={text}")
    return f"({', '.join(pieces)})" if pieces else ""


def read_arguments(name: str, parameters: Sequence[Parameter], text: str) -> dict[str, object]:
    """What `50`, `n=50` or `low=1, high=4` says, by parameter. What has a default may be left out, or be left empty.

    White space around names, values, commas and signs is ignored. Raises SplitTypeError, which says what there is.
    """
    values: dict[str, object] = {}
    for asked, given in _assign(name, parameters, text).items():
        if given or asked.default is None:
            values[asked.name] = asked.read(given, of=name)
    missing = [asked for asked in parameters if asked.default is None and asked.name not in values]
    if missing:
        raise SplitTypeError(f"{name} needs {missing[0].name}: {missing[0].help} It takes {missing[0].kind.hint}.")
    return values


def _assign(name: str, parameters: Sequence[Parameter], text: str) -> dict[Parameter, str]:
    given: dict[Parameter, str] = {}
    has_names = False
    for place, piece in enumerate(text.split(",") if text.strip() else ()):
        key, sign, value = (part.strip() for part in piece.partition("="))
        has_names = has_names or bool(sign)
        asked = _find(parameters, key) if has_names else _at(parameters, place)
        if asked is None or bool(sign) != has_names or not (sign or key):
            known = ", ".join(asked.name for asked in parameters)
            there_is = f"It takes {known}, in this order or as name=value" if known else "It takes none"
            raise SplitTypeError(f"{name}: {piece.strip()!r} is not understood as an argument. {there_is}.")
        if asked in given:
            raise SplitTypeError(f"{name}: {asked.name} is given twice.")
        given[asked] = value if sign else key
    return given


def _find(parameters: Sequence[Parameter], name: str) -> Parameter | None:
    return next((asked for asked in parameters if asked.name == name), None)


def _at(parameters: Sequence[Parameter], place: int) -> Parameter | None:
    return parameters[place] if place < len(parameters) else None

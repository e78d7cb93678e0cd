"""The user's command for one run: placeholders filled in, and the environment it sees.

`{file}`, `{did}`, `{name}`, `{stem}` and `{attempt}` stand for the first input anywhere in an argument; an argument
that is exactly `{files}` becomes one argument per input. `{{name}}` or `{{name}` is a literal `{name}`. Any other brace
means itself, so that `${HOME}`, awk programs and JSON pass through unharmed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from sutler.worker.errors import UsageError
from sutler.worker.inputs import Input

_PLACEHOLDER = re.compile(
    r"\{\{(?P<literal>file|files|did|name|stem|attempt)\}\}?|\{(?P<name>file|did|name|stem|attempt)\}"
)
_FILES = "{files}"
_MISPLACED_FILES = re.compile(r"(?<!\{)\{files\}")

_KEPT_FROM_COMMAND = frozenset({"SUTLER_TOKEN", "SUTLER_TOKEN_FILE"})


def check_command(command: Sequence[str]) -> None:
    """Raise UsageError for a command that could never be filled in."""
    if not command or not command[0]:
        raise UsageError("There is no command to run: give it after --, as in `sutler worker run -- ./reco {file}`.")
    for argument in command:
        if argument != _FILES and _MISPLACED_FILES.search(argument):
            raise UsageError(f"{_FILES} must be an argument of its own, not a part of '{argument}'.")
    if command[0] == _FILES:
        raise UsageError(f"{_FILES} cannot be the command itself.")


def fill_in(command: Sequence[str], inputs: Sequence[Input]) -> list[str]:
    """The arguments of one run."""
    values = _values_of(inputs[0])
    arguments: list[str] = []
    for argument in command:
        if argument == _FILES:
            arguments.extend(source.location for source in inputs)
        else:
            arguments.append(_PLACEHOLDER.sub(lambda found: _replacement(found, values), argument))
    return arguments


def _values_of(source: Input) -> dict[str, str]:
    lease = source.lease
    return {
        "file": source.location,
        "did": lease.did,
        "name": lease.name,
        "stem": PurePosixPath(lease.name).stem,
        "attempt": str(lease.attempt),
    }


def _replacement(found: re.Match[str], values: Mapping[str, str]) -> str:
    literal = found["literal"]
    return f"{{{literal}}}" if literal else values[found["name"]]


def build_environment(
    environment: Mapping[str, str], inputs: Sequence[Input], *, directory: Path, attributes_as_list: bool
) -> dict[str, str]:
    """What the command sees: the worker's own environment without its token, and the facts of the run.

    SUTLER_HANDLE_ATTRIBUTES is one JSON object, or a list of them where runs may get several files: by the setting, not
    by the number that happened to be left, so that a command can rely on the shape.
    """
    first = inputs[0].lease
    attributes = [source.lease.attributes for source in inputs]
    return {
        **{name: value for name, value in environment.items() if name not in _KEPT_FROM_COMMAND},
        "SUTLER_INPUT_FILE": inputs[0].location,
        "SUTLER_INPUT_FILES": "\n".join(source.location for source in inputs),
        "SUTLER_INPUT_DID": first.did,
        "SUTLER_INPUT_DIDS": "\n".join(source.lease.did for source in inputs),
        "SUTLER_ATTEMPT_ID": str(first.attempt_id),
        "SUTLER_ATTEMPT": str(first.attempt),
        "SUTLER_HANDLE_ATTRIBUTES": json.dumps(attributes if attributes_as_list else attributes[0]),
        "SUTLER_OUTPUT_DIR": str(directory),
    }

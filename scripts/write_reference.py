"""Write the generated pages of docs/reference from the code: errors, events, settings, states, commands, routes.

`--check` writes nothing and fails when a page is stale. The same code always gives the same pages.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

from typer.main import get_command

from sutler.base.errors import SutlerError
from sutler.base.settings import SETTINGS
from sutler.campaigns.splits import BUILT_IN
from sutler.cli.failures import EXIT_CODES
from sutler.cli.main import app
from sutler.dispatch.model import Outcome
from sutler.dispatch.rules import decisions
from sutler.rest import describe_api
from sutler.rest.problems import STATUSES

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
SOURCE = Path(__file__).parents[1] / "src" / "sutler"
NOTICE = "<!-- Written by scripts/write_reference.py from the code. Change the code, not this page. -->\n\n"
ROOMS = ("auth", "catalog", "replicas", "dispatch", "launch", "campaigns")
ERRORS_HEAD = (
    "# Errors\n\nEvery failure has a code that does not change, a sentence for people, and facts for programs. "
    "In the API it is a problem document with that code and the status shown here; a command prints the sentence "
    "and ends with an [exit code](cli.md).\n"
)
EVENTS_HEAD = (
    "# Events\n\nEvery change appends an event in the transaction of the change: when, who, what kind, about which "
    "subject, and these facts. Live pages and reactions follow them.\n"
)
SETTINGS_HEAD = (
    "# Settings\n\nSettings of the server, each from the last of: its default, `DATA_DIR/sutler.toml` or the file "
    "named by `--config`, its environment variable, the command line. `sutler config show` prints every value and "
    "where it came from. The data directory itself is named by `--data-dir` or `SUTLER_DATA_DIR`. "
    "Unknown keys in the file are an error.\n"
)
STATES_HEAD = (
    "# States and other fixed words\n\nThe words are stored, displayed and sent exactly as they stand here. "
    "How things move between them is told in [the life of a file handle](../explanation/life-of-a-file-handle.md) "
    "and [the life of a submission](../explanation/life-of-a-submission.md).\n"
)
_FACTS = re.compile(r'^    [A-Z_]+ = "(?P<kind>[a-z_.]+)"  # (?P<facts>.*?)(?:  # noqa.*)?$', re.MULTILINE)


SPLIT_TYPES_HEAD = (
    "# Split types\n\n"
    "How the data of a stage are cut into slices, one for each launch. The older spelling `nfiles_50` is read as well, "
    "and white space around names, commas and brackets does not matter. `sutler stage forecast` shows what they would "
    "make of the data of a stage. Others can be [added](../how-to/contributors/add-a-split-type.md).\n"
)


def main(*, is_check: bool) -> int:
    """Write or compare every page. Returns the exit code."""
    stale = []
    for name, write in PAGES.items():
        page, text = REFERENCE / name, NOTICE + re.sub(r"\n{3,}", "\n\n", write()).rstrip() + "\n"
        if is_check:
            if not page.exists() or page.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
    if stale:
        print(f"Stale: {', '.join(stale)}. Run scripts/write_reference.py.", file=sys.stderr)
    return 1 if stale else 0


def write_errors() -> str:
    """Every error, by code."""
    _import_everything()
    parts = [ERRORS_HEAD]
    for room, errors in _by_room(_list_subclasses(SutlerError), lambda error: error.code):
        parts.append(f"## {room}\n")
        for error in errors:
            status = next((status for kind, status in STATUSES.items() if issubclass(error, kind)), 500)
            sentence = inspect.cleandoc(error.__doc__ or "")
            parts.append(f"### {error.code}\n\n{_escape(sentence)}\n\n`{error.__name__}`, status {status}.\n")
    return "\n".join(parts)


def write_events() -> str:
    """Every kind of event, with its facts."""
    parts = [EVENTS_HEAD]
    for room in ROOMS:
        model = importlib.import_module(f"sutler.{room}.model")
        for enum in _list_enums(model):
            if enum.__name__.endswith("Event"):
                source = inspect.getsource(sys.modules[enum.__module__])
                facts = {match["kind"]: match["facts"] for match in _FACTS.finditer(source)}
                parts.append(f"## {room}\n")
                parts += [f"### {kind.value}\n\nFacts: {_escape(facts[kind.value])}.\n" for kind in enum]
    return "\n".join(parts)


def write_settings() -> str:
    """Every setting of the server."""
    parts = [SETTINGS_HEAD]
    for row in SETTINGS:
        default = "empty" if row.default == "" else f"`{row.default}`"
        kind = {"bool": "yes or no", "int": "whole number", "str": "text", "Secret": "text, never printed"}[row.kind]
        parts.append(
            f"### {row.name}\n\n{_escape(row.help)}\n\nEnvironment `{row.environment_name}`; {kind}; "
            f"default: {default}.\n"
        )
    return "\n".join(parts)


def write_split_types() -> str:
    """Every split type, with its parameters."""
    parts = [SPLIT_TYPES_HEAD]
    for name, kind in BUILT_IN.items():
        lines = [
            f"### {name}\n",
            _escape(kind.help),
            f"\nExample: `{kind.example}`. Works on: {_escape(kind.base_help)}\n",
        ]
        ledger = "Each file is given out once in a pass." if kind.uses_ledger else "Keeps no ledger of files."
        lines.append(ledger)
        if kind.position_parameter is not None:
            asked = kind.position_parameter
            lines.append(f"Its position is `{asked.name}`: {_escape(asked.help)}")
        rows = [
            (f"`{each.name}`", each.kind.name, "needed" if each.default is None else f"`{each.default}`", each.help)
            for each in kind.parameters()
        ]
        if rows:
            lines.append("\n" + _table(("parameter", "kind", "default", "meaning"), rows))
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def write_states() -> str:
    """Every enumeration of the rooms, and where a handle goes when a lease ends."""
    parts = [STATES_HEAD]
    for room in ROOMS:
        enums = [
            enum
            for enum in _list_enums(importlib.import_module(f"sutler.{room}.model"))
            if not enum.__name__.endswith("Event")
        ]
        if enums:
            parts.append(f"## {room}\n")
        for enum in enums:
            words = ", ".join(f"`{word.value}`" for word in enum)
            parts.append(f"### {room}.{enum.__name__}\n\n{_escape(inspect.cleandoc(enum.__doc__ or ''))}\n\n{words}\n")
    return "\n".join([*parts, _write_endings()])


def _write_endings() -> str:
    rows = []
    for outcome in Outcome:
        again = decisions.decide_next_state(outcome, attempt=1, max_attempts=2)
        last = decisions.decide_next_state(outcome, attempt=2, max_attempts=2)
        never = decisions.decide_next_state(outcome, attempt=1, max_attempts=2, may_retry=False)
        is_reported = outcome in (Outcome.DONE, Outcome.FAILED)
        rows.append(
            (*(f"`{word.value}`" for word in (outcome, again, last)), f"`{never.value}`" if is_reported else "-")
        )
    return "## Where a handle goes when its lease ends\n\n" + _table(
        ("outcome", "attempts left", "last attempt", "reported as not worth another try"), rows
    )


def write_commands() -> str:
    """Every command of `sutler`."""
    parts = ["# Commands\n\n" + _write_exit_codes()]
    _write_command(parts, "sutler", get_command(app))
    return "\n".join(parts)


def _write_exit_codes() -> str:
    rows = [(f"{code}", inspect.cleandoc(kind.__doc__ or "")) for kind, code in EXIT_CODES.items()]
    return (
        "A command that fails prints one sentence on standard error and ends with one of these codes; "
        "anything else that goes wrong is a defect of the program and ends with 70.\n\n"
        + _table(("exit code", "meaning"), sorted(rows, key=lambda row: int(row[0])))
    )


def _write_command(parts: list[str], path: str, command: Any) -> None:  # noqa: ANN401 - typer hides click's classes
    if getattr(command, "hidden", False):
        return
    parts.append(f"## {path}\n\n{_escape(inspect.cleandoc(command.help or ''))}\n")
    rows = []
    for parameter in command.params:
        if parameter.name in ("help", "install_completion", "show_completion") or getattr(parameter, "hidden", False):
            continue
        is_argument = parameter.param_type_name == "argument"
        name = parameter.name.upper() if is_argument else ", ".join(parameter.opts)
        rows.append((f"`{name}`", getattr(parameter, "help", None) or "", _describe_default(parameter)))
    if rows:
        parts.append(_table(("parameter", "meaning", "default"), rows))
    for name, inner in getattr(command, "commands", {}).items():
        _write_command(parts, f"{path} {name}", inner)


def _describe_default(parameter: Any) -> str:  # noqa: ANN401 - see above
    if parameter.required:
        return "required"
    default = parameter.default
    return "" if default is None or callable(default) or default is False or default == () else f"`{default}`"


def write_routes() -> str:
    """Every route of our API and every shape that goes over it."""
    document = _describe_api()
    parts = [f"# HTTP API\n\n{document['info']['description']}"]
    room = ""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] != room:
                room = operation["tags"][0]
                parts.append(f"## {room}\n")
            parts += _write_route(method.upper(), path, operation)
    parts.append("## Shapes\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts += _write_shape(name, schema)
    return "\n".join(parts)


def _describe_api() -> dict[str, Any]:
    return describe_api()


def _write_route(method: str, path: str, operation: Mapping[str, Any]) -> list[str]:
    parts = [f"### {method} {path}\n\n{_escape(operation.get('description') or operation['summary'])}\n"]
    rows = [
        (f"`{p['name']}`", p["in"], _describe_type(p["schema"]), _escape(p.get("description", "")))
        for p in operation.get("parameters", ())
        if p["in"] != "header" or p["name"].lower() != "authorization"
    ]
    if rows:
        parts.append(_table(("parameter", "in", "type", "meaning"), rows))
    sent = operation.get("requestBody", {}).get("content", {})
    if sent:
        parts.append(f"Body: {', '.join(_describe_type(media.get('schema', {})) for media in sent.values())}.\n")
    for status, reply in operation["responses"].items():
        if status.startswith("2"):
            shapes = [_describe_type(media.get("schema", {})) for media in reply.get("content", {}).values()]
            parts.append(f"Reply {status}: {', '.join(shapes) or 'empty'}.\n")
    return parts


def _write_shape(name: str, schema: Mapping[str, Any]) -> list[str]:
    parts = [f"### {name}\n\n{_escape(inspect.cleandoc(schema.get('description', '')))}\n"]
    if "enum" in schema:
        parts.append(", ".join(f"`{word}`" for word in schema["enum"]) + "\n")
    required = set(schema.get("required", ()))
    rows = [
        (
            f"`{field}`",
            _describe_type(part),
            "required" if field in required else _describe_value(part),
            _escape(part.get("description", "")),
        )
        for field, part in schema.get("properties", {}).items()
    ]
    return [*parts, _table(("field", "type", "default", "meaning"), rows)] if rows else parts


def _describe_value(part: Mapping[str, Any]) -> str:
    return f"`{part['default']}`" if part.get("default") is not None else ""


def _describe_type(schema: Mapping[str, Any]) -> str:
    """Say in a few words what a JSON schema asks for."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_describe_type(part) for part in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_describe_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_describe_type(schema['additionalProperties'])}"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    format_ = {"date-time": "instant", "uuid": "UUID"}.get(schema.get("format", ""))
    return format_ or str(schema.get("const", schema.get("type", "anything")))


def _list_enums(module: ModuleType) -> list[type[StrEnum]]:
    """Return the enumerations that a module defines, in its order."""
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, StrEnum) and item.__module__.startswith(module.__name__)
    ]


def _list_subclasses(kind: type[Any]) -> list[type[Any]]:
    found = {kind}
    waiting = [kind]
    while waiting:
        children = [child for child in waiting.pop().__subclasses__() if child.__module__.startswith("sutler.")]
        found.update(children)
        waiting += children
    return sorted(found, key=lambda item: (item.code, item.__name__))


def _by_room(items: Iterable[Any], code_of: Callable[[Any], str]) -> list[tuple[str, list[Any]]]:
    rooms: dict[str, list[Any]] = {}
    for item in items:
        rooms.setdefault(code_of(item).partition(".")[0], []).append(item)
    return list(rooms.items())


def _import_everything() -> None:
    """Import every module, so that every class exists."""
    for path in sorted(SOURCE.rglob("*.py")):
        if path.name not in ("__main__.py", "__init__.py"):
            importlib.import_module(".".join(path.relative_to(SOURCE.parent).with_suffix("").parts))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("\n", " ").replace("|", "\\|") for cell in row) + " |"
                     for row in lines) + "\n"  # fmt: skip


def _escape(text: str) -> str:
    """Keep angle brackets and line breaks of docstrings from meaning something in Markdown."""
    return text.replace("<", "&lt;")


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": write_errors,
    "events.md": write_events,
    "settings.md": write_settings,
    "split-types.md": write_split_types,
    "states.md": write_states,
    "cli.md": write_commands,
    "rest.md": write_routes,
}

if __name__ == "__main__":
    sys.exit(main(is_check="--check" in sys.argv[1:]))

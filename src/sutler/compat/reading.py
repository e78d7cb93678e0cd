"""What the bodies of old clients say: files, time-outs, attributes. What cannot be read is a BadCallError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sutler.base.did import Did
from sutler.compat.errors import BadCallError
from sutler.dispatch import KEEP, Keep, NewHandle

LONGEST_SECONDS = 10 * 366 * 86_400
NO_TIMEOUT_WORDS = ("no timeout", "none", "None")
FALSE_WORDS = frozenset({"", "0", "false", "no", "none", "null", "off"})


def read_file(item: object) -> NewHandle:
    """Return a file of a new project: a text `namespace:name`, or an object with its attributes."""
    invalid = f"Invalid file specification: {str(item)[:200]} -"
    if isinstance(item, str):
        namespace, colon, name = item.partition(":")
        if not colon or not namespace or not name or ":" in name:
            raise BadCallError(f"{invalid} can not parse as namespace:name")
        return NewHandle(namespace, name)
    if not isinstance(item, dict):
        raise BadCallError(f"{invalid} unsupported type")
    given_namespace, given_name = item.get("namespace"), item.get("name")
    if not (isinstance(given_namespace, str) and isinstance(given_name, str) and given_namespace and given_name):
        raise BadCallError(f"{invalid} namespace or name missing")
    attributes = item.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise BadCallError(f"{invalid} invalid file attributes specification, expected a dictionary")
    return NewHandle(given_namespace, given_name, attributes=attributes)


def read_timeout(given: object, where: str) -> timedelta | None:
    """Return a time-out in seconds; null and 0 mean none."""
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise BadCallError(f"{where} must be a number of seconds or null, not {str(given)[:40]!r}")
    if not 0 <= given <= LONGEST_SECONDS:
        raise BadCallError(f"{where} must be between 0 and {LONGEST_SECONDS} seconds")
    return timedelta(seconds=given) or None


def read_new_timeout(given: object, where: str) -> timedelta | Keep | None:
    """Return a time-out that may also say `default` (as it was, like null) or `no timeout`."""
    if given is None or given == "default":
        return KEEP
    return None if given in NO_TIMEOUT_WORDS else read_timeout(given, where)


def read_attributes(given: object, where: str) -> dict[str, object]:
    """Return attributes; null means none."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise BadCallError(f"{where} must be an object")
    return given


def read_names(given: object, where: str) -> tuple[str, ...]:
    """Return a list of names; null means none."""
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise BadCallError(f"{where} must be a list of names")
    return tuple(name for name in given if name)


def read_text(given: object, where: str) -> str | None:
    """Return a text or null."""
    if given is not None and not isinstance(given, str):
        raise BadCallError(f"{where} must be a text or null, not {str(given)[:40]!r}")
    return given


def read_flag(given: object, *, default: bool) -> bool:
    """Return a truth that may be written as a word: `false`, `no`, `off`, `0` and the like mean no."""
    if given is None:
        return default
    return given.strip().lower() not in FALSE_WORDS if isinstance(given, str) else bool(given)


def read_did(text: str) -> Did:
    """Return what `namespace:name` names; the name may be anything that a project may hold."""
    namespace, colon, name = text.partition(":")
    if not colon or not namespace or not name:
        raise BadCallError(f"Invalid file specification: {text[:200]} - can not parse as namespace:name")
    return Did(namespace, name)


def read_dids(given: object) -> list[Did]:
    """Return a list of files."""
    return [read_did(name) for name in read_names(given, "handles")]


def contains(have: object, wanted: object) -> bool:
    """Whether a JSON value holds another one: objects by key, lists by element, everything else by being the same."""
    if isinstance(wanted, Mapping):
        return isinstance(have, Mapping) and all(key in have and contains(have[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return (
            isinstance(have, Sequence)
            and not isinstance(have, str)
            and all(any(contains(one, item) for one in have) for item in wanted)
        )
    # To Python True is 1; to JSON it is not.
    return isinstance(have, bool) == isinstance(wanted, bool) and have == wanted

"""Single values of an INI file, from text and back. What cannot be read raises ValueError, which says what to write."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sutler.campaigns.settings import METHODOLOGIES, STAGE_TYPES, Pairs
from sutler.campaigns.text.findings import is_storable

BLANKS: Final = frozenset({"", "none", "null"})
"""Words, in small letters, that say nothing. Split types are different: `None` is no split there."""

_TRUE: Final = frozenset({"true", "yes", "on", "1", "t", "y"})
_FALSE: Final = frozenset({"false", "no", "off", "0", "f", "n"})
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}(\.0*)?")
_OLD_STAGE_TYPES: Final = {"datahandling": "datatransfer"}
_OLD_METHODOLOGIES: Final = {"1p": "one_project", "onep": "one_project"}


def is_blank(text: str) -> bool:
    """Whether the text says nothing."""
    return text.strip().lower() in BLANKS


def read_truth(text: str) -> bool:
    """True or False, in the spellings that INI files have."""
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"Write True or False, not {shorten(text)}.")
    return word in _TRUE


def read_whole(text: str) -> int:
    """A whole number; `1.0` is one."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"Write a whole number, not {shorten(text)}.")
    return int(text.partition(".")[0])


def read_number(text: str) -> float:
    """A number, not infinite."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"Write a number, not {shorten(text)}.")
    return number


def read_word(text: str) -> str:
    """One of a few words, which are in small letters here."""
    return text.lower()


def read_stage_type(text: str) -> str:
    """A stage type, of any spelling the predecessor had."""
    return _read_choice(text, STAGE_TYPES, _OLD_STAGE_TYPES)


def read_methodology(text: str) -> str:
    """`standard` or `one_project`, which was `1P` or `OneP`."""
    return _read_choice(text, METHODOLOGIES, _OLD_METHODOLOGIES)


def _read_choice(text: str, choices: Sequence[str], old: Mapping[str, str]) -> str:
    word = text.lower()
    word = old.get(word, word)
    if word not in choices:
        raise ValueError(f"Write one of {', '.join(choices)}, not {shorten(text)}.")
    return word


def write_methodology(word: str) -> str:
    """The spelling that the predecessor reads, too."""
    return "1P" if word == "one_project" else word


def write_number(number: float) -> str:
    """A number as text, without `.0` where it is whole."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def read_json(text: str) -> Any:  # noqa: ANN401 it is looked at by who asked
    """What a JSON text says. Keys that come twice are refused, and so are texts that cannot be kept."""
    try:
        value = json.loads(text, object_pairs_hook=_read_object, parse_constant=_refuse_constant)
        is_fine = has_storable_texts(value)
    except json.JSONDecodeError as error:
        hint = " JSON has texts in double quotes." if "'" in text else ""
        raise ValueError(f"This is not JSON: {error.msg} at character {error.pos + 1}.{hint}") from None
    except RecursionError:
        raise ValueError("This is nested too deeply.") from None
    if not is_fine:
        raise ValueError("A text in it has a character that cannot be kept.")
    return value


def _read_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"The key {shorten(key)} is there twice. Leave one.")
        found[key] = value
    return found


def _refuse_constant(word: str) -> object:
    raise ValueError(f"{word} is not a number that can be used.")


def has_storable_texts(value: object) -> bool:
    """Whether the database can keep all texts and keys in a value of JSON or TOML."""
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, list):
        return all(map(has_storable_texts, value))
    if isinstance(value, dict):
        return all(map(is_storable, value)) and all(map(has_storable_texts, value.values()))
    return True


def write_json(value: object) -> str:
    """JSON in one line, letters of all languages as they are."""
    return json.dumps(value, ensure_ascii=False)


def read_object(text: str) -> dict[str, object]:
    """An object of JSON."""
    value = read_json(text)
    if not isinstance(value, dict):
        raise ValueError('Write an object of JSON, such as {"key": "value"}.')  # noqa: TRY004 one kind for all that cannot be read
    return value


def read_texts_by_key(text: str) -> dict[str, str]:
    """An object of JSON whose values are texts; numbers become texts."""
    return {key: _as_text(value, key) for key, value in read_object(text).items()}


def read_pairs(text: str) -> Pairs:
    """Pairs of key and value, such as `[["--key=", "value"]]`."""
    return as_pairs(read_json(text))


def as_pairs(value: object) -> Pairs:
    """Pairs from what JSON or TOML said."""
    if not isinstance(value, list):
        raise ValueError('Write a list of pairs, such as [["--key=", "value"]].')  # noqa: TRY004
    pairs = []
    for number, pair in enumerate(value, start=1):
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError(f'Number {number} of the list is no pair, such as ["--key=", "value"].')
        pairs.append((_as_text(pair[0], f"number {number}"), _as_text(pair[1], f"number {number}")))
    return tuple(pairs)


def _as_text(value: object, place: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"The value of {shorten(place)} must be a text: put it into double quotes.")  # noqa: TRY004
    return as_text(value)


def as_text(value: object) -> str:
    """What an INI file would have in the place of a value of JSON."""
    if isinstance(value, str):
        return value
    return write_json(value)


def is_place(number: float) -> bool:
    """Whether a number can be where something stands in the drawing."""
    return not isinstance(number, bool) and abs(number) <= 1e9


def read_list(text: str) -> tuple[str, ...]:
    """Names or patterns parted by commas, or a list of JSON, which can have commas in its texts."""
    if text.startswith("["):
        try:
            value = read_json(text)
        except ValueError:
            value = None
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
    return tuple(each.strip() for each in text.split(",") if each.strip())


def write_list(texts: Sequence[str]) -> str:
    """A list that `read_list` reads, with commas alone where they are enough."""
    plain = ",".join(texts)
    is_enough = read_list(plain) == tuple(texts) and not is_blank(plain) and plain.isprintable()
    return plain if is_enough or not texts else write_json(list(texts))


def halve_percents(text: str) -> str:
    """A doubled percent sign is a single one. One that stands alone is left."""
    return text.replace("%%", "%")


def double_percents(text: str) -> str:
    """The opposite, for every percent sign."""
    return text.replace("%", "%%")


def shorten(text: str) -> str:
    """A value to show in a sentence, in quotes, and not all of it when it is long."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")

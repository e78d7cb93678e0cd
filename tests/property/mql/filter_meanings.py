"""What filters mean, said as plainly as can be."""

from __future__ import annotations

import hashlib
import zlib
from fractions import Fraction
from typing import Any

from tests.property.mql.catalogue import File

from sutler.catalog.mql import Boolean, Constant, Day, Filtered, Instant, Number, Text


def plain(constant: Constant) -> bool | int | float | str:
    """A constant as Python has it; a point in time as seconds, a day as its first."""
    match constant:
        case Number(number):
            return number
        case Boolean(truth):
            return truth
        case Text(text):
            return text
        case Instant(at):
            return at.timestamp()
        case Day():
            return constant.begins_at.timestamp()


def filtered(node: Filtered, inputs: list[list[File]]) -> list[File]:
    """The files that a filter leaves, in its order."""
    named = dict(node.keywords)
    given = [plain(constant) for constant in node.positional]

    def argument(place: int, name: str, default: object = None) -> Any:  # noqa: ANN401 - whatever the filter takes
        return given[place] if place < len(given) else plain(named[name]) if name in named else default

    match node.name:
        case "sample":
            return _sample(inputs[0], Fraction(str(argument(0, "fraction"))))
        case "stride":
            count, index = argument(0, "n"), argument(1, "i", 0)
            return [file for place, file in enumerate(inputs[0]) if place % count == index]
        case "hash":
            count, index = argument(0, "n"), argument(1, "i")
            return [file for file in inputs[0] if zlib.adler32(file.key.encode()) % count == index]
        case "mix":
            return _mix(inputs, given)
        case _:
            return _randomize(inputs[0], argument(0, "seed", 0), argument(1, "window", 1000))


def _sample(files: list[File], fraction: Fraction) -> list[File]:
    found, total = [], Fraction(0)
    for file in files:
        total += fraction
        if total >= 1:
            total -= 1
            found.append(file)
    return found


def _mix(inputs: list[list[File]], ratios: list[Any]) -> list[File]:
    left, taken = [list(files) for files in inputs], [0] * len(inputs)
    found: list[File] = []
    while True:
        behind = [(count + 1) / ratio for count, ratio in zip(taken, ratios, strict=True)]
        turn = behind.index(min(behind))
        while left[turn] and left[turn][0] in found:
            left[turn].pop(0)
        if not left[turn]:
            return found
        found.append(left[turn].pop(0))
        taken[turn] += 1


def _randomize(files: list[File], seed: object, window: int) -> list[File]:
    def place(file: File) -> bytes:
        return hashlib.blake2b(f"{seed!r}:{file.key}".encode(), digest_size=16).digest()

    windows = [files[start : start + window] for start in range(0, len(files), window)]
    return [file for part in windows for file in sorted(part, key=place)]

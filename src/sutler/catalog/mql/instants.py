"""Days and points in time, written in the ISO 8601 way."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from sutler.catalog.mql.terms import Constant, Day, Instant, Number, Text

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)\d*\s*(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)


def parse_instant(text: str) -> datetime:
    """A date, or date and time with `T` or a blank, fraction and zone as needed, in UTC. Raises ValueError."""
    found = _INSTANT.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    day, clock, zone = found.groups()
    at = datetime.fromisoformat(f"{day}T{clock or '00:00'}{zone or '+00:00'}")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def parse_day(day_text: str, zone_text: str | None = None) -> Day:
    """A day `yyyy-mm-dd` in a zone `±hh:mm`, first UTC. Raises ValueError."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day_text.strip(), re.ASCII):
        raise ValueError(day_text)
    day = Day(date.fromisoformat(day_text.strip()), _parse_zone(zone_text.strip()) if zone_text else 0)
    try:
        # The day must fit into the calendar with the day after it, in UTC.
        _ = (day.begins_at.astimezone(UTC), (day.ends_at + timedelta(days=1)).astimezone(UTC))
    except OverflowError as error:
        raise ValueError(day_text) from error
    return day


def _parse_zone(text: str) -> int:
    found = _ZONE.fullmatch(text)
    if not found or int(found[2]) > 23 or int(found[3]) > 59:
        raise ValueError(text)
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes


def instant_of(constant: Constant) -> datetime:
    """The point in time that a constant means beside a time: ISO text, seconds since 1970, a day's start.

    Raises ValueError when it means none.
    """
    match constant:
        case Instant(at):
            return at
        case Day():
            return constant.begins_at
        case Number(number):
            try:
                return datetime.fromtimestamp(0, UTC) + timedelta(seconds=number)
            except OverflowError as error:
                raise ValueError(str(number)) from error
        case Text(text):
            return parse_instant(text)
        case _:
            raise ValueError(str(constant))

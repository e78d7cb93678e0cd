"""What may be recorded about storage elements and replicas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from sutler.base.did import check_name
from sutler.base.errors import InvalidInputError, Problem
from sutler.replicas.errors import InvalidProximityError, InvalidReplicaError
from sutler.replicas.model import NewReplica, Proximity, Rse

MAX_PROBLEMS = 20
DEFAULT = "DEFAULT"
LARGEST_DISTANCE = 2**31 - 1
MOST_PAIRS = 50_000
LONGEST_PLACE_BYTES = 200
"""For the names of sites and storage elements in a map."""

LONGEST_NAME_BYTES = 1000
"""For the namespace and for the name of a file, which stand together in one entry of an index."""

_RSE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_URL = re.compile(r"[^\s\x00-\x1f\x7f]+")


def check_rse(rse_name: str, url_prefix: str) -> None:
    """Go on if a storage element may be called that and have that prefix. Raises InvalidInputError."""
    problems = []
    if not _RSE_NAME.fullmatch(rse_name):
        what = f"{rse_name!r} must be 1 to 64 letters, digits and the characters _ . -"
        problems.append(Problem("name", what))
    if url_prefix and not _URL.fullmatch(url_prefix):
        problems.append(Problem("url_prefix", f"{url_prefix!r} must not hold blanks or control characters"))
    if problems:
        raise InvalidInputError(problems)


def parse_proximity(text: str) -> list[Proximity]:
    """Return the distances that lines `site,rse,number` say. Raises InvalidProximityError naming lines."""
    entries: dict[tuple[str, str], Proximity] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        entry = _parse_line(line)
        if isinstance(entry, str):
            problems.append(Problem(f"line {number}", entry))
        elif (entry.site, entry.rse) in entries:
            problems.append(Problem(f"line {number}", f"{entry.site},{entry.rse} has a distance in a line before"))
        elif len(entries) == MOST_PAIRS:
            problems.append(Problem(f"line {number}", f"is one pair more than the {MOST_PAIRS:,} of a map"))
            break
        else:
            entries[entry.site, entry.rse] = entry
    if problems:
        raise InvalidProximityError(_shorten(problems))
    return list(entries.values())


def choose_distances(by_site: Mapping[str, Mapping[str, int]], site: str | None) -> Mapping[str, int]:
    """Return the distances by storage element that hold for a site: its own if it has any, else those of DEFAULT."""
    return by_site.get(site or DEFAULT, by_site.get(DEFAULT, {}))


def look_up(distances: Mapping[str, int], rse: str) -> int | None:
    """Return the distance of a storage element among those of one site; None if nobody has said one."""
    return distances.get(rse, distances.get(DEFAULT))


def _parse_line(line: str) -> Proximity | str:
    """Return what a line says, or what is wrong with it."""
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 3 or not all(parts):
        return f"{line.strip()!r} is not site,rse,number"
    site, rse, text = parts
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", text) or abs(int(text)) > LARGEST_DISTANCE:
        return f"{text!r} is no whole number up to {LARGEST_DISTANCE}"
    if "\0" in site + rse:
        return "holds characters that cannot be stored"
    if max(_count_bytes(site), _count_bytes(rse)) > LONGEST_PLACE_BYTES:
        return f"has a name of more than {LONGEST_PLACE_BYTES} bytes"
    return Proximity(site, rse, int(text))


def check_replicas(replicas: Iterable[NewReplica], rses: Mapping[str, Rse]) -> list[NewReplica]:
    """Return what is to be recorded: of several entries for one file and storage element the last one.

    Raises InvalidReplicaError, which lists what is wrong with which replica, the first twenty of them.
    """
    wanted: dict[tuple[str, str, str], NewReplica] = {}
    problems: list[Problem] = []
    for replica in replicas:
        problems += _find_problems(replica, rses)
        wanted[replica.did.namespace, replica.did.name, replica.rse] = replica
    if problems:
        raise InvalidReplicaError(_shorten(problems))
    return list(wanted.values())


def _find_problems(replica: NewReplica, rses: Mapping[str, Rse]) -> list[Problem]:
    where = f"{replica.did} at {replica.rse}"
    problems = []
    try:
        check_name(replica.did.namespace, where)
        check_name(replica.did.name, where)
    except InvalidInputError as error:
        problems += error.problems
    if max(_count_bytes(replica.did.namespace), _count_bytes(replica.did.name)) > LONGEST_NAME_BYTES:
        problems.append(Problem(where, f"the namespace and the name may have {LONGEST_NAME_BYTES} bytes each"))
    if replica.rse not in rses:
        problems.append(Problem(where, "the experiment has no storage element of that name"))
    if not _URL.fullmatch(replica.url):
        problems.append(Problem(where, f"the URL {replica.url!r} is empty or holds blanks or control characters"))
    return problems


def _count_bytes(text: str) -> int:
    """Return how long a text is as UTF-8; halves of characters, which are refused elsewhere, count too."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _shorten(problems: Sequence[Problem]) -> list[Problem]:
    left_over = len(problems) - MAX_PROBLEMS
    if left_over <= 0:
        return list(problems)
    return [*problems[:MAX_PROBLEMS], Problem("", f"and {left_over} more")]

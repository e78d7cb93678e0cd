"""The filters that there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sutler.catalog.mql.cursor import suggest
from sutler.catalog.mql.errors import MqlMeaningError, shorten
from sutler.catalog.mql.filters import hash as hashing
from sutler.catalog.mql.filters import mix, randomize, sample, stride
from sutler.catalog.mql.filters.tools import Arguments, Filter
from sutler.catalog.mql.tree import Filtered

FILTERS: Mapping[str, Callable[[Arguments], Filter]] = {
    "sample": sample.read,
    "stride": stride.read,
    "hash": hashing.read,
    "mix": mix.read,
    "randomize": randomize.read,
}


def read_filter(node: Filtered) -> Filter:
    """Return the filter of a node with its arguments. Raises `MqlMeaningError` if it or they make no sense."""
    read = FILTERS.get(node.name)
    if read is None:
        raise MqlMeaningError(
            f"there is no filter '{shorten(node.name)}', only {', '.join(FILTERS)}.",
            suggestion=suggest(node.name, FILTERS),
        )
    arguments = Arguments(node)
    found = read(arguments)
    arguments.finish()
    return found

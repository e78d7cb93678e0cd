"""Filters: what takes some files out of ordered sets, or puts them into another order. One module each, no I/O.

A filter is given the files of its sets in their order and says which of them stay, in which order. The same files with
the same arguments always give the same result.
"""

from sutler.catalog.mql.filters.standard import FILTERS, read_filter
from sutler.catalog.mql.filters.tools import Candidate, Filter

__all__ = ["FILTERS", "Candidate", "Filter", "read_filter"]

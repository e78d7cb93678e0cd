"""The queries that are measured, with what is wanted of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SELECTIVE_MS = 50.0
LIMITED_MS = 20.0
COUNTED_MS = 100.0


class Kind(StrEnum):
    """How a query is asked."""

    FILES = "files"
    METADATA = "with metadata"
    COUNT = "count"


@dataclass(frozen=True)
class Case:
    """A query. `reference_ms` is what another server took for it at 1,000,000 files, `wanted_ms` our aim there."""

    name: str
    query: str
    kind: Kind = Kind.FILES
    wanted_ms: float | None = None
    reference_ms: float | None = None


_BEGIN, _END = 'datetime("2020-09-13 12:26:40")', 'datetime("2020-09-13 14:00:00")'
_COSMICS = "files from bench:d0 where core.run_type = cosmics"
_MANY_RUNS = "core.run_number in (1,2,3,4,5)"

INDEXED_KEYS = (
    ("core.run_number", "number"),
    ("core.start_time", "number"),
    ("core.event_count", "number"),
    ("core.app_version", "text"),
)
"""The keys for which an index is asked."""

CASES = (
    Case("ds_all", "files from bench:d0", reference_ms=4199),
    Case("ds_all_meta", "files from bench:d0", Kind.METADATA, reference_ms=7810),
    Case("ds_eq", f"{_COSMICS} and core.data_stream = physics", reference_ms=479),
    Case("ds_eq_meta", f"{_COSMICS} and core.data_stream = physics", Kind.METADATA, reference_ms=593),
    Case("eq_selective", "files where core.run_number = 42", wanted_ms=SELECTIVE_MS, reference_ms=38),
    Case("eq_selective_meta", "files where core.run_number = 42", Kind.METADATA, wanted_ms=SELECTIVE_MS),
    Case("eq_and_selective", "files from bench:d0 where core.run_number = 42", wanted_ms=50, reference_ms=36),
    Case("in_set_selective", f"files where {_MANY_RUNS}", wanted_ms=SELECTIVE_MS, reference_ms=167),
    Case(
        "rare_value",
        "files where core.first_event_number = 1 and core.last_event_number = 43 and core.run_type = beam"
        " and core.data_stream = test limit 50",
        wanted_ms=SELECTIVE_MS,
    ),
    Case(
        "range_ds",
        "files from bench:d0 where core.event_count > 90 and core.event_count <= 92",
        reference_ms=619,
        wanted_ms=0.4 * 619,
    ),
    Case(
        "range_other_ds",
        "files from bench:d0 where core.end_time >= 1600000600 and core.end_time < 1600006200",
        reference_ms=594,
        wanted_ms=0.4 * 594,
    ),
    Case(
        "range_global",
        "files where core.run_number >= 10 and core.run_number < 12",
        wanted_ms=SELECTIVE_MS,
        reference_ms=677,
    ),
    Case(
        "time_range_ds",
        f"files from bench:d0 where core.start_time >= {_BEGIN} and core.start_time < {_END}",
        wanted_ms=SELECTIVE_MS,
        reference_ms=594,
    ),
    Case(
        "created_range",
        'files where created_timestamp >= "2024-01-01 00:02:00" and created_timestamp < "2024-01-01 00:02:10"',
        wanted_ms=SELECTIVE_MS,
    ),
    Case("regexp_meta_ds", 'files from bench:d0 where core.app_version ~ "^v09_1[0-3]"', reference_ms=1185),
    Case(
        "regexp_meta_anchored",
        'files where core.app_version ~ "^v09_1[0-3]" and core.run_number < 10',
        wanted_ms=SELECTIVE_MS,
    ),
    Case("regexp_name_ds", 'files from bench:d0 where name ~ "f_0000000[0-9]0"', reference_ms=916),
    Case("regexp_name_all", 'files where name ~ "f_00000000[0-9]"', reference_ms=787),
    Case("name_anchored", 'files where name ~ "^f_0000123"', wanted_ms=SELECTIVE_MS),
    Case("name_like", r'files where name like "f\_0000123%"', wanted_ms=SELECTIVE_MS),
    Case("array_any", "files where 42 in core.runs", wanted_ms=SELECTIVE_MS, reference_ms=40),
    Case("array_any_str_ds", "files from bench:d0 where det.mods[any] = m7", reference_ms=862),
    Case("not_eq_ds", "files from bench:d0 where core.run_type != cosmics", reference_ms=3303),
    Case("or_ds", f"{_COSMICS} or core.event_count = 5", reference_ms=1129),
    Case("present_ds", "files from bench:d0 where core.nosuch present", reference_ms=15),
    Case("missing_global", "files where core.nosuch = 1", wanted_ms=SELECTIVE_MS, reference_ms=14),
    Case(
        "children_few",
        "children(files where core.run_number = 42 and core.data_tier = raw)",
        wanted_ms=SELECTIVE_MS,
        reference_ms=78,
    ),
    Case("children_ds", "children(files from bench:d8)", reference_ms=3768),
    Case("parents_ds", "parents(files from bench:d9)", reference_ms=10870),
    Case("parents_few", "parents(files from bench:d9 where core.run_number = 42)", wanted_ms=50, reference_ms=60),
    Case(
        "union_2ds",
        "union(files from bench:d0 where core.run_type = beam, files from bench:d1 where core.run_type = beam)",
        reference_ms=2095,
    ),
    Case(
        "join",
        "join(files from bench:d0, files where core.run_number in (42,43))",
        wanted_ms=SELECTIVE_MS,
        reference_ms=741,
    ),
    Case("minus", "files from bench:d0 - files from bench:d0 where core.run_type = beam", reference_ms=5621),
    Case("unprocessed", "files from bench:d8 - parents(children(files from bench:d8))", reference_ms=2065),
    Case(
        "subsets",
        "files from bench:parent with subsets where core.run_number = 42",
        wanted_ms=SELECTIVE_MS,
        reference_ms=43,
    ),
    Case("matching", "files from matching bench:d* where core.run_number = 42", wanted_ms=50, reference_ms=66),
    Case("named", "files selected by bench:run_42", wanted_ms=SELECTIVE_MS),
    Case("count_ds", "files from bench:d0", Kind.COUNT, wanted_ms=COUNTED_MS, reference_ms=604),
    Case("count_eq_ds", _COSMICS, Kind.COUNT, wanted_ms=COUNTED_MS, reference_ms=518),
    Case("count_all", "files", Kind.COUNT, reference_ms=300),
    Case("count_eq_all", "files where core.run_type = cosmics", Kind.COUNT, reference_ms=354),
    Case("limit_ds", "files from bench:d0 limit 100", wanted_ms=LIMITED_MS, reference_ms=18),
    Case("limit_eq_meta", f"{_COSMICS} limit 100", Kind.METADATA, wanted_ms=LIMITED_MS, reference_ms=20),
    Case("ordered_limit", "files from bench:d0 ordered limit 100", wanted_ms=LIMITED_MS, reference_ms=19),
    Case("skip_deep", "files from bench:d0 skip 900 limit 100", wanted_ms=LIMITED_MS, reference_ms=70),
)

POINT_QUERY = "files from bench:d0 where core.run_number = {run}"
"""What several clients ask at the same time."""

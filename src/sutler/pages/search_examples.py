"""Queries that the search page offers to begin with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A query that can be clicked, and what it finds."""

    query: str
    meaning: str


EXAMPLES = (
    Example("files from demo:reco", "the files of a dataset"),
    Example("files from demo:reco where core.events > 0 and core.file_format = root", "with conditions on metadata"),
    Example("files from demo:reco with subsets recursively", "also of the datasets below it"),
    Example("files where created_timestamp > '2026-01-01' limit 100", "with a condition on an attribute"),
    Example("files from demo:reco where core.run in 100:200", "a range; its ends belong to it"),
    Example("files from demo:reco where core.data_stream in (physics, cosmics)", "one of several values"),
    Example("files from demo:reco where name ~ 'r[0-9]+_'", "a regular expression"),
    Example("parents(files from demo:reco)", "what files were made from; children(…) the other way"),
    Example("files from demo:raw - parents(files from demo:reco)", "what has not been processed yet"),
    Example("union(files from demo:raw, files from demo:reco)", "either; join(…) for both"),
    Example("files from demo:reco ordered skip 100 limit 50", "a part of them"),
    Example("datasets matching demo:* having file_count > 0", "datasets instead of files"),
)

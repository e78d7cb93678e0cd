"""The family of split types: each cuts a stage's data into slices, one slice for one submission.

A split type is one file with one frozen dataclass: its parameters as fields with help texts, and `slice_limit`, which
says how many files the next slice takes. Which files have been given out is the ledger's business, in the database,
never a position in a query.
"""

from sutler.campaigns.splits.drainingn import DrainingN
from sutler.campaigns.splits.family import SplitType, parse_split_type
from sutler.campaigns.splits.nfiles import NFiles
from sutler.campaigns.splits.whole import Whole

__all__ = ["DrainingN", "NFiles", "SplitType", "Whole", "parse_split_type"]

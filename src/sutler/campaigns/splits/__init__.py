"""The family of split types: each cuts a stage's data into slices, one slice for one submission.

A split type is one file with one frozen dataclass: its parameters as fields with help texts, and `cut`, a pure function
that says what the next slice is. Which files have been given out is the ledger's business, in the database, never a
position in a query.
"""

from sutler.campaigns.splits.amounts import COUNT, DELAY, DURATION, INSTANT, NUMBER, SIZE, SWITCH, Kind, or_word
from sutler.campaigns.splits.byevents import ByEvents
from sutler.campaigns.splits.byexistingruns import ByExistingRuns
from sutler.campaigns.splits.byrun import ByRun
from sutler.campaigns.splits.bysize import BySize
from sutler.campaigns.splits.bytime import ByTime
from sutler.campaigns.splits.cut import (
    Cut,
    DoneFiles,
    Ended,
    Facts,
    JobData,
    Next,
    NotYet,
    Position,
    QueriedFiles,
    Source,
    WhenEmpty,
    WholeProject,
)
from sutler.campaigns.splits.draining import Draining
from sutler.campaigns.splits.drainingn import DrainingN
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.kinds import BUILT_IN, SplitTypes, load_split_types
from sutler.campaigns.splits.limitn import LimitN
from sutler.campaigns.splits.listed import Listed
from sutler.campaigns.splits.mod import Mod
from sutler.campaigns.splits.multiparam import MultiParam
from sutler.campaigns.splits.new import New
from sutler.campaigns.splits.nfiles import NFiles
from sutler.campaigns.splits.parameters import Parameter, parameter
from sutler.campaigns.splits.reading import parse_split_type
from sutler.campaigns.splits.stagedfiles import StagedFiles
from sutler.campaigns.splits.whole import Whole

__all__ = [
    "BUILT_IN",
    "COUNT",
    "DELAY",
    "DURATION",
    "INSTANT",
    "NUMBER",
    "SIZE",
    "SWITCH",
    "ByEvents",
    "ByExistingRuns",
    "ByRun",
    "BySize",
    "ByTime",
    "Cut",
    "DoneFiles",
    "Draining",
    "DrainingN",
    "Ended",
    "Facts",
    "JobData",
    "Kind",
    "LimitN",
    "Listed",
    "Mod",
    "MultiParam",
    "NFiles",
    "New",
    "Next",
    "NotYet",
    "Parameter",
    "Position",
    "QueriedFiles",
    "Source",
    "SplitType",
    "SplitTypes",
    "StagedFiles",
    "WhenEmpty",
    "Whole",
    "WholeProject",
    "load_split_types",
    "or_word",
    "parameter",
    "parse_split_type",
]

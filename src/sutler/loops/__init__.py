"""Background work: one file per loop, each a single bounded `step`. `runner` owns cadence, back-off and leadership."""

from sutler.loops.runner import LoopHealth, Loops
from sutler.loops.surroundings import Surroundings
from sutler.loops.work import LOOPS, Loop

__all__ = ["LOOPS", "Loop", "LoopHealth", "Loops", "Surroundings"]

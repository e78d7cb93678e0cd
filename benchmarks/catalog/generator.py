"""Files to fill a catalogue with: always the same for the same profile, number and seed.

File number n is in dataset n % 10, and run number n / 100. Files of dataset 8 have one parent and those of dataset 9
two, the files just before them: so a fifth of the files has parents.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

SEED = 20_260_301
DATASETS = 10
FILES_PER_RUN = 100
FILES_PER_INSTANT = 1000
FIRST_SECOND = 1_600_000_000
SECONDS_PER_RUN = 600
SCRAMBLE = 0x9E37_79B9_7F4A_7C15
FIRST_INSTANT = datetime(2024, 1, 1, tzinfo=UTC)
RUN_TYPES = ("cosmics", "beam", "laser", "noise", "calibration")
STREAMS = ("physics", "trigprim", "test")
MODULES = tuple(f"m{number}" for number in range(21))


class Profile(StrEnum):
    """How many parameters a file has: 16 of about 480 bytes, or 30."""

    NARROW = "narrow"
    WIDE = "wide"


@dataclass(frozen=True)
class MadeFile:
    """A file to be declared or copied into the table. Parents are numbers of files."""

    number: int
    metadata: Mapping[str, object]
    size_bytes: int
    parents: tuple[int, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.number)

    @property
    def fid(self) -> str:
        """Its id; like those that are made for files, it says nothing about their order."""
        return f"{self.number * SCRAMBLE % 2**64:016x}"

    @property
    def dataset(self) -> int:
        """The number of its dataset."""
        return self.number % DATASETS

    @property
    def created_at(self) -> datetime:
        """When it was declared: a thousand files at a time."""
        return FIRST_INSTANT + timedelta(seconds=10 * (self.number // FILES_PER_INSTANT))


def name_of(number: int) -> str:
    """Return the name of a file."""
    return f"f_{number:09d}"


def make_file(number: int, profile: Profile) -> MadeFile:
    """Return file number `number`."""
    dice = random.Random(SEED * 1_000_003 + number)
    metadata = _make_metadata(number, dice)
    if profile is Profile.WIDE:
        metadata |= _make_more_metadata(number, dice)
    parent_count = max(number % DATASETS - 7, 0)
    parents = tuple(number - step for step in range(1, parent_count + 1))
    return MadeFile(number, metadata, dice.randrange(10**6, 4 * 10**9), parents)


def _make_metadata(number: int, dice: random.Random) -> dict[str, object]:
    run = number // FILES_PER_RUN
    begins_at = FIRST_SECOND + run * SECONDS_PER_RUN
    events = dice.randrange(100)
    return {
        "core.run_number": run,
        "core.runs": [run, run + 1] if dice.random() < 0.2 else [run],
        "core.event_count": events,
        "core.first_event_number": (number % FILES_PER_RUN) * 100 + 1,
        "core.last_event_number": (number % FILES_PER_RUN) * 100 + events,
        "core.start_time": begins_at,
        "core.end_time": begins_at + SECONDS_PER_RUN - dice.random(),
        "core.app_version": f"v09_{dice.randrange(10, 50)}_00",
        "core.run_type": dice.choice(RUN_TYPES),
        "core.data_stream": dice.choice(STREAMS),
        "core.data_tier": "reconstructed" if number % DATASETS == DATASETS - 1 else "raw",
        "core.file_type": "detector",
        "core.file_format": dice.choice(("hdf5", "root")),
        "core.group": "bench",
        "core.good": dice.random() < 0.95,
        "det.mods": dice.sample(MODULES, 3),
    }


def _make_more_metadata(number: int, dice: random.Random) -> dict[str, object]:
    return {
        "core.subruns": [number % FILES_PER_RUN, number % FILES_PER_RUN + 1],
        "core.luminosity": round(dice.uniform(0.1, 9.9), 6),
        "core.creator_version": f"{dice.randrange(4)}.{dice.randrange(10)}.{dice.randrange(20)}",
        "det.temperature": round(dice.gauss(88.0, 0.4), 4),
        "det.voltage": dice.choice((120, 160, 180)),
        "det.side": dice.choice(("north", "south")),
        "det.missing_boards": sorted(dice.sample(range(150), dice.randrange(4))),
        "daq.host": f"np04-srv-{dice.randrange(40):03d}",
        "daq.trigger_mask": dice.getrandbits(40),
        "daq.compression": dice.choice(("zstd", "lz4", None)),
        "daq.closed_at": f"2024-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}T12:00:00Z",
        "prod.campaign": f"prod_{number // 50_000:03d}",
        "prod.request": f"RITM{dice.getrandbits(32):010d}",
        "prod.weights": [round(dice.random(), 5) for _ in range(4)],
    }

"""Generate Z → µµ events: `generate.py --seed 1 --index 7 --events 2500 --output generated_0007.root`.

The events depend on the seed and the index only. Without `--index` it is taken from the attributes of the file
handle this process was given.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import rootfile
import zmumu

INDICES_PER_RUN = 10


def main() -> int:
    """Generate one file; the exit code is 3 when the failure asked for on the command line came to pass."""
    options = _parse_arguments()
    if options.index == options.fail_index and options.attempt == 1:
        _fail(options)
        return 3
    generate(options)
    return 0


def _fail(options: argparse.Namespace) -> None:
    events = f"events {first_event(options)} to {last_event(options)}"
    print(f"generate: run {run_number(options.index)}, {events}, seed {options.seed}", file=sys.stderr)
    print("generate: reading the beam conditions of the run", file=sys.stderr)
    print("generate: error: the conditions service did not answer within 30 s, giving up", file=sys.stderr)


def generate(options: argparse.Namespace) -> None:
    """Write the events and their metadata."""
    random = np.random.default_rng(np.random.SeedSequence([options.seed, options.index]))
    masses = zmumu.generate_masses(random, options.events)
    first, second = zmumu.generate_pairs(random, masses)
    numbers = np.arange(first_event(options), last_event(options) + 1, dtype=np.int64)
    columns = {"event": numbers, **zmumu.to_columns(first, second), "true_mass": masses.astype(np.float32)}
    name = f"{options.output.name} seed {options.seed} index {options.index} events {options.events}"
    rootfile.write_tree(options.output, columns, name_for_uuid=name)
    metadata: dict[str, int | float | str] = {
        "core.data_tier": "generated",
        "core.events": options.events,
        "core.file_type": "mc",
        "core.first_event": first_event(options),
        "core.last_event": last_event(options),
        "core.run": run_number(options.index),
        "demo.seed": options.seed,
    }
    rootfile.write_metadata(options.output, metadata)


def first_event(options: argparse.Namespace) -> int:
    """Number of the first event: counting goes on from one index to the next."""
    return int(options.index * options.events + 1)


def last_event(options: argparse.Namespace) -> int:
    """Number of the last event."""
    return int((options.index + 1) * options.events)


def run_number(index: int) -> int:
    """The run an index belongs to."""
    return 1 + index // INDICES_PER_RUN


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Generate Z → µµ events.")
    parser.add_argument("--seed", type=whole_number, required=True, help="seed of the whole production")
    parser.add_argument("--index", type=whole_number, help='which file of the production; else "index" of the handle')
    parser.add_argument("--events", type=whole_number, required=True, help="events to generate")
    parser.add_argument("--output", type=Path, required=True, metavar="NAME", help="ROOT file to write")
    parser.add_argument(
        "--fail-index", type=whole_number, metavar="K", help="fail on purpose in the first attempt at this index"
    )
    options = parser.parse_args()
    if options.index is None:
        options.index = _index_of_handle(parser)
    options.attempt = _attempt(parser)
    return options


def _index_of_handle(parser: argparse.ArgumentParser) -> int:
    text = os.environ.get("SUTLER_HANDLE_ATTRIBUTES", "{}")
    try:
        attributes = json.loads(text)
        return whole_number(str(attributes["index"]))
    except (argparse.ArgumentTypeError, KeyError, TypeError, ValueError):
        parser.error(f'no --index is given and the attributes of the handle hold no whole number "index": {text}')


def _attempt(parser: argparse.ArgumentParser) -> int:
    try:
        return whole_number(os.environ.get("SUTLER_ATTEMPT", "1"))
    except argparse.ArgumentTypeError as problem:
        parser.error(f"the attempt this process was given: {problem}")


def whole_number(text: str) -> int:
    """The number that a person wrote.

    Raises:
        ArgumentTypeError: the text is anything but a number 0, 1, 2, ….
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())

"""Reconstruct and select dimuon events: `reconstruct.py generated_0007.root --output reco_0007.root --seed 1`.

The measurement errors depend on the seed and the name of the input file only, not on what else was reconstructed.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np
import rootfile
import zmumu


def main() -> int:
    """Reconstruct one file; the exit code is 2 when the input cannot be read."""
    parser = argparse.ArgumentParser(description="Reconstruct and select dimuon events.")
    parser.add_argument("input", type=Path, metavar="INPUT", help="generated ROOT file")
    parser.add_argument("--output", type=Path, required=True, metavar="NAME", help="ROOT file to write")
    parser.add_argument("--seed", type=int, required=True, help="seed of the whole production")
    options = parser.parse_args()
    try:
        reconstruct(options.input, options.output, seed=options.seed)
    except rootfile.RootFileError as problem:
        print(f"reconstruct: {problem}", file=sys.stderr)
        return 2
    return 0


def reconstruct(path: Path, output: Path, *, seed: int) -> None:
    """Write the selected events of a generated file and their metadata.

    Raises:
        RootFileError: the generated file cannot be read.
    """
    generated = rootfile.read_tree(path, ["event", *zmumu.MUON_COLUMNS])
    random = random_for(path.name, seed=seed)
    first, first_found = zmumu.measure(random, zmumu.from_columns(generated, "mu1"))
    second, second_found = zmumu.measure(random, zmumu.from_columns(generated, "mu2"))
    selected = first_found & second_found & zmumu.is_accepted(first) & zmumu.is_accepted(second)
    selected &= first.charge * second.charge < 0
    first, second = zmumu.order_by_pt(first.select(selected), second.select(selected))
    mass = zmumu.dimuon_mass(first, second).astype(np.float32)
    columns = {"event": generated["event"][selected], **zmumu.to_columns(first, second), "mass": mass}
    rootfile.write_tree(output, columns, name_for_uuid=f"{output.name} seed {seed} of {path.name}")
    metadata: dict[str, int | float | str] = {
        "core.data_tier": "reconstructed",
        "core.events": len(mass),
        "core.file_type": "mc",
        "demo.events_read": len(selected),
        "demo.seed": seed,
    }
    rootfile.write_metadata(output, metadata)


def random_for(file_name: str, *, seed: int) -> np.random.Generator:
    """Random numbers that belong to this seed and file name."""
    digest = hashlib.sha256(f"{seed} {file_name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest))


if __name__ == "__main__":
    sys.exit(main())

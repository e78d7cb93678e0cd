"""The payload of the demonstration, run the way a batch job runs it: one process per script, in a scratch directory."""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

SCRIPTS = Path(__file__).parents[3] / "demo" / "physics"
OF_PYARROW = "ignore:datetime.datetime size changed"  # it is imported where it is installed, and sees the clock below
EVENTS = 2500
FILES = 3

# Loaded by Python at start-up: every clock that the scripts can ask is more than a year late.
LATER = """
import datetime, time

class Later(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(days=400, seconds=7)

datetime.datetime = Later
earlier = time.time
time.time = lambda: earlier() + 400 * 86400 + 7
"""

PLAIN_ROOT_FILE = """
import hashlib, pathlib, uuid, numpy, uproot
with uproot.recreate("plain.root", uuid_function=lambda: uuid.UUID(int=1)) as file:
    file.mktree("events", {"x": "float64"}).extend({"x": numpy.arange(3.0)})
print(hashlib.sha256(pathlib.Path("plain.root").read_bytes()).hexdigest())
"""

OUTPUTS = ("--output-histogram", "mass.root", "--output-picture", "mass.png")


def run_python(where: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SUTLER_")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-W", OF_PYARROW, *map(str, arguments)],
        cwd=where,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run_script(where: Path, name: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_python(where, SCRIPTS / name, *arguments, **environment)


def produce(where: Path, *, seed: int, **environment: str) -> Path:
    """A whole small production: three files generated, reconstructed and analysed."""
    where.mkdir()

    def one(index: int) -> None:
        for command in (
            ("generate.py", "--seed", seed, "--index", index, "--events", EVENTS, "--output", f"gen_{index}.root"),
            ("reconstruct.py", f"gen_{index}.root", "--output", f"reco_{index}.root", "--seed", seed),
        ):
            done = run_script(where, *command, **environment)
            assert (done.returncode, done.stderr) == (0, "")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(one, range(FILES)))
    inputs = [f"reco_{index}.root" for index in range(FILES)]
    done = run_script(where, "analyse.py", *inputs, *OUTPUTS, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return where


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return produce(tmp_path_factory.mktemp("now") / "first", seed=1, PYTHONHASHSEED="1")


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which Python's clock is late and its sets are ordered differently."""
    folder = tmp_path_factory.mktemp("later")
    (folder / "sitecustomize.py").write_text(LATER)
    return {"PYTHONPATH": str(folder), "PYTHONHASHSEED": "77"}


def read_events(path: Path) -> dict[str, Any]:
    with uproot.open(path) as file:
        columns: dict[str, Any] = file["events"].arrays(library="np")
    return columns


def read_metadata(path: Path) -> dict[str, Any]:
    metadata: dict[str, Any] = json.loads(path.with_name(f"{path.name}.metadata.json").read_text())
    return metadata


def checksums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def mass_of(events: dict[str, Any]) -> NDArray[np.float64]:
    """The invariant mass of the two four-vectors in the branches."""
    total = np.zeros((4, len(events["event"])))
    for muon in ("mu1", "mu2"):
        pt, eta, phi = (events[f"{muon}_{quantity}"].astype(float) for quantity in ("pt", "eta", "phi"))
        x, y, z = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
        total += np.stack((np.sqrt(x**2 + y**2 + z**2 + 0.1056584**2), x, y, z))
    mass: NDArray[np.float64] = np.sqrt(total[0] ** 2 - total[1] ** 2 - total[2] ** 2 - total[3] ** 2)
    return mass


def test_generated_muons_carry_the_mass_they_were_made_from(production: Path) -> None:
    events = read_events(production / "gen_0.root")
    assert np.allclose(mass_of(events), events["true_mass"], atol=0.01)
    assert (events["mu1_pt"] >= events["mu2_pt"]).all()
    assert (events["mu1_charge"] * events["mu2_charge"] == -1).all()
    assert set(events["mu1_charge"]) == {-1, 1}
    assert abs(np.median(events["true_mass"]) - 91.19) < 0.3
    assert 0.04 < np.mean(np.abs(events["true_mass"] - 91.19) > 15) < 0.15


def test_event_numbers_go_on_from_file_to_file(production: Path) -> None:
    numbers = np.concatenate([read_events(production / f"gen_{index}.root")["event"] for index in range(FILES)])
    assert numbers.dtype == np.int64
    assert (numbers == np.arange(1, FILES * EVENTS + 1)).all()


def test_metadata_of_generated_files_says_what_is_in_them(production: Path) -> None:
    assert read_metadata(production / "gen_2.root") == {
        "core.data_tier": "generated",
        "core.events": EVENTS,
        "core.file_type": "mc",
        "core.first_event": 2 * EVENTS + 1,
        "core.last_event": 3 * EVENTS,
        "core.run": 1,
        "demo.seed": 1,
    }


def test_selected_events_pass_the_cuts_and_come_from_the_input(production: Path) -> None:
    generated, events = read_events(production / "gen_1.root"), read_events(production / "reco_1.root")
    for muon in ("mu1", "mu2"):
        assert (events[f"{muon}_pt"] > 20).all()
        assert (np.abs(events[f"{muon}_eta"]) < 2.4).all()
        assert (np.abs(events[f"{muon}_phi"]) < 3.1416).all()
    assert (events["mu1_charge"] * events["mu2_charge"] == -1).all()
    assert (events["mu1_pt"] >= events["mu2_pt"]).all()
    assert np.allclose(mass_of(events), events["mass"], atol=0.01)
    assert np.isin(events["event"], generated["event"]).all()
    assert len(set(events["event"])) == len(events["event"])
    assert 0.35 * EVENTS < len(events["event"]) < 0.7 * EVENTS


def test_reconstruction_measures_the_true_mass_within_its_resolution(production: Path) -> None:
    generated, events = read_events(production / "gen_1.root"), read_events(production / "reco_1.root")
    residual = events["mass"] - generated["true_mass"][events["event"] - generated["event"][0]]
    assert abs(np.mean(residual)) < 0.3
    assert 1.0 < np.std(residual) < 3.0


def test_metadata_of_reconstructed_files_counts_what_was_selected(production: Path) -> None:
    assert read_metadata(production / "reco_1.root") == {
        "core.data_tier": "reconstructed",
        "core.events": len(read_events(production / "reco_1.root")["event"]),
        "core.file_type": "mc",
        "demo.events_read": EVENTS,
        "demo.seed": 1,
    }


def test_histogram_holds_every_reconstructed_event(production: Path) -> None:
    masses = np.concatenate([read_events(production / f"reco_{index}.root")["mass"] for index in range(FILES)])
    counts, edges = np.histogram(masses, bins=60, range=(60.0, 120.0))
    with uproot.open(production / "mass.root") as file:
        histogram = file["dimuon_mass"]
    assert histogram.classname == "TH1D"
    assert (histogram.values() == counts).all()
    assert np.allclose(histogram.axis().edges(), edges)
    assert histogram.values(flow=True)[0] == np.sum(masses < 60.0)
    assert histogram.values(flow=True)[-1] == np.sum(masses >= 120.0) > 0
    assert histogram.member("fEntries") == histogram.values(flow=True).sum() == len(masses)
    inside = masses[(masses >= 60.0) & (masses < 120.0)].astype(float)
    assert histogram.member("fTsumw") == len(inside)
    assert histogram.member("fTsumwx") / len(inside) == pytest.approx(inside.mean())


def test_the_peak_is_the_z(production: Path) -> None:
    metadata = read_metadata(production / "mass.root")
    with uproot.open(production / "mass.root") as file:
        values, edges = file["dimuon_mass"].to_numpy()
    assert abs(edges[np.argmax(values)] + 0.5 - 91.0) < 1.5
    assert abs(metadata.pop("demo.peak_gev") - 91.19) < 0.3
    entries = sum(read_metadata(production / f"reco_{index}.root")["core.events"] for index in range(FILES))
    described = {"core.data_tier": "analysed", "core.events": entries, "core.file_type": "mc", "demo.files_read": FILES}
    assert metadata == described


def test_the_picture_is_a_png_with_metadata(production: Path) -> None:
    picture = (production / "mass.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert picture.endswith(b"IEND\xaeB`\x82")
    assert b"tEXt" not in picture
    metadata = read_metadata(production / "mass.png")
    assert metadata["core.data_tier"] == "picture"
    assert metadata["core.events"] == read_metadata(production / "mass.root")["core.events"]


def test_another_time_and_hash_seed_give_the_same_bytes(
    production: Path, later: dict[str, str], tmp_path: Path
) -> None:
    again = produce(tmp_path / "second", seed=1, **later)
    assert checksums(again) == checksums(production)
    assert len(checksums(again)) == 2 * (2 * FILES + 2)


def test_a_root_file_written_plainly_shows_the_other_time(later: dict[str, str], tmp_path: Path) -> None:
    """Shows that the test above can fail: the late clock does reach uproot."""
    now = run_python(tmp_path, "-c", PLAIN_ROOT_FILE)
    then = run_python(tmp_path, "-c", PLAIN_ROOT_FILE, **later)
    assert (now.returncode, then.returncode) == (0, 0)
    assert len(now.stdout) == 65
    assert now.stdout != then.stdout


def test_another_seed_gives_another_histogram(production: Path, tmp_path: Path) -> None:
    other = produce(tmp_path / "other", seed=2)
    with uproot.open(production / "mass.root") as one, uproot.open(other / "mass.root") as two:
        assert (one["dimuon_mass"].values() != two["dimuon_mass"].values()).any()
        assert one.file.uuid != two.file.uuid
    assert (read_events(other / "gen_0.root")["mu1_pt"] != read_events(production / "gen_0.root")["mu1_pt"]).all()


def test_the_order_in_which_inputs_are_named_does_not_matter(production: Path, tmp_path: Path) -> None:
    inputs = [production / f"reco_{index}.root" for index in reversed(range(FILES))]
    assert run_script(tmp_path, "analyse.py", *inputs, *OUTPUTS).returncode == 0
    expected = checksums(production)
    assert checksums(tmp_path) == {name: expected[name] for name in checksums(tmp_path)}
    assert len(checksums(tmp_path)) == 4


def test_the_chosen_index_fails_in_its_first_attempt_and_only_then(production: Path, tmp_path: Path) -> None:
    command = ("--seed", 1, "--events", EVENTS, "--output", "gen_2.root", "--fail-index", 2)
    handle = {"SUTLER_HANDLE_ATTRIBUTES": json.dumps({"index": 2, "note": "x"})}
    first = run_script(tmp_path, "generate.py", *command, **handle)
    assert first.returncode == 3
    assert "error: the conditions service did not answer" in first.stderr
    assert "Traceback" not in first.stderr
    assert list(tmp_path.iterdir()) == []
    assert run_script(tmp_path, "generate.py", *command, SUTLER_ATTEMPT="2", **handle).returncode == 0
    expected = checksums(production)
    assert checksums(tmp_path) == {name: expected[name] for name in ("gen_2.root", "gen_2.root.metadata.json")}


@pytest.mark.parametrize("attributes", [None, "[]", "{}", '{"index": "x"}', '{"index": -1}', "{"])
def test_a_handle_without_a_usable_index_is_refused(attributes: str | None, tmp_path: Path) -> None:
    environment = {} if attributes is None else {"SUTLER_HANDLE_ATTRIBUTES": attributes}
    done = run_script(tmp_path, "generate.py", "--seed", 1, "--events", 5, "--output", "gen.root", **environment)
    assert done.returncode == 2
    assert 'no --index is given and the attributes of the handle hold no whole number "index"' in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_few_or_no_events_give_a_picture_without_a_fit(tmp_path: Path) -> None:
    for index, events in enumerate((0, 30)):
        generated, outcome = f"gen_{index}.root", f"reco_{index}.root"
        options = ("--seed", 1, "--index", index, "--events", events)
        assert run_script(tmp_path, "generate.py", *options, "--output", generated).returncode == 0
        assert run_script(tmp_path, "reconstruct.py", generated, "--seed", 1, "--output", outcome).returncode == 0
    done = run_script(tmp_path, "analyse.py", "reco_0.root", "reco_1.root", *OUTPUTS)
    assert (done.returncode, done.stderr) == (0, "")
    metadata = read_metadata(tmp_path / "mass.root")
    assert "demo.peak_gev" not in metadata
    assert metadata["core.events"] == read_metadata(tmp_path / "reco_1.root")["core.events"] > 0
    assert read_metadata(tmp_path / "reco_0.root")["core.events"] == 0


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


def test_a_missing_input_is_one_sentence(tmp_path: Path) -> None:
    done = run_script(tmp_path, "reconstruct.py", "nowhere.root", "--output", "reco.root", "--seed", 1)
    assert one_sentence(done) == "reconstruct: The file nowhere.root cannot be opened: No such file or directory."
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_input_is_one_sentence(production: Path, tmp_path: Path) -> None:
    whole = (production / "gen_0.root").read_bytes()
    (tmp_path / "broken.root").write_bytes(whole[: len(whole) // 2])
    done = run_script(tmp_path, "reconstruct.py", "broken.root", "--output", "reco.root", "--seed", 1)
    assert one_sentence(done) == "reconstruct: The file broken.root is damaged or no ROOT file."
    assert [path.name for path in tmp_path.iterdir()] == ["broken.root"]


def test_an_input_of_another_stage_is_one_sentence(production: Path, tmp_path: Path) -> None:
    wrong = production / "gen_0.root"
    done = run_script(tmp_path, "analyse.py", production / "reco_0.root", wrong, *OUTPUTS)
    assert one_sentence(done) == f'analyse: The file {wrong} has no tree "events" with the branches mass.'
    assert list(tmp_path.iterdir()) == []


def test_an_input_named_twice_is_refused(production: Path, tmp_path: Path) -> None:
    done = run_script(tmp_path, "analyse.py", *[production / "reco_0.root"] * 2, *OUTPUTS)
    assert done.returncode == 2
    assert "named twice" in done.stderr

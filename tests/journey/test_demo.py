"""The demo: its picture comes from its files, whose every step is on record."""

from __future__ import annotations

from pathlib import Path

import pytest
import uproot
from demo.campaign import Shape
from tests.journey.campaign_run import CampaignRun, checksums_of, new_run
from tests.journey.conftest import SHAPE, Finished

from sutler.wire.catalog import FileView

pytestmark = pytest.mark.journey


def read_histogram(run: CampaignRun) -> list[float]:
    """The bins of the mass histogram, with those outside its range."""
    view = next(view for view in run.list_files("ana") if view.file.name.endswith(".root"))
    with uproot.open(run.find_path(view)) as file:
        return [float(count) for count in file["dimuon_mass"].values(flow=True)]


def list_names(files: list[FileView]) -> list[str]:
    return [view.file.name for view in files]


def test_it_says_what_came_of_the_campaign(finished_demo: Finished) -> None:
    rows = [line for line in finished_demo.output.splitlines() if "Completed" in line]
    assert len(rows) == 3
    assert [f"{SHAPE.files} of {SHAPE.files}" in row for row in rows] == [True, True, True]
    assert "http://127.0.0.1:" in finished_demo.output
    picture = Path(finished_demo.output.partition("Mass peak: ")[2].strip().splitlines()[0])
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_one_file_failed_and_was_retried(finished_demo: Finished) -> None:
    run = finished_demo.run
    (first,) = run.client.list_submissions(stage_id=1).items
    handles = run.client.list_submission_handles(first.id, limit=100).items
    assert [handle.name for handle in handles if handle.attempts > 1] == [
        f"zmumu.generate.{SHAPE.failing_index + 1:06d}"
    ]
    assert first.project_id is not None
    view = run.client.get_handle(first.project_id, SHAPE.failing_index)
    assert [(attempt.outcome, attempt.attempt) for attempt in view.attempts] == [("done", 2), ("failed", 1)]
    assert "exited with code 3" in view.attempts[1].reason


def test_the_histogram_holds_the_events_of_the_analysed_files(finished_demo: Finished) -> None:
    analysed = finished_demo.run.list_files("reco")
    assert len(analysed) == SHAPE.files
    events = sum(int(view.file.metadata["core.events"]) for view in analysed)
    assert events > 0
    assert sum(read_histogram(finished_demo.run)) == events


def test_the_peak_is_the_z(finished_demo: Finished) -> None:
    bins = read_histogram(finished_demo.run)[1:-1]
    assert 60 + bins.index(max(bins)) in range(89, 94)


@pytest.mark.parametrize("dataset", ["gen", "reco", "ana"])
def test_every_output_is_on_disk_as_it_was_declared(finished_demo: Finished, dataset: str) -> None:
    for view in finished_demo.run.list_files(dataset):
        path = finished_demo.run.find_path(view)
        assert path.stat().st_size == view.file.size_bytes
        assert checksums_of(path) == dict(view.file.checksums)
        if path.suffix == ".root":
            with uproot.open(path) as file:
                assert file.keys()


def test_every_output_has_its_parents(finished_demo: Finished) -> None:
    run = finished_demo.run
    generated, reconstructed = run.list_files("gen"), run.list_files("reco")
    assert all(view.parents == () for view in generated)
    for view in reconstructed:
        assert [parent.name for parent in view.parents] == [view.file.name.replace(".reco.root", ".root")]
    for view in run.list_files("ana"):
        assert sorted(parent.name for parent in view.parents) == sorted(list_names(reconstructed))


def test_metadata_agrees_with_the_files(finished_demo: Finished) -> None:
    for view in finished_demo.run.list_files("reco"):
        with uproot.open(finished_demo.run.find_path(view)) as file:
            assert file["events"].num_entries == view.file.metadata["core.events"]


def test_another_seed_gives_another_histogram(finished_demo: Finished, tmp_path: Path) -> None:
    other = new_run(tmp_path, Shape(seed=SHAPE.seed + 1, files=SHAPE.files, events=SHAPE.events))
    with other.open():
        other.run()
        assert read_histogram(other) != read_histogram(finished_demo.run)
        assert other.list_checksums().keys() == finished_demo.run.list_checksums().keys()

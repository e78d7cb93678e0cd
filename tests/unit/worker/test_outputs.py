from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path
from typing import IO
from urllib.parse import unquote

import pytest
from tests.unit.worker.conftest import RunWorker
from tests.unit.worker.scripted_server import ScriptedServer

from sutler.worker.outputs import OutputError, collect_outputs, find_outputs
from sutler.worker.settings import OutputSettings
from sutler.worker.storage import read_checksums, store_copy


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A scratch directory after a run."""
    directory = tmp_path / "made"
    directory.mkdir()
    return directory


def test_outputs_are_copied_and_declared_with_everything_known(
    server: ScriptedServer, worker: RunWorker, tmp_path: Path, scratch: Path
) -> None:
    attempt = server.add_file("in.root")
    base = tmp_path / "st ore"
    script = 'printf hello > "$1.txt"; echo "{\\"core.runs\\": [1]}" > "$1.txt.metadata.json"; printf x > plot.png'
    options = ["--output", "*.txt", "--output", "plot.*", "--output-namespace", "user", "--output-dataset", "reco"]
    worker(
        *options, "--output-rse", "LOCAL", "--output-url", base.as_uri(), command=["sh", "-c", script, "sh", "{stem}"]
    )
    outcome, body = server.outcome(attempt)
    assert outcome == "done"
    text, plot = body["outputs"]
    sha = hashlib.sha256(b"hello").hexdigest()
    stored = base / "user" / sha[:12] / "in.txt"
    assert text == {
        "namespace": "user",
        "name": "in.txt",
        "size_bytes": 5,
        "checksums": {"adler32": f"{zlib.adler32(b'hello'):08x}", "sha256": sha},
        "metadata": {"core.runs": [1]},
        "dataset": "user:reco",
        "rse": "LOCAL",
        "url": stored.as_uri(),
        "media_type": "text/plain",
    }
    assert "%20" in text["url"]
    assert stored.read_bytes() == b"hello"
    assert (plot["name"], plot["media_type"], plot["metadata"]) == ("plot.png", "image/png", {})
    assert Path(unquote(plot["url"]).removeprefix("file://")).read_bytes() == b"x"
    assert list(scratch.iterdir()) == []


def test_a_run_without_its_output_fails(server: ScriptedServer, worker: RunWorker) -> None:
    attempt = server.add_file()
    worker("--output", "*.root", "--output-namespace", "user", command=["touch", "a.txt"])
    outcome, body = server.outcome(attempt)
    assert (outcome, body["retry"]) == ("failed", True)
    assert body["reason"] == "produced no output that matches '*.root'"


def test_outputs_can_be_declared_without_a_copy(server: ScriptedServer, worker: RunWorker) -> None:
    attempt = server.add_file()
    worker("--output", "*.txt", "--output-namespace", "user", command=["touch", "a.txt"])
    [output] = server.outcome(attempt)[1]["outputs"]
    assert (output["url"], output["rse"], output["dataset"], output["size_bytes"]) == (None, None, None, 0)
    assert output["checksums"]["adler32"] == "00000001"


def test_storage_that_cannot_be_written_fails_the_run_with_its_reason(
    server: ScriptedServer, worker: RunWorker, tmp_path: Path
) -> None:
    attempt = server.add_file()
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a directory should be")
    options = ["--output", "*.txt", "--output-namespace", "user", "--output-url", str(blocked)]
    worker(*options, command=["touch", "a.txt"])
    outcome, body = server.outcome(attempt)
    assert (outcome, body["retry"]) == ("failed", True)
    assert body["reason"] == f"output a.txt could not be copied to {blocked}: Not a directory"


def test_outputs_are_found_below_the_directory_without_their_metadata(made: Path) -> None:
    (made / "out").mkdir()
    for name in ("out/b.root", "out/b.root.metadata.json", "a.root", "lonely.metadata.json"):
        (made / name).touch()
    assert find_outputs(made, ("**/*",)) == [made / "a.root", made / "out/b.root", made / "lonely.metadata.json"]
    assert find_outputs(made, ("*.root", "a.*")) == [made / "a.root"]


def test_two_outputs_of_one_name_are_refused(made: Path) -> None:
    (made / "out").mkdir()
    (made / "a.root").touch()
    (made / "out/a.root").touch()
    with pytest.raises(OutputError, match=r"^produced two outputs with the name a\.root$"):
        find_outputs(made, ("**/*.root",))


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (b"[1, 2]", "it holds a list"),
        (b"null", "it holds null"),
        (b"3", "it holds a number"),
        (b"{'a': 1}", "Expecting property name"),
        (b"", "Expecting value"),
        (b'{"x": NaN}', "NaN is not a JSON number"),
        (b"\xff\xfe{", "decode"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_bad_metadata_is_said_and_nothing_is_stored(made: Path, tmp_path: Path, content: bytes, trouble: str) -> None:
    (made / "a.root").touch()
    (made / "b.root").touch()
    (made / "b.root.metadata.json").write_bytes(content)
    settings = OutputSettings(patterns=("*.root",), namespace="user", base=tmp_path / "store")
    with pytest.raises(OutputError, match=f"^output b.root: its metadata file is not a JSON object: .*{trouble}"):
        collect_outputs(made, settings)
    assert not (tmp_path / "store").exists()


def test_same_content_is_one_file_and_other_content_never_overwrites(made: Path, tmp_path: Path) -> None:
    source = made / "a.root"

    def store(content: bytes) -> Path:
        source.write_bytes(content)
        return store_copy(source, base=tmp_path / "store", namespace="user", checksums=read_checksums(source))

    first = store(b"one")
    identity = first.stat().st_ino
    second = store(b"two")
    assert first != second
    assert store(b"one") == first
    assert (first.stat().st_ino, first.read_bytes(), second.read_bytes()) == (identity, b"one", b"two")


def test_a_damaged_file_at_the_same_address_is_not_taken_for_ours(made: Path, tmp_path: Path) -> None:
    source = made / "a.root"
    source.write_bytes(b"whole")
    settings = OutputSettings(patterns=("*.root",), namespace="user", base=tmp_path / "store")
    [output] = collect_outputs(made, settings)
    stored = tmp_path / "store" / "user" / output.checksums.sha256[:12] / "a.root"
    stored.write_bytes(b"who")
    with pytest.raises(OutputError, match="another content"):
        collect_outputs(made, settings)
    assert stored.read_bytes() == b"who"


def test_a_copy_is_synced_before_it_gets_its_name(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = made / "a.root"
    source.write_bytes(b"content")
    events: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(handle: int) -> None:
        real_sync(handle)
        events.append("sync")

    def replace(path: Path, target: Path) -> Path:
        assert path.parent == target.parent
        assert path.read_bytes() == b"content"
        assert not target.exists()
        events.append("rename")
        return real_replace(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    store_copy(source, base=tmp_path / "store", namespace="user", checksums=read_checksums(source))
    assert events == ["sync", "rename", "sync"]


def test_a_copy_that_breaks_off_leaves_nothing(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = made / "a.root"
    source.write_bytes(b"content")

    def break_off(_: IO[bytes], writing: IO[bytes], *more: object) -> None:
        writing.write(b"con")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sutler.worker.storage.shutil.copyfileobj", break_off)
    settings = OutputSettings(patterns=("*.root",), namespace="user", base=tmp_path / "store")
    with pytest.raises(OutputError, match="No space left on device"):
        collect_outputs(made, settings)
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_both_checksums_cover_files_of_many_chunks(made: Path) -> None:
    content = os.urandom(3_000_001)
    (made / "big").write_bytes(content)
    found = read_checksums(made / "big")
    assert found.size_bytes == 3_000_001
    assert found.adler32 == f"{zlib.adler32(content):08x}"
    assert found.sha256 == hashlib.sha256(content).hexdigest()

"""A second server of our own as the MetaCat server of an experiment: only its old protocol is used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from demo.server import DemoServer
from tests.contract.metacat.bed import SECRET, Bed, collect

from sutler.base.check_lines import CheckState
from sutler.catalog import CredentialRefusedError
from sutler.client import Client
from sutler.wire.auth import NewUser
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace

FIRST, SECOND = "correct horse battery", "staple of the horse"


@pytest.fixture(scope="module")
def there(other_server: DemoServer) -> Iterator[Client]:
    """The administrator of the second server, who has put a file there."""
    with Client(other_server.url) as client:
        client.sign_in("admin", SECRET)
        client.create_namespace(NewNamespace("local", "seconds"))
        client.create_dataset(NewDataset("seconds:raw"))
        client.declare_files([NewFile("seconds", "a.root", 100, fid="second-a")], dataset="seconds:raw")
        client.create_user(NewUser("mia", FIRST, "Mia"))
        client.set_member("local", "mia", "production")
        client.create_namespace(NewNamespace("local", "prods", owner_role="production"))
        yield client


async def test_a_password_that_is_changed_there_is_noticed_and_set_anew_here(bed: Bed, there: Client) -> None:
    await bed.connect(url=f"{there.url}/metacat", auth_url=f"{there.url}/auth", seconds=30)
    await bed.sign_in(FIRST, username="mia")
    lines = {part: (state, sentence) for part, state, sentence in await bed.check()}
    assert lines["server"] == (CheckState.FINE, f"{there.url}/metacat answers: MetaCat 4.1.5.")
    assert lines["credential any"][0] is CheckState.FINE
    assert "it can declare in 1: prods." in lines["namespaces of mia"][1]
    with Client(there.url) as mia:
        mia.sign_in("mia", FIRST)
        mia.change_password("mia", SECOND, old_password=FIRST)
    *_, (part, state, sentence) = await bed.check()
    assert (part, state) == ("credential any", CheckState.BROKEN)
    assert "Set it anew among the services of the experiment." in sentence
    with pytest.raises(CredentialRefusedError):
        await collect(await bed.find(), "files from seconds:raw")
    await bed.sign_in(SECOND, username="mia")
    assert CheckState.BROKEN not in {state for _, state, _ in await bed.check()}
    assert [file.fid for file in await collect(await bed.find(), "files from seconds:raw")] == ["second-a"]


async def test_one_experiment_of_the_server_is_named_in_the_address(bed: Bed, there: Client) -> None:
    await bed.connect(url=f"{there.url}/metacat/local", auth_url=f"{there.url}/auth/local", seconds=30)
    await bed.sign_in(username="admin")
    summary = await (await bed.find()).summarize("files from seconds:raw")
    assert (summary.count, summary.size_bytes) == (1, 100)

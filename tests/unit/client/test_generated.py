"""The plain client is the asyncio client without async."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

from sutler.client import AsyncClient, Client

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "generate_sync_client.py"


def list_methods(client: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(client, inspect.isfunction) if not name.startswith("_")}


def test_the_generated_client_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_clients_have_the_same_methods() -> None:
    assert list_methods(Client) - {"close"} == list_methods(AsyncClient) - {"aclose"}
    assert len(list_methods(Client)) > 50


def test_every_method_of_the_asyncio_client_is_to_be_awaited_or_iterated() -> None:
    for name in list_methods(AsyncClient):
        method = getattr(AsyncClient, name)
        assert inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method), name
        if hasattr(Client, name):
            assert not inspect.iscoroutinefunction(getattr(Client, name)), name

"""Addresses of the original's pages lead to ours."""

from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("show_file?namespace=lab&name=a", "/files?did=lab:a"),
        ("show_file?did=lab:dir/a.root", "/files?did=lab:dir%2Fa.root"),
        ("show_file?show_form=no&fid=fid-a", "/search?q=fids+fid-a"),
        ("dataset?namespace=lab&name=all", "/datasets?did=lab:all"),
        ("query?query=files+from+lab%3Aall&action=run&view_meta_as=json", "/search?q=files+from+lab%3Aall"),
        ("query?query=files%20from%20lab:all%20where%20a.b%20%3D%201&run=yes", None),
        ("query", "/search"),
        ("datasets?selection=all", "/search"),
        ("", "/search"),
    ],
)
async def test_links_that_others_keep_lead_to_our_pages(
    stranger: httpx.AsyncClient, address: str, page: str | None
) -> None:
    for prefix in ("/metacat/gui", "/metacat/local/gui"):
        reply = await stranger.get(f"{prefix}/{address}")
        assert reply.status_code == 302, reply.text
        assert reply.headers["location"] == (page or "/search?q=files+from+lab%3Aall+where+a.b+%3D+1")


@pytest.mark.parametrize(
    "address",
    ["show_file", "show_file?fid=%0d%0aSet-Cookie:x", "show_file?did=//evil.example/x", "dataset?namespace=lab"],
)
async def test_what_names_nothing_is_refused(stranger: httpx.AsyncClient, address: str) -> None:
    assert (await stranger.get(f"/metacat/gui/{address}")).status_code == 400

"""What a MetaCat server says, in its several forms."""

from __future__ import annotations

import base64

import httpx
import pytest

from sutler.auth import is_private, read_expiry
from sutler.catalog.sources.replies import find_saying, read_file, read_file_problems, shorten
from sutler.catalog.sources.tokens import make_token
from sutler.catalog.sources.wire import Answer

URL = "https://metacat.example/data/declare_files"


def answer(text: str, status: int = 400, **headers: str) -> Answer:
    return Answer(URL, status, httpx.Headers(headers), text.encode())


def test_every_form_of_problems_has_its_sentence() -> None:
    text = """{"message": "Invalid file data", "metadata_errors": [
        {"index": 0, "fid": null, "message": "Permission denied"},
        {"index": 0, "message": "Validation", "metadata_errors": [{"name": "a.b", "reason": "too large", "value": 5}]},
        {"message": "Missing name", "fid": "f1"},
        {"name": "core.run", "reason": "out of range"},
        "a bare text"]}"""
    general, by_place, by_fid = read_file_problems(answer(text, 488))
    assert general == "Invalid file data; core.run: out of range; a bare text"
    assert by_place == {0: "Permission denied; Validation: a.b: too large"}
    assert by_fid == {"f1": "Missing name"}


@pytest.mark.parametrize("text", ["no JSON", "[1]", '{"metadata_errors": 5}', ""])
def test_a_body_of_another_form_still_has_a_sentence(text: str) -> None:
    general, by_place, by_fid = read_file_problems(answer(text, 488))
    assert general
    assert not by_place
    assert not by_fid


def test_the_words_of_a_refusal_are_found_on_one_line_without_secrets() -> None:
    assert find_saying(answer('{"message": "Invalid value for name: x", "code": "400"}')) == "Invalid value for name: x"
    assert find_saying(answer("two\r\n  lines\x00 with pass word"), hidden=["pass word", ""]) == "two lines with …"
    assert find_saying(answer("")) == "nothing"
    assert find_saying(answer("", 302, location="https://x.example/y?token=1")) == (
        "go to https://x.example/y (if that is right, set that address)"
    )


def test_long_texts_are_cut() -> None:
    assert shorten("x" * 5000) == "x" * 300 + "…"


def test_a_file_is_read_however_much_is_said_of_it() -> None:
    bare = read_file(URL, {"fid": "f", "namespace": "n", "name": "x", "size": None, "created_timestamp": 1e300})
    assert (bare.size_bytes, bare.created_at, bare.checksums, bare.parents) == (None, None, {}, ())
    full = read_file(
        URL,
        {"fid": "f", "namespace": "n", "name": "x", "size": 2**40, "retired": True, "parents": [{"fid": "p"}, "q", 5]},
    )
    assert (full.size_bytes, full.is_retired, full.parents) == (2**40, True, ("p", "q"))


@pytest.mark.parametrize("token", ["", "a.b.c", "a.!!.c", "e30.e30.x", "a.eyJleHAiOiJ4In0.c", "a.eyJleHAiOjFlOTl9.c"])
def test_a_token_that_does_not_say_its_end_is_kept_for_a_while(token: str) -> None:
    assert read_expiry(token) is None


def test_a_short_token_is_renewed_in_its_last_fifth() -> None:
    from datetime import UTC, datetime, timedelta

    end = datetime.fromtimestamp(1_000_000, UTC)
    text = "a.eyJleHAiOjEwMDAwMDB9.c"
    assert make_token(text, now=end - timedelta(seconds=50)).renew_at == end - timedelta(seconds=10)
    assert make_token(text, now=end - timedelta(days=7)).renew_at == end - timedelta(minutes=10)
    assert make_token(text, now=end + timedelta(days=1)).renew_at == end


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        ("https://metacat.example/auth", True),
        ("http://127.0.0.1:8080/auth", True),
        ("http://[::1]/auth", True),
        ("http://localhost/auth", True),
        ("http://metacat.example/auth", False),
        ("http://10.0.0.1/auth", False),
        ("http://localhost.example/auth", False),
    ],
)
def test_only_encryption_or_the_own_machine_keep_a_password_secret(url: str, is_so: bool) -> None:
    assert is_private(url) is is_so


def test_a_token_that_is_nested_without_end_says_no_time() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 200_000).decode()
    assert read_expiry(f"a.{deep}.b") is None

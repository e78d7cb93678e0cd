from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sutler.auth.digest import (
    NONCE_LIFETIME,
    DigestAnswer,
    DigestChallenge,
    DigestLogin,
    is_right,
    make_ha1,
    make_nonce,
    read_authorization,
    read_nonce,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOGIN = DigestLogin("testrealm@host.com", "key")

# The example of RFC 2617, section 3.5.
EXAMPLE = (
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", '
    'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
HA1 = make_ha1("Mufasa", "testrealm@host.com", "Circle Of Life")


def read_example() -> DigestAnswer:
    """The answer of the example."""
    answer = read_authorization(EXAMPLE)
    assert answer is not None
    return answer


def test_the_example_of_the_standard_is_right() -> None:
    assert is_right(read_example(), ha1=HA1, method="GET", target="/dir/index.html")


@pytest.mark.parametrize(
    ("ha1", "method", "target"),
    [
        (make_ha1("Mufasa", "testrealm@host.com", "wrong"), "GET", "/dir/index.html"),
        (HA1, "POST", "/dir/index.html"),
        (HA1, "GET", "/other"),
    ],
)
def test_another_password_method_or_address_is_wrong(ha1: str, method: str, target: str) -> None:
    assert not is_right(read_example(), ha1=ha1, method=method, target=target)


def test_before_a_proxy_the_address_may_begin_with_more() -> None:
    assert is_right(read_example(), ha1=HA1, method="GET", target="/index.html")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic abc",
        "Digest",
        EXAMPLE.replace("qop=auth", "qop=auth-int"),
        EXAMPLE.replace("qop=auth, ", ""),
        EXAMPLE.replace("cnonce", "other"),
        EXAMPLE + ", algorithm=SHA-256",
    ],
)
def test_what_was_not_asked_for_is_no_answer(header: str) -> None:
    assert read_authorization(header) is None


def test_quoted_words_may_hold_quotes_and_commas() -> None:
    answer = read_authorization(EXAMPLE.replace('"Mufasa"', '"Mu\\"fa, sa"'))
    assert answer is not None
    assert answer.username == 'Mu"fa, sa'


def test_a_nonce_knows_when_it_ends_and_cannot_be_made_elsewhere() -> None:
    nonce = make_nonce(LOGIN, NOON)
    assert read_nonce(LOGIN, nonce) == NOON + NONCE_LIFETIME
    assert read_nonce(DigestLogin(LOGIN.realm, "another key"), nonce) is None
    assert make_nonce(LOGIN, NOON) != nonce
    for broken in ("", "x", nonce[:-1], f"1{nonce}", "é-é"):
        assert read_nonce(LOGIN, broken) is None


def test_a_challenge_is_written_as_the_standard_says() -> None:
    assert DigestChallenge("r", "n").header == 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'
    assert DigestChallenge("r", "n", is_stale=True).header.endswith(", stale=true")

"""The text of tokens."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from sutler.auth import TokenExpiredError, TokenInvalidError, TokenSigner
from sutler.auth.model import SigningKey
from sutler.auth.signing import Claims

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OLD = SigningKey("1", "an old secret that is long enough for HS256")
NEW = SigningKey("2", "a new secret that is long enough for HS256")


def some_claims() -> Claims:
    return Claims("mia", uuid4(), NOON, NOON + timedelta(days=7))


def encode(item: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(item).encode()).decode().rstrip("=")


def sign_anything(said: dict[str, object], *, key: SigningKey = NEW, algorithm: str = "HS256") -> str:
    secret = OctKey.import_key(key.secret.encode())
    return jwt.encode({"alg": algorithm, "kid": key.key_id}, said, secret, algorithms=[algorithm])


def test_what_was_signed_reads_the_same() -> None:
    signer, claims = TokenSigner([NEW]), some_claims()
    assert signer.read(signer.sign(claims), now=NOON) == claims


def test_a_token_carries_the_claims_that_other_programs_look_for() -> None:
    claims = some_claims()
    header, payload, _ = TokenSigner([NEW]).sign(claims).split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert said == {
        "sub": "mia",
        "iat": NOON.timestamp(),
        "nbf": NOON.timestamp(),
        "exp": (NOON + timedelta(days=7)).timestamp(),
        "jti": str(claims.jti),
    }
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "HS256", "kid": "2", "typ": "JWT"}


def test_a_token_of_an_older_key_is_still_read_and_new_ones_use_the_newest() -> None:
    claims = some_claims()
    assert TokenSigner([OLD, NEW]).read(TokenSigner([OLD]).sign(claims), now=NOON) == claims
    assert TokenSigner([NEW]).read(TokenSigner([OLD, NEW]).sign(claims), now=NOON) == claims


def test_a_token_ends_at_its_very_second() -> None:
    signer, claims = TokenSigner([NEW]), some_claims()
    text = signer.sign(claims)
    assert signer.read(text, now=claims.expires_at - timedelta(seconds=1)) == claims
    for late in (timedelta(0), timedelta(seconds=1), timedelta(days=365)):
        with pytest.raises(TokenExpiredError):
            signer.read(text, now=claims.expires_at + late)


def test_a_server_whose_clock_is_a_little_behind_accepts_a_fresh_token() -> None:
    signer, claims = TokenSigner([NEW]), some_claims()
    text = signer.sign(claims)
    assert signer.read(text, now=NOON - timedelta(seconds=30)) == claims
    with pytest.raises(TokenInvalidError):
        signer.read(text, now=NOON - timedelta(minutes=5))


def test_a_token_signed_with_another_key_is_refused() -> None:
    forged = TokenSigner([SigningKey("2", "a secret that somebody else has thought of")]).sign(some_claims())
    unknown = TokenSigner([OLD]).sign(some_claims())
    for text in (forged, unknown):
        with pytest.raises(TokenInvalidError):
            TokenSigner([NEW]).read(text, now=NOON)


def test_a_changed_token_is_refused() -> None:
    header, _, signature = TokenSigner([NEW]).sign(some_claims()).split(".")
    payload = encode({"sub": "admin", "iat": 0, "nbf": 0, "exp": 9_999_999_999, "jti": str(uuid4())})
    with pytest.raises(TokenInvalidError):
        TokenSigner([NEW]).read(f"{header}.{payload}.{signature}", now=NOON)


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "none", "kid": "2"}, {"alg": "RS256", "kid": "2"}, [], 7])
def test_a_token_without_our_algorithm_is_refused(header: object) -> None:
    said = {"sub": "admin", "iat": 0, "nbf": 0, "exp": 9_999_999_999, "jti": str(uuid4())}
    for signature in ("", "AAAA"):
        with pytest.raises(TokenInvalidError):
            TokenSigner([NEW]).read(f"{encode(header)}.{encode(said)}.{signature}", now=NOON)


def test_another_algorithm_with_the_right_key_is_refused() -> None:
    said: dict[str, object] = {"sub": "mia", "iat": 0, "nbf": 0, "exp": 9_999_999_999, "jti": str(uuid4())}
    with pytest.raises(TokenInvalidError):
        TokenSigner([NEW]).read(sign_anything(said, algorithm="HS512"), now=NOON)
    assert TokenSigner([NEW]).read(sign_anything(said), now=NOON).username == "mia"


@pytest.mark.parametrize("claim", ["sub", "iat", "nbf", "exp", "jti"])
@pytest.mark.parametrize("wrong", [None, "", [], "soon", 1e300])
def test_a_signed_token_with_a_missing_or_odd_claim_is_refused(claim: str, wrong: object) -> None:
    said: dict[str, object] = {"sub": "mia", "iat": 0, "nbf": 0, "exp": 9_999_999_999, "jti": str(uuid4())}
    if claim == "sub" and wrong == "soon":
        wrong = 7
    with pytest.raises(TokenInvalidError):
        TokenSigner([NEW]).read(sign_anything({**said, claim: wrong}), now=NOON)


@given(
    st.one_of(
        st.text(),
        st.lists(st.binary(max_size=20), min_size=1, max_size=5).map(
            lambda parts: ".".join(base64.urlsafe_b64encode(part).decode() for part in parts)
        ),
    )
)
def test_whatever_is_sent_in_place_of_a_token_is_refused_as_such(text: str) -> None:
    with pytest.raises(TokenInvalidError):
        TokenSigner([NEW]).read(text, now=NOON)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["HS256", "2", "JWT", "exp"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "x"]), inner, max_size=4)
        ),
        max_leaves=6,
    )
)
def test_whatever_stands_in_the_head_of_a_token_it_is_refused_as_such(header: object) -> None:
    said = {"sub": "admin", "iat": 0, "nbf": 0, "exp": 9_999_999_999, "jti": str(uuid4())}
    with pytest.raises(TokenInvalidError):
        TokenSigner([NEW]).read(f"{encode(header)}.{encode(said)}.AAAA", now=NOON)


def test_neither_signer_nor_key_shows_its_secret_when_printed() -> None:
    assert NEW.secret not in repr(NEW)
    assert NEW.secret not in repr(TokenSigner([NEW]))

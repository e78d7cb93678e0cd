"""Sealed texts, and what becomes of them under another key or after a change."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutler.auth import SealBrokenError, Sealer, make_sealing_key

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))


@given(st.text(st.characters(codec="utf-8")))
def test_what_was_sealed_opens_the_same(text: str) -> None:
    sealer = Sealer(KEY)
    assert sealer.open(sealer.seal(text)) == text


def test_the_same_text_looks_different_each_time_and_is_not_to_be_read() -> None:
    sealer = Sealer(KEY)
    first, second = sealer.seal("open sesame"), sealer.seal("open sesame")
    assert first != second
    assert "sesame" not in first
    assert base64.urlsafe_b64encode(b"open sesame").decode().rstrip("=") not in first


def test_another_key_opens_nothing_and_the_refusal_names_the_file_of_the_key() -> None:
    sealed = Sealer(KEY).seal("open sesame")
    with pytest.raises(SealBrokenError) as refusal:
        Sealer(OTHER, key_file="/data/sealing.key").open(sealed)
    assert "/data/sealing.key" in refusal.value.sentence
    assert "set the password or token anew" in refusal.value.sentence
    assert "sesame" not in refusal.value.sentence


def test_a_changed_text_is_refused_wherever_the_change_is() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal("open sesame")
    for place, letter in enumerate(sealed):
        changed = sealed[:place] + ("A" if letter not in "A." else "Z") + sealed[place + 1 :]
        if _decode(changed) == _decode(sealed):
            continue  # the last letter of a part carries bits that mean nothing
        with pytest.raises(SealBrokenError):
            sealer.open(changed)


@pytest.mark.parametrize("sealed", ["", "open sesame", "....", "a.b.c.d.e", "é.é.é.é.é", "\ud800"])
def test_what_was_never_sealed_is_refused(sealed: str) -> None:
    with pytest.raises(SealBrokenError):
        Sealer(KEY).open(sealed)


def test_another_way_of_sealing_is_refused_even_with_the_right_key() -> None:
    header, *rest = Sealer(KEY).seal("open sesame").split(".")
    said = json.loads(base64.urlsafe_b64decode(header + "=="))
    assert said == {"alg": "dir", "enc": "A256GCM"}
    weaker = base64.urlsafe_b64encode(json.dumps(said | {"enc": "A128CBC-HS256"}).encode()).decode().rstrip("=")
    with pytest.raises(SealBrokenError):
        Sealer(KEY).open(".".join([weaker, *rest]))


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes, not 31"):
        Sealer(KEY[:31])


def test_keys_are_made_anew_and_long_enough() -> None:
    first, second = make_sealing_key(), make_sealing_key()
    assert first != second
    assert len(first) == len(second) == 32


def test_a_sealer_does_not_show_its_key() -> None:
    shown = repr(Sealer(KEY))
    assert KEY.hex() not in shown
    assert repr(KEY) not in shown


def _decode(sealed: str) -> list[bytes] | None:
    try:
        return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in sealed.split(".")]
    except ValueError:
        return None

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutler.base.did import Did, InvalidNameError

names = st.text(alphabet="abcXYZ019_./-", min_size=1, max_size=20)


@given(names, names)
def test_a_did_reads_back_what_it_prints(namespace: str, name: str) -> None:
    assert Did.parse(str(Did(namespace, name))) == Did(namespace, name)


@pytest.mark.parametrize("text", ["nocolon", ":name", "ns:", "ns:a b", "ns:a+b", "ns:a:b", "", "ns:é", "n's:x"])
def test_anything_else_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        Did.parse(text)
    assert caught.value.problems[0].what

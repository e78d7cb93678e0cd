"""Checking the MetaCat server of an experiment."""

from __future__ import annotations

from tests.contract.metacat.bed import Bed
from tests.contract.metacat.metacat_stand_in import Fault, make_token, reply_text

from sutler.auth import SYSTEM, CredentialMethod, CredentialSide, ServiceKind, remove_credential
from sutler.base.check_lines import CheckState

FINE, DOUBTFUL, BROKEN = CheckState.FINE, CheckState.DOUBTFUL, CheckState.BROKEN


async def test_a_server_that_works_says_version_token_and_namespaces(bed: Bed) -> None:
    bed.metacat.put_files("prod:out", "a")
    bed.metacat.put_files("theirs:out", "b")
    bed.metacat.namespaces["theirs"]["owner_user"] = "somebody"
    assert await bed.check() == [
        ("server", FINE, f"{bed.metacat.url} answers: MetaCat 4.1.4."),
        (
            "credential any",
            FINE,
            "The password of pro is taken: it gives tokens, this one good until 2026-03-08 12:00 UTC.",
        ),
        ("namespaces of pro", FINE, "2 can be read, and it can declare in 1: prod."),
    ]


async def test_a_wrong_password_is_broken_and_a_right_one_is_taken_at_once(bed: Bed) -> None:
    bed.metacat.passwords["pro"] = "another one"
    for _ in range(2):
        *_, (part, state, sentence) = await bed.check()
        assert (part, state) == ("credential any", BROKEN)
        assert "the password of pro (side any) is refused: 401 Authentication failed" in sentence
    await bed.sign_in("another one")
    assert BROKEN not in {state for _, state, _ in await bed.check()}


async def test_each_credential_is_tried_once(bed: Bed) -> None:
    await bed.sign_in("wrong words", side=CredentialSide.PRODUCTION)
    lines = {part: state for part, state, _ in await bed.check() if part.startswith("credential")}
    assert lines == {"credential any": FINE, "credential production": BROKEN}


async def test_no_credential_is_doubtful_and_says_what_can_be_read(bed: Bed) -> None:
    bed.metacat.put_files("prod:out", "a")
    await remove_credential(bed.db, SYSTEM, experiment="dune", kind=ServiceKind.METACAT, side=CredentialSide.ANY)
    _, credentials, namespaces = await bed.check()
    assert credentials[:2] == ("credentials", DOUBTFUL)
    assert namespaces == ("namespaces", FINE, "1 can be read by all.")


async def test_a_credential_that_owns_nothing_is_doubtful(bed: Bed) -> None:
    *_, (part, state, sentence) = await bed.check()
    assert (part, state) == ("namespaces of pro", DOUBTFUL)
    assert sentence.startswith("0 can be read, none of them is its own")


async def test_a_token_that_ends_soon_warns(bed: Bed) -> None:
    bearer = make_token("pro", bed.metacat.now() + 86400)
    bed.metacat.bearers[bearer] = "pro"
    bed.metacat.token_seconds = 86400
    await bed.sign_in(bearer, method=CredentialMethod.TOKEN)
    assert (await bed.check())[1] == (
        "credential any",
        DOUBTFUL,
        "The token of pro is taken; what it gives is good until 2026-03-02 12:00 UTC. Set a new one before.",
    )


async def test_a_server_that_is_not_there_is_one_broken_line(bed: Bed) -> None:
    await bed.connect(url="http://127.0.0.1:9", seconds=1)
    ((part, state, sentence),) = await bed.check()
    assert (part, state) == ("server", BROKEN)
    assert "http://127.0.0.1:9/data/version cannot be reached" in sentence


async def test_an_address_of_something_else_is_broken(bed: Bed) -> None:
    bed.metacat.faults = [Fault("version", reply_text("<html>Welcome</html>"))]
    ((part, state, sentence),) = await bed.check()
    assert (part, state) == ("server", BROKEN)
    assert "does not say which MetaCat it is" in sentence


async def test_a_sign_in_service_that_is_down_is_told_apart_from_the_server(bed: Bed) -> None:
    await bed.connect(auth_url="http://127.0.0.1:9/auth", seconds=1)
    await bed.sign_in()
    lines = {part: (state, sentence) for part, state, sentence in await bed.check()}
    assert lines["server"][0] is FINE
    state, sentence = lines["credential any"]
    assert state is BROKEN
    assert "http://127.0.0.1:9/auth/auth cannot be reached" in sentence

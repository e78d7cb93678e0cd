"""`ddisp login`, `ddisp version`, and what the command says when it is used wrongly."""

from __future__ import annotations

import re

import pytest
from tests.contract.clients.bench import PASSWORD, Bench

SIGNED_IN = re.compile(r"User:    (\w+)\nExpires: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\n")


def read_token(bench: Bench) -> str:
    """The token that the client keeps for the dispatcher."""
    kept = dict(line.split() for line in (bench.directory / ".token_library").read_text().splitlines())
    return kept[bench.url]


def forget_token(bench: Bench) -> None:
    """Be as if never signed in."""
    (bench.directory / ".token_library").unlink()


def test_a_password_signs_in(new_bench: Bench) -> None:
    forget_token(new_bench)
    ran = new_bench.ddisp("login", "-m", "password", new_bench.username, stdin=f"{PASSWORD}\n")
    assert ran.exit_code == 0, ran.err
    match = SIGNED_IN.search(ran.out)
    assert match
    assert match[1] == new_bench.username
    assert new_bench.succeed("project", "list", "-j") == "[]\n"


def test_the_catalogue_has_a_sign_in_of_its_own_with_the_same_password(bench: Bench) -> None:
    forget_token(bench)
    ran = bench.metacat("auth", "login", "-m", "password", bench.username, stdin=f"{PASSWORD}\n")
    assert ran.exit_code == 0, ran.err
    assert bench.username in ran.out
    ran = bench.metacat("auth", "whoami")
    assert ran.exit_code == 0, ran.err
    assert bench.username in ran.out
    ran = bench.metacat("query", "files from test:ds")
    assert ran.exit_code == 0, ran.err
    assert sorted(ran.out.split()) == ["test:a.root", "test:b.root", "test:c.root"]


def test_a_wrong_password_is_refused_after_both_attempts(bench: Bench) -> None:
    ran = bench.ddisp("login", "-m", "password", bench.username, stdin="wrong-password\n")
    assert ran.exit_code == 1
    assert "Authentication failed" in ran.err


def test_a_token_signs_in_from_every_place_it_is_looked_for(bench: Bench) -> None:
    token = read_token(bench)
    file = bench.directory / "bearer"
    file.write_text(f"{token}\n")
    for words, environment in (
        (("-t", token), {}),
        (("-t", file), {}),
        ((), {"BEARER_TOKEN": token}),
        ((), {"BEARER_TOKEN_FILE": str(file)}),
    ):
        forget_token(bench)
        ran = bench.ddisp("login", "-m", "token", *words, bench.username, **environment)
        assert ran.exit_code == 0, ran.err
        assert SIGNED_IN.fullmatch(ran.out)
        assert read_token(bench) != token


def test_a_token_of_somebody_else_and_a_certificate_are_refused(bench: Bench) -> None:
    ran = bench.ddisp("login", "-m", "token", "-t", read_token(bench), "admin")
    assert ran.exit_code == 1
    assert "Authentication failed" in ran.last_words
    ran = bench.ddisp("login", "-m", "x509", bench.username, bench.directory / "none.pem")
    assert ran.exit_code == 1


def test_the_versions_are_told(bench: Bench) -> None:
    assert bench.succeed("version").splitlines() == [
        f"Server URL:     {bench.url}",
        "Server version: 2.0.3",
        f"Client version: {bench.client.release.version}",
    ]


def test_a_call_without_a_token_ends_with_the_sentence_of_the_server(bench: Bench) -> None:
    forget_token(bench)
    ran = bench.ddisp("project", "list")
    assert ran.exit_code == 1
    assert ran.last_words.endswith("Token not found")


def test_both_addresses_are_needed(bench: Bench) -> None:
    ran = bench.ddisp("version", DATA_DISPATCHER_URL="")
    assert ran.exit_code == 2
    assert "DATA_DISPATCHER_URL" in ran.err
    assert bench.ddisp("version", DATA_DISPATCHER_AUTH_URL="").exit_code == 2
    ran = bench.ddisp(
        *("-s", bench.url, "-a", f"{bench.server_url}/dd/auth", "version"),
        DATA_DISPATCHER_URL="",
        DATA_DISPATCHER_AUTH_URL="",
    )
    assert ran.exit_code == 0, ran.err


@pytest.mark.parametrize("words", [["project", "-?"], ["worker", "next"]], ids=" ".join)
def test_usage_goes_to_standard_error_and_is_no_failure(bench: Bench, words: list[str]) -> None:
    ran = bench.ddisp(*words)
    assert (ran.exit_code, ran.out) == (0, "")
    assert f"{'dd' if bench.is_old else 'ddisp'} {words[0]} " in ran.err


def test_searching_is_not_in_the_published_command(bench: Bench) -> None:
    ran = bench.ddisp("project", "search", "owner = alice")
    assert ran.exit_code == 0
    assert "Unknown command" in ran.err


def test_a_slash_at_the_end_of_the_address_does_no_harm(bench: Bench) -> None:
    ran = bench.ddisp("-s", f"{bench.url}/", "-a", f"{bench.server_url}/auth/", "version")
    assert ran.exit_code == 0
    assert "Server version: 2.0.3" in ran.out

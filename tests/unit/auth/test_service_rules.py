"""What services and credentials may look like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutler.auth import (
    CredentialMethod,
    CredentialSide,
    NewCredential,
    NewService,
    Role,
    Service,
    ServiceKind,
    choose_side,
)
from sutler.auth.service_rules import check_credential, complete_service, is_same_place
from sutler.base.errors import InvalidInputError

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def some_service(server_url: str, auth_url: str) -> Service:
    return Service(1, ServiceKind.METACAT, server_url, auth_url, "", timedelta(seconds=60), NOON, "mia")


def list_problems(service: NewService) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as refusal:
        complete_service(service)
    found: dict[str, str] = {}
    for problem in refusal.value.problems:
        found[problem.where] = f"{found[problem.where]}; {problem.what}" if problem.where in found else problem.what
    return found


@pytest.mark.parametrize(
    ("kind", "auth_url"),
    [(ServiceKind.METACAT, "https://meta.example/dune/auth"), (ServiceKind.RUCIO, "https://meta.example/dune")],
)
def test_the_authentication_address_follows_from_the_server_when_it_is_left_out(
    kind: ServiceKind, auth_url: str
) -> None:
    complete = complete_service(NewService(kind, " https://meta.example/dune/ "))
    assert (complete.server_url, complete.auth_url) == ("https://meta.example/dune", auth_url)


def test_an_authentication_address_that_is_given_stays() -> None:
    complete = complete_service(NewService(ServiceKind.METACAT, "http://[::1]:8080", "https://auth.example:9443/x/"))
    assert (complete.server_url, complete.auth_url) == ("http://[::1]:8080", "https://auth.example:9443/x")


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("", "is needed"),
        ("ftp://meta.example", "must begin with http:// or https://"),
        ("file:///etc/passwd", "must begin with http:// or https://"),
        ("//meta.example", "must begin with http:// or https://"),
        ("https:///x", "must name a host"),
        ("https://mia:pw@meta.example", "may not contain a user name or password"),
        ("https://mia@meta.example", "may not contain a user name or password"),
        ("https://meta.example/#x", "may not contain a query or fragment"),
        ("https://meta.example/#", "may not contain a query or fragment"),
        ("https://meta.example/?x=1", "may not contain a query or fragment"),
        ("https://meta.example:port", "is not an address that can be read"),
        ("https://meta.example:70000", "is not an address that can be read"),
        ("https://[::1", "is not an address that can be read"),
        ("https://meta.éxample", "plain letters, digits and signs only"),
        ("https://a..b", "must name a host by letters"),
        (f"https://{'a' * 64}.example", "must name a host by letters"),
        ("https://a-", "must name a host by letters"),
        ("https://a\\b", "must name a host by letters"),
        ("https://meta.example/a b", "may not contain blanks"),
        ("https://meta.example/a\nHost: evil", "may not contain blanks"),
        ("https://meta.example/" + "x" * 2000, "may have at most 2000 characters"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_the_reason(url: str, what: str) -> None:
    assert what in list_problems(NewService(ServiceKind.METACAT, url))["server_url"]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    service = NewService(ServiceKind.RUCIO, "rucio", "https://a@b", "two words", timedelta(0))
    assert set(list_problems(service)) == {"server_url", "auth_url", "account", "timeout_seconds"}


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        complete_service(NewService(ServiceKind.METACAT, "https://mia:sesame@meta.example"))
    assert "sesame" not in refusal.value.sentence


@pytest.mark.parametrize("seconds", [0.5, 0, -1, 3601])
def test_a_time_out_is_between_a_second_and_an_hour(seconds: float) -> None:
    service = NewService(ServiceKind.METACAT, "https://meta.example", timeout_for=timedelta(seconds=seconds))
    assert list_problems(service) == {"timeout_seconds": "must be between 1 and 3600"}


@given(st.text() | st.text("az09.:-_/%[]\\@?#é~"), st.sampled_from(("", "http://", "https://", "https://meta.example")))
def test_every_address_is_refused_or_can_be_asked_and_stays_as_it_is(text: str, beginning: str) -> None:
    try:
        complete = complete_service(NewService(ServiceKind.METACAT, beginning + text))
    except InvalidInputError:
        return
    assert complete_service(complete) == complete
    asked = httpx.URL(f"{complete.server_url}/data/version")
    assert asked.scheme in {"http", "https"}
    assert asked.host
    assert not asked.userinfo
    assert asked.path.endswith("/data/version")


@pytest.mark.parametrize(
    ("server_url", "auth_url", "is_same"),
    [
        ("https://meta.example/other", "https://auth.example/other", True),
        ("https://META.example:443/dune", "https://auth.example/dune", True),
        ("http://meta.example/dune", "https://auth.example/dune", False),
        ("https://meta.example:8443/dune", "https://auth.example/dune", False),
        ("https://evil.example/dune", "https://auth.example/dune", False),
        ("https://meta.example/dune", "https://evil.example/dune", False),
    ],
)
def test_a_service_has_moved_when_scheme_host_or_port_of_either_address_changes(
    server_url: str, auth_url: str, is_same: bool
) -> None:
    before = some_service("https://meta.example/dune", "https://auth.example/dune")
    assert is_same_place(before, NewService(ServiceKind.METACAT, server_url, auth_url)) is is_same


@pytest.mark.parametrize(
    ("method", "username", "secret", "where"),
    [
        (CredentialMethod.PASSWORD, "", "sesame", "username"),
        (CredentialMethod.PASSWORD, "a:b", "sesame", "username"),
        (CredentialMethod.PASSWORD, "a b", "sesame", "username"),
        (CredentialMethod.PASSWORD, "x" * 65, "sesame", "username"),
        (CredentialMethod.PASSWORD, "mia", "", "secret"),
        (CredentialMethod.PASSWORD, "mia", "ses\name", "secret"),
        (CredentialMethod.TOKEN, "mia", "ses ame", "secret"),
        (CredentialMethod.TOKEN, "mia", "s" * 16_385, "secret"),
    ],
)
def test_a_credential_that_cannot_be_used_is_refused_without_repeating_the_secret(
    method: CredentialMethod, username: str, secret: str, where: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        check_credential(NewCredential(ServiceKind.METACAT, CredentialSide.ANY, method, username, secret))
    assert [problem.where for problem in refusal.value.problems] == [where]
    assert not secret or secret not in refusal.value.sentence


def test_a_password_may_contain_blanks() -> None:
    method = CredentialMethod.PASSWORD
    check_credential(NewCredential(ServiceKind.METACAT, CredentialSide.ANY, method, "mia", " open sesame "))


def test_analysis_has_its_own_side_and_every_other_role_that_of_production() -> None:
    assert {role: choose_side(role) for role in Role} == {
        Role.ANALYSIS: CredentialSide.ANALYSIS,
        Role.SHIFTER: CredentialSide.PRODUCTION,
        Role.PRODUCTION: CredentialSide.PRODUCTION,
        Role.SUPERUSER: CredentialSide.PRODUCTION,
    }

"""Roles, principals and names."""

from itertools import pairwise

import pytest

from sutler.auth import Principal, Role, TokenKind, WeakPasswordError, choose_owner_role, is_at_least
from sutler.auth.model import Bearer
from sutler.auth.rules import (
    check_experiment_name,
    check_password,
    check_token_days,
    check_username,
    make_principal,
)
from sutler.base.errors import InvalidInputError


def a_bearer(*, is_admin: bool = False, kind: TokenKind | None = None, experiment_id: int | None = None) -> Bearer:
    return Bearer(
        user_id=10,
        username="mia",
        display_name="Mia",
        is_admin=is_admin,
        is_active=True,
        roles={"1": "production", "2": "analysis"},
        experiments={"1": "one", "2": "two"},
        kind=kind,
        experiment_id=experiment_id,
        experiment={1: "one", 2: "two", 3: "three"}.get(experiment_id or 0),
        project_id=7 if kind is TokenKind.JOB else None,
    )


def test_each_role_may_act_as_those_before_it_and_no_others() -> None:
    for lower, higher in pairwise([Role.ANALYSIS, Role.SHIFTER, Role.PRODUCTION, Role.SUPERUSER]):
        assert is_at_least(higher, lower)
        assert is_at_least(lower, lower)
        assert not is_at_least(lower, higher)
        assert not is_at_least(None, lower)


@pytest.mark.parametrize(
    ("role", "owner_role"),
    [
        (Role.ANALYSIS, Role.ANALYSIS),
        (Role.SHIFTER, Role.ANALYSIS),
        (Role.PRODUCTION, Role.PRODUCTION),
        (Role.SUPERUSER, Role.SUPERUSER),
    ],
)
def test_what_somebody_makes_belongs_to_the_role_except_that_shifters_make_as_analysis(
    role: Role, owner_role: Role
) -> None:
    who = Principal(10, "mia", "Mia", False, {1: role}, {1: "one"})
    assert choose_owner_role(who, experiment_id=1) is owner_role
    assert choose_owner_role(who, experiment_id=2) is Role.ANALYSIS


def test_what_an_administrator_makes_belongs_to_the_superusers() -> None:
    assert choose_owner_role(Principal(10, "mia", "Mia", True, {}, {}), experiment_id=1) is Role.SUPERUSER


def test_a_principal_holds_all_roles_of_its_user() -> None:
    who = make_principal(a_bearer(is_admin=True))
    assert who.roles == {1: Role.PRODUCTION, 2: Role.ANALYSIS}
    assert who.experiments == {1: "one", 2: "two"}
    assert who.is_admin


def test_a_job_keeps_only_the_role_in_its_experiment() -> None:
    who = make_principal(a_bearer(kind=TokenKind.JOB, experiment_id=2))
    assert (who.roles, who.experiments, who.project_id) == ({2: Role.ANALYSIS}, {2: "two"}, 7)


def test_a_job_of_an_administrator_is_no_administrator() -> None:
    who = make_principal(a_bearer(is_admin=True, kind=TokenKind.JOB, experiment_id=3))
    assert not who.is_admin
    assert (who.roles, who.experiments) == ({3: Role.SUPERUSER}, {3: "three"})


@pytest.mark.parametrize("experiment_id", [3, None])
def test_a_job_whose_owner_is_no_member_any_more_holds_nothing(experiment_id: int | None) -> None:
    who = make_principal(a_bearer(kind=TokenKind.JOB, experiment_id=experiment_id))
    assert (who.roles, who.experiments) == ({}, {})


def test_a_password_has_eight_characters() -> None:
    assert check_password("12345678") == "12345678"
    with pytest.raises(WeakPasswordError, match="at least 8 characters") as refusal:
        check_password("1234567")
    assert [problem.where for problem in refusal.value.problems] == ["password"]


@pytest.mark.parametrize("username", ["", "a b", "é", "a" * 65, "a\n", "a/b"])
def test_a_user_name_that_cannot_be_typed_is_refused(username: str) -> None:
    with pytest.raises(InvalidInputError, match="username"):
        check_username(username)
    assert check_username("mia.Muon-2_x@lab") == "mia.Muon-2_x@lab"


@pytest.mark.parametrize("name", ["", "Nova", "2x2", "a" * 33, "a-b", "dune\n"])
def test_an_experiment_name_is_a_short_lower_case_word(name: str) -> None:
    with pytest.raises(InvalidInputError, match="name"):
        check_experiment_name(name)
    assert check_experiment_name("sbnd_2") == "sbnd_2"


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_lives_at_least_a_day_and_at_most_a_year(days: int) -> None:
    with pytest.raises(InvalidInputError, match="days"):
        check_token_days(days)
    assert check_token_days(366) == 366

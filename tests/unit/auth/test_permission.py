"""The permission matrix: roles, actions, and whose thing it is."""

from dataclasses import replace
from itertools import product

import pytest

from sutler.auth import SYSTEM, Action, Principal, Role, Thing, TokenKind, may, permit
from sutler.base.errors import NotPermittedError

HERE, ELSEWHERE = 1, 2
ME, SOMEBODY = 10, 11

ROLES = {"-": None, "a": Role.ANALYSIS, "s": Role.SHIFTER, "p": Role.PRODUCTION, "u": Role.SUPERUSER}

THINGS = {
    "own": Thing("thing", HERE, ME, Role.ANALYSIS),
    "analysis": Thing("thing", HERE, SOMEBODY, Role.ANALYSIS),
    "production": Thing("thing", HERE, SOMEBODY, Role.PRODUCTION),
    "superuser": Thing("thing", HERE, SOMEBODY, Role.SUPERUSER),
    "nobody's": Thing("thing", HERE),
}

# For each action and whose thing it is, the roles that may; "-" is somebody who is no member.
MATRIX = {
    Action.ANYONE: dict.fromkeys(THINGS, "-aspu"),
    Action.VIEW: dict.fromkeys(THINGS, "aspu"),
    Action.CREATE: dict.fromkeys(THINGS, "aspu"),
    Action.EDIT: {"own": "aspu", "analysis": "u", "production": "pu", "superuser": "pu", "nobody's": "u"},
    Action.LAUNCH: {"own": "aspu", "analysis": "pu", "production": "spu", "superuser": "spu", "nobody's": "u"},
    Action.PROCESS: {"own": "aspu", "analysis": "spu", "production": "spu", "superuser": "spu", "nobody's": "spu"},
    Action.DECLARE: {"own": "aspu", "analysis": "aspu", "production": "pu", "superuser": "u", "nobody's": "u"},
    Action.MANAGE_MEMBERS: dict.fromkeys(THINGS, "u"),
    Action.SET_SERVICES: dict.fromkeys(THINGS, "u"),
    Action.ADMINISTER: dict.fromkeys(THINGS, ""),
}


def somebody(
    role: Role | None, *, is_admin: bool = False, kind: TokenKind = TokenKind.API, project_id: int | None = None
) -> Principal:
    roles = {} if role is None else {HERE: role}
    return Principal(ME, "mia", "Mia", is_admin, roles, {HERE: "here"}, kind=kind, project_id=project_id)


def test_the_matrix_names_every_action_and_every_thing() -> None:
    assert set(MATRIX) == set(Action)
    assert all(set(row) == set(THINGS) for row in MATRIX.values())


@pytest.mark.parametrize(("action", "whose"), list(product(Action, THINGS)))
def test_each_role_may_do_exactly_what_the_matrix_says(action: Action, whose: str) -> None:
    allowed = "".join(letter for letter, role in ROLES.items() if may(somebody(role), action, THINGS[whose]))
    assert allowed == MATRIX[action][whose]


@pytest.mark.parametrize(("action", "whose"), list(product(Action, THINGS)))
def test_administrators_and_the_system_may_do_everything(action: Action, whose: str) -> None:
    assert may(somebody(None, is_admin=True), action, THINGS[whose])
    assert may(SYSTEM, action, THINGS[whose])


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.ANYONE])
def test_a_superuser_is_nobody_in_another_experiment(action: Action) -> None:
    assert not may(somebody(Role.SUPERUSER), action, Thing("thing", ELSEWHERE, ME, Role.ANALYSIS))


@pytest.mark.parametrize("action", [Action.VIEW, Action.CREATE, Action.EDIT])
def test_a_thing_outside_every_experiment_is_its_owners_alone(action: Action) -> None:
    assert may(somebody(None), action, Thing("token", None, ME))
    assert not may(somebody(Role.SUPERUSER), action, Thing("token", None, SOMEBODY))
    assert not may(somebody(Role.SUPERUSER), action, Thing("installation", None))


@pytest.mark.parametrize("action", Action)
def test_a_job_may_only_look_declare_and_process_its_own_project(action: Action) -> None:
    job = somebody(Role.SUPERUSER, kind=TokenKind.JOB, project_id=7)
    assert may(job, action, Thing("project", HERE, ME, project_id=7)) == (
        action in {Action.VIEW, Action.PROCESS, Action.DECLARE}
    )
    assert may(job, action, Thing("project", HERE, ME, project_id=8)) == (action in {Action.VIEW, Action.DECLARE})
    assert not may(job, action, Thing("project", ELSEWHERE, ME, project_id=7))
    assert not may(job, action, Thing("token", None, ME))


def test_a_job_without_a_project_may_process_nothing() -> None:
    job = somebody(Role.SUPERUSER, kind=TokenKind.JOB, project_id=None)
    assert not may(job, Action.PROCESS, Thing("namespace", HERE, ME))


@pytest.mark.parametrize(
    ("action", "whose", "sentence", "needed"),
    [
        (
            Action.EDIT,
            "production",
            "You may not edit this thing: it takes the role production in its experiment or being its owner.",
            "production",
        ),
        (
            Action.LAUNCH,
            "production",
            "You may not launch this thing: it takes the role production-shifter in its experiment or being its owner.",
            "production-shifter",
        ),
        (
            Action.DECLARE,
            "nobody's",
            "You may not declare files in this thing: it takes the role superuser in its experiment.",
            "superuser",
        ),
        (
            Action.MANAGE_MEMBERS,
            "nobody's",
            "You may not manage the members of this thing: it takes the role superuser in its experiment.",
            "superuser",
        ),
        (Action.ADMINISTER, "nobody's", "You may not administer this thing: it takes an administrator.", None),
    ],
)
def test_a_refusal_names_the_action_the_thing_and_the_role_needed(
    action: Action, whose: str, sentence: str, needed: str | None
) -> None:
    with pytest.raises(NotPermittedError) as refusal:
        permit(somebody(Role.ANALYSIS), action, THINGS[whose])
    assert refusal.value.sentence == sentence
    assert refusal.value.facts == {
        "action": action.value,
        "thing": "thing",
        "experiment_id": HERE,
        "needed_role": needed,
        "username": "mia",
        "project_id": None,
    }


def test_the_role_that_a_refusal_names_would_have_been_enough() -> None:
    for action, thing in product(Action, THINGS.values()):
        try:
            permit(somebody(None), action, thing)
        except NotPermittedError as refusal:
            needed = refusal.facts["needed_role"]
            if needed is not None:
                permit(somebody(Role(str(needed))), action, thing)


def test_things_outside_every_experiment_are_refused_in_a_sentence_of_their_own() -> None:
    with pytest.raises(NotPermittedError, match="its owner or an administrator"):
        permit(somebody(None), Action.EDIT, Thing("token", None, SOMEBODY))
    with pytest.raises(NotPermittedError, match="it takes an administrator"):
        permit(somebody(None), Action.VIEW, Thing("installation", None))


def test_a_job_is_told_what_its_token_is_good_for() -> None:
    with pytest.raises(NotPermittedError, match="You may not create a token: the token of a job is good for"):
        permit(somebody(Role.SUPERUSER, kind=TokenKind.JOB), Action.CREATE, Thing("token", None, ME))


def test_every_question_is_noted_whatever_the_answer() -> None:
    who = somebody(Role.ANALYSIS)
    permit(who, Action.VIEW, THINGS["own"])
    with pytest.raises(NotPermittedError):
        permit(who, Action.ADMINISTER, THINGS["own"])
    assert not may(who, Action.EDIT, THINGS["production"])
    assert who.consulted == [
        (Action.VIEW, THINGS["own"]),
        (Action.ADMINISTER, THINGS["own"]),
        (Action.EDIT, THINGS["production"]),
    ]


def test_questions_of_the_system_do_not_pile_up() -> None:
    permit(SYSTEM, Action.ADMINISTER, THINGS["own"])
    assert SYSTEM.consulted == []


LISTING = Thing("project", HERE, SOMEBODY, Role.SUPERUSER, allowed_users=frozenset({ME}))
GROUPED = Thing("project", HERE, SOMEBODY, Role.SUPERUSER, allowed_groups=frozenset({"calibrators"}))


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.ANYONE])
def test_whom_a_project_lists_may_see_it_and_process_its_files_and_no_more(action: Action) -> None:
    is_for_listed = action in (Action.VIEW, Action.PROCESS)
    assert may(somebody(None), action, LISTING) == is_for_listed
    assert may(replace(somebody(None), groups=frozenset({"calibrators"})), action, GROUPED) == is_for_listed
    assert not may(replace(somebody(None), groups=frozenset({"others"})), action, GROUPED)


def test_being_listed_does_not_widen_the_token_of_a_job() -> None:
    job = replace(somebody(Role.ANALYSIS, kind=TokenKind.JOB, project_id=7), groups=frozenset({"calibrators"}))
    assert not may(job, Action.PROCESS, LISTING)
    assert not may(job, Action.PROCESS, GROUPED)


OWNED = Thing("namespace", HERE, owner_group="calibrators")


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.ANYONE])
def test_the_members_of_an_owning_group_may_change_a_thing_and_declare_in_it_and_no_more(action: Action) -> None:
    member = replace(somebody(Role.ANALYSIS), groups=frozenset({"calibrators"}))
    other = replace(somebody(Role.ANALYSIS), groups=frozenset({"others"}))
    is_for_everybody = action in (Action.VIEW, Action.CREATE)
    assert may(member, action, OWNED) == (is_for_everybody or action in (Action.EDIT, Action.DECLARE))
    assert may(other, action, OWNED) == is_for_everybody


def test_what_belongs_to_a_group_is_not_of_the_role_production_but_of_superusers_too() -> None:
    assert not may(somebody(Role.PRODUCTION), Action.DECLARE, OWNED)
    assert may(somebody(Role.SUPERUSER), Action.DECLARE, OWNED)
    assert may(somebody(None, is_admin=True), Action.DECLARE, OWNED)


def test_a_group_counts_only_for_members_of_the_experiment() -> None:
    former = replace(somebody(None), groups=frozenset({"calibrators"}))
    assert not may(former, Action.DECLARE, OWNED)
    elsewhere = Thing("namespace", ELSEWHERE, owner_group="calibrators")
    assert not may(replace(somebody(Role.SUPERUSER), groups=frozenset({"calibrators"})), Action.DECLARE, elsewhere)


def test_an_owning_group_does_not_widen_the_token_of_a_job() -> None:
    job = replace(somebody(Role.ANALYSIS, kind=TokenKind.JOB, project_id=7), groups=frozenset({"calibrators"}))
    assert not may(job, Action.EDIT, OWNED)


def test_a_refusal_names_the_group_that_would_be_enough() -> None:
    sentence = "it takes the role superuser in its experiment or being in the group calibrators"
    with pytest.raises(NotPermittedError, match=sentence):
        permit(somebody(Role.ANALYSIS), Action.DECLARE, OWNED)
    with pytest.raises(NotPermittedError, match=r"it takes the role superuser in its experiment\.$"):
        permit(somebody(Role.ANALYSIS), Action.MANAGE_MEMBERS, OWNED)

"""Who may do what: decided from the roles somebody holds and from who made the thing. And what names may look like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sutler.auth.errors import WeakPasswordError
from sutler.auth.model import SYSTEM, Action, Bearer, Experiment, Group, Member, Principal, Role, Thing, TokenKind
from sutler.base.errors import InvalidInputError, Problem

SHORTEST_PASSWORD = 8
LONGEST_TOKEN_DAYS = 366

_EXPERIMENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_USERNAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_RANK = {role: rank for rank, role in enumerate(Role)}
_GROUP_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_COMPUTED_GROUPS = {"analysis": Role.ANALYSIS, "production": Role.PRODUCTION}
_LISTED_ACTIONS = (Action.VIEW, Action.PROCESS)
_JOB_ACTIONS = (Action.VIEW, Action.PROCESS, Action.DECLARE)
_OWNER_ACTIONS = (Action.EDIT, Action.LAUNCH, Action.PROCESS, Action.DECLARE)
_GROUP_ACTIONS = (Action.EDIT, Action.DECLARE)


def is_at_least(role: Role | None, needed: Role) -> bool:
    """Whether a role may act as the needed one. No role is less than any."""
    return role is not None and _RANK[role] >= _RANK[needed]


def is_permitted(who: Principal, action: Action, thing: Thing) -> bool:
    """Whether somebody may do something to a thing.

    Administrators may do everything. A thing outside every experiment is its owner's alone; one inside is its owner's
    as long as that person holds the role that it was made in. Whom a thing lists, by name
    or by group, may see it and process its files. The members of a group that a thing belongs to may change it and
    declare in it, as long as they are members of its experiment. The token of a job may look around in its experiment,
    process the files of its project and declare what came of them, whoever it works for.
    """
    if who is SYSTEM:
        return True
    if who.kind is TokenKind.JOB:
        return _is_permitted_to_job(who, action, thing)
    if who.is_admin or action is Action.ANYONE or _is_listed(who, action, thing):
        return True
    if action is Action.ADMINISTER:
        return False
    if thing.experiment_id is None:
        return thing.owner_id == who.user_id
    role = who.roles.get(thing.experiment_id)
    return role is not None and _is_permitted_to_member(who, role, action, thing)


def find_needed_role(action: Action, thing: Thing) -> Role | None:
    """Return the least role that would be enough for somebody else's thing; None if no role is."""
    if thing.experiment_id is None or action is Action.ADMINISTER:
        return None
    return next((role for role in Role if _is_permitted_to_role(role, action, thing.owner_role, is_own=False)), None)


def explain_refusal(who: Principal, action: Action, thing: Thing) -> str:
    """Return a sentence that says what was refused and what would be needed."""
    what = f"You may not {action} {_name_thing(action, thing)}:"
    if who.kind is TokenKind.JOB:
        return f"{what} the token of a job is good for the files of its own project and experiment only."
    role = find_needed_role(action, thing)
    if thing.experiment_id is None:
        return f"{what} it takes {'an administrator' if thing.owner_id is None else 'its owner or an administrator'}."
    if role is None:
        return f"{what} it takes an administrator."
    owner = " or being its owner" if thing.owner_id is not None and action in _OWNER_ACTIONS else ""
    if thing.owner_group is not None and action in _GROUP_ACTIONS:
        owner += f" or being in the group {thing.owner_group}"
    return f"{what} it takes the role {role} in its experiment{owner}."


def choose_owner_role(who: Principal, *, experiment_id: int) -> Role:
    """Return the role that what somebody makes in an experiment will belong to.

    Shifters make things as analysis, so that a shift does not leave production things behind. Administrators count as
    superusers. Somebody without a role makes things as analysis; ask for CREATE first.
    """
    if who.is_admin:
        return Role.SUPERUSER
    role = who.roles.get(experiment_id, Role.ANALYSIS)
    return Role.ANALYSIS if role is Role.SHIFTER else role


def make_principal(bearer: Bearer) -> Principal:
    """Return who is asking. The token of a job keeps only what its owner holds in the experiment of the job."""
    roles = {int(key): Role(role) for key, role in bearer.roles.items()}
    experiments = {int(key): name for key, name in bearer.experiments.items()}
    is_job = bearer.kind is TokenKind.JOB
    if is_job:
        held = Role.SUPERUSER if bearer.is_admin else roles.get(bearer.experiment_id or 0)
        roles, experiments = {}, {}
        if held is not None and bearer.experiment_id is not None:
            roles = {bearer.experiment_id: held}
            experiments = {bearer.experiment_id: bearer.experiment or ""}
    return Principal(
        user_id=bearer.user_id,
        username=bearer.username,
        display_name=bearer.display_name,
        is_admin=bearer.is_admin and not is_job,
        roles=roles,
        experiments=experiments,
        kind=bearer.kind or TokenKind.API,
        jti=bearer.jti,
        project_id=bearer.project_id,
        groups=frozenset() if is_job else compute_groups(roles, experiments) | frozenset(bearer.groups),
    )


def compute_groups(roles: Mapping[int, Role], experiments: Mapping[int, str]) -> frozenset[str]:
    """Return the groups that follow from roles: `EXPERIMENT_analysis` of every member, `EXPERIMENT_production`."""
    return frozenset(
        name_computed_group(experiments[experiment_id], word)
        for experiment_id, role in roles.items()
        for word, needed in _COMPUTED_GROUPS.items()
        if is_at_least(role, needed)
    )


def name_computed_group(experiment: str, word: str) -> str:
    """Return the name of a group that follows from the roles in an experiment."""
    return f"{experiment}_{word}"


def list_computed_groups(experiment: Experiment, members: Sequence[Member]) -> list[Group]:
    """Return the groups that follow from the roles of the members of an experiment."""
    return [
        Group(
            name=name_computed_group(experiment.name, word),
            experiment_id=experiment.id,
            description=f"Members of {experiment.name} with at least the role {needed}.",
            members=tuple(member.username for member in members if is_at_least(member.role, needed)),
            is_computed=True,
        )
        for word, needed in _COMPUTED_GROUPS.items()
    ]


def check_password(password: str) -> str:
    """Return the password if it may be set. Raises WeakPasswordError."""
    if len(password) < SHORTEST_PASSWORD:
        raise WeakPasswordError([Problem("password", f"must have at least {SHORTEST_PASSWORD} characters")])
    return password


def check_username(username: str) -> str:
    """Return the name if a user may have it. Raises InvalidInputError."""
    if not _USERNAME.fullmatch(username):
        what = f"{username!r} must be 1 to 64 letters, digits and the characters _ . @ -"
        raise InvalidInputError([Problem("username", what)])
    return username


def check_experiment_name(name: str) -> str:
    """Return the name if an experiment may have it. Raises InvalidInputError."""
    if not _EXPERIMENT_NAME.fullmatch(name):
        what = f"{name!r} must be 1 to 32 lower-case letters, digits and underscores, and begin with a letter"
        raise InvalidInputError([Problem("name", what)])
    return name


def check_group_name(name: str) -> str:
    """Return the name if a group may be made under it. Raises InvalidInputError."""
    if not _GROUP_NAME.fullmatch(name):
        what = f"{name!r} must be 1 to 64 letters, digits and the characters _ . -"
        raise InvalidInputError([Problem("name", what)])
    if name.endswith(tuple(f"_{word}" for word in _COMPUTED_GROUPS)):
        what = f"{name} ends like the groups that follow from the roles in an experiment: choose another ending"
        raise InvalidInputError([Problem("name", what)])
    return name


def check_token_days(days: int) -> int:
    """Return the number of days if a token may live that long. Raises InvalidInputError."""
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise InvalidInputError([Problem("days", f"must be between 1 and {LONGEST_TOKEN_DAYS}, not {days}")])
    return days


def _is_listed(who: Principal, action: Action, thing: Thing) -> bool:
    is_named = who.user_id in thing.allowed_users or not who.groups.isdisjoint(thing.allowed_groups)
    return is_named and action in _LISTED_ACTIONS


def _is_permitted_to_member(who: Principal, role: Role, action: Action, thing: Thing) -> bool:
    if thing.owner_group in who.groups and action in _GROUP_ACTIONS:
        return True
    return _is_permitted_to_role(role, action, thing.owner_role, is_own=thing.owner_id == who.user_id)


def _is_permitted_to_job(who: Principal, action: Action, thing: Thing) -> bool:
    if action not in _JOB_ACTIONS or thing.experiment_id not in who.roles:
        return False
    return action is not Action.PROCESS or (thing.project_id is not None and thing.project_id == who.project_id)


def _is_permitted_to_role(role: Role, action: Action, owner_role: Role | None, *, is_own: bool) -> bool:
    # What somebody made in a role stays theirs as long as they hold that role.
    is_mine = is_own and (owner_role is None or is_at_least(role, owner_role))
    if role is Role.SUPERUSER or (is_mine and action in _OWNER_ACTIONS):
        return True
    match action:
        case Action.ANYONE | Action.VIEW | Action.CREATE:
            needed: Role | None = Role.ANALYSIS
        case Action.EDIT:
            needed = Role.PRODUCTION if is_at_least(owner_role, Role.PRODUCTION) else None
        case Action.LAUNCH:
            needed = _find_role_for_launch(owner_role)
        case Action.PROCESS:
            needed = Role.SHIFTER
        case Action.DECLARE:
            needed = owner_role
        case Action.MANAGE_MEMBERS | Action.SET_SERVICES | Action.ADMINISTER:
            needed = None
    return needed is not None and is_at_least(role, needed)


def _find_role_for_launch(owner_role: Role | None) -> Role | None:
    if owner_role is None:
        return None
    return Role.SHIFTER if is_at_least(owner_role, Role.PRODUCTION) else Role.PRODUCTION


def _name_thing(action: Action, thing: Thing) -> str:
    return f"a {thing.kind}" if action is Action.CREATE else f"this {thing.kind}"

"""Where login setups may log in to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.auth import Action, Principal, Role, Thing, permit
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.campaigns import rules, store
from sutler.campaigns.errors import LaunchHostError
from sutler.campaigns.model import CampaignEvent, LaunchHosts, LoginSetup
from sutler.campaigns.operations.loading import load_experiment
from sutler.database import Database, Tx

HOSTLESS_BACKENDS = ("local",)
"""Back-ends that log in nowhere: the host of a login setup does not matter to them."""


async def get_launch_hosts(db: Database, who: Principal, *, experiment: str) -> LaunchHosts:
    """Return where login setups of an experiment may log in to. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        found = await load_experiment(tx, experiment)
        permit(who, Action.VIEW, Thing("experiment", found.id))
        return await store.list_launch_hosts(tx, experiment_id=found.id)


async def set_launch_hosts(
    db: Database, who: Principal, *, experiment: str, role: Role, patterns: Sequence[str]
) -> LaunchHosts:
    """Replace where login setups of analysis, or of production, may log in to: each a part of the host's name.

    Raises NotFoundError, NotPermittedError, InvalidInputError.
    """
    if role not in (Role.ANALYSIS, Role.PRODUCTION):
        raise InvalidInputError([Problem("role", f"must be analysis or production, not {role}")])
    wrong = [each for each in patterns if not each.strip() or each != each.strip() or len(each) > 255]
    if wrong:
        raise InvalidInputError([Problem("patterns", f"{each!r} must be part of a host's name") for each in wrong])
    async with db.write() as tx:
        found = await load_experiment(tx, experiment)
        permit(who, Action.SET_SERVICES, Thing("experiment", found.id))
        await store.delete_launch_hosts(tx, experiment_id=found.id, role=role.value)
        await store.insert_launch_hosts(tx, experiment_id=found.id, role=role.value, patterns=patterns)
        facts: dict[str, object] = {"role": role.value, "patterns": list(patterns)}
        await tx.record(Event(CampaignEvent.LAUNCH_HOSTS_SET, "experiment", str(found.id), found.id, facts), who)
        return await store.list_launch_hosts(tx, experiment_id=found.id)


async def check_host_in(tx: Tx, login_setup: LoginSetup, variables: Mapping[str, str], *, role: str) -> None:
    """Raise LaunchHostError unless a stage that belongs to a role may log in with a login setup, and to its host.

    What production has set up logs in with the account of production, which is not for analysis. Production hosts carry
    the name of the experiment, or are on its list; hosts of analysis are on its list.
    """
    if login_setup.backend in HOSTLESS_BACKENDS:
        return
    if role == Role.ANALYSIS.value != login_setup.creator_role:
        what = f"logs in for {login_setup.creator_role}; what belongs to analysis needs a login setup of analysis"
        raise LaunchHostError([Problem(f"login setup {login_setup.name}", what)], login_setup=login_setup.name)
    if not login_setup.host:
        return
    host = rules.substitute(login_setup.host, variables, where="host of the login setup")
    allowed = await store.list_launch_hosts(tx, experiment_id=login_setup.experiment_id)
    is_production = role != Role.ANALYSIS.value
    patterns = (*allowed.production, variables["experiment"]) if is_production else allowed.analysis
    if not any(pattern in host for pattern in patterns):
        kind = "production" if is_production else "analysis"
        names = ", ".join(patterns) or "nothing yet"
        what = f"{host} is no host for {kind} of {variables['experiment']}; allowed is a name with {names} in it"
        raise LaunchHostError([Problem(f"host of login setup {login_setup.name}", what)], host=host)

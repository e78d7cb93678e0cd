"""The one permission question that every operation asks."""

from __future__ import annotations

from sutler.auth.model import SYSTEM, Action, Principal, Thing
from sutler.auth.rules import explain_refusal, find_needed_role, is_permitted
from sutler.base.errors import NotPermittedError


def permit(who: Principal, action: Action, thing: Thing) -> None:
    """Go on if somebody may do this to the thing; the question is noted in `who.consulted`.

    Raises NotPermittedError, which names the user, the action, the thing and the role that would be needed.
    """
    if may(who, action, thing):
        return
    needed = find_needed_role(action, thing)
    raise NotPermittedError(
        explain_refusal(who, action, thing),
        action=action.value,
        thing=thing.kind,
        experiment_id=thing.experiment_id,
        needed_role=None if needed is None else needed.value,
        username=who.username,
        project_id=thing.project_id,
    )


def may(who: Principal, action: Action, thing: Thing) -> bool:
    """Whether somebody may do this to the thing, for lists and buttons. Noted in `who.consulted` like a refusal."""
    # SYSTEM lives as long as the process: what it asks would pile up.
    if who is not SYSTEM:
        who.consulted.append((action, thing))
    return is_permitted(who, action, thing)

"""Who owns what, in the words of this protocol: a user, or a *role*, which is the name of a group here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sutler.auth import Role
from sutler.compat.call import SignedCall
from sutler.compat.experiments import list_experiments


class Owned(Protocol):
    """Something with an owner: a user, everybody with a role in the experiment, or a group."""

    @property
    def experiment_id(self) -> int:
        """The experiment that it belongs to."""

    @property
    def owner_role(self) -> Role | None:
        """The role."""

    @property
    def owner_group(self) -> str | None:
        """The group."""


@dataclass(frozen=True)
class Owners:
    """The names of the experiments that the caller can see, by id."""

    experiments: Mapping[int, str]

    def find_group(self, thing: Owned) -> str | None:
        """Return the group that owns something, None for a user's. The holders of a role are a group of both names."""
        if thing.owner_role is None:
            return thing.owner_group
        return f"{self.experiments.get(thing.experiment_id, '')}_{thing.owner_role}"


async def find_owners(call: SignedCall) -> Owners:
    """Return what is needed to name those who own something that the caller can see."""
    return Owners(await list_experiments(call))

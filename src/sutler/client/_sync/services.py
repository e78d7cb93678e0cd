# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Other services of an experiment, and what it signs in there with."""

from __future__ import annotations

from types import NoneType

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import services as wire
from sutler.wire.page import Page


class ServiceCalls(Caller):
    """Calls about services."""

    def list_services(self, experiment: str) -> Page[wire.Service]:
        """List the services that an experiment uses, with the credentials if you may set them."""
        return self.get(Page[wire.Service], path_of("experiments", experiment, "services"))

    def set_service(self, experiment: str, kind: wire.ServiceKind, new: wire.NewService) -> wire.Service:
        """Say where a service of an experiment is. One that moves to another host loses its credentials."""
        return self.send(wire.Service, "PUT", path_of("experiments", experiment, "services", kind), new)

    def remove_service(self, experiment: str, kind: wire.ServiceKind) -> None:
        """Let an experiment use a service no more; its credentials are deleted."""
        self.send(NoneType, "DELETE", path_of("experiments", experiment, "services", kind))

    def set_credential(
        self, experiment: str, kind: wire.ServiceKind, side: wire.CredentialSide, new: wire.NewCredential
    ) -> wire.Credential:
        """Set what an experiment signs in with at a service for one side."""
        path = path_of("experiments", experiment, "services", kind, "credentials", side)
        return self.send(wire.Credential, "PUT", path, new)

    def remove_credential(self, experiment: str, kind: wire.ServiceKind, side: wire.CredentialSide) -> None:
        """Forget what an experiment signs in with at a service for one side."""
        path = path_of("experiments", experiment, "services", kind, "credentials", side)
        self.send(NoneType, "DELETE", path)

    def check_services(self, experiment: str) -> wire.CheckReport:
        """Have the services of an experiment tried, with each credential. It may take as long as their time-outs."""
        return self.send(wire.CheckReport, "POST", path_of("experiments", experiment, "check"))

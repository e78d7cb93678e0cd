# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Signing in, tokens, users, experiments and their members."""

from __future__ import annotations

from types import NoneType

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import auth as wire
from sutler.wire.page import Page


class AuthCalls(Caller):
    """Calls about people."""

    def sign_in(self, username: str, password: str) -> wire.IssuedToken:
        """Sign in with a password. The client uses the token from now on."""
        issued = self.send(wire.IssuedToken, "POST", path_of("tokens"), wire.SignIn(username, password))
        self.token = issued.token
        return issued

    def sign_out(self) -> None:
        """Take back the token that the client uses."""
        self.send(NoneType, "DELETE", path_of("tokens", "current"))

    def whoami(self) -> wire.Identity:
        """Return who the token belongs to."""
        return self.get(wire.Identity, path_of("whoami"))

    def list_tokens(self) -> Page[wire.TokenRecord]:
        """List one's own tokens."""
        return self.get(Page[wire.TokenRecord], path_of("tokens"))

    def create_token(self, label: str, *, days: int = 7) -> wire.IssuedToken:
        """Make a token for scripts."""
        return self.send(wire.IssuedToken, "POST", path_of("api_tokens"), wire.NewToken(label, days))

    def revoke_token(self, jti: str) -> None:
        """Take a token back."""
        self.send(NoneType, "DELETE", path_of("tokens", jti))

    def list_users(self) -> Page[wire.User]:
        """List all users."""
        return self.get(Page[wire.User], path_of("users"))

    def create_user(self, new: wire.NewUser) -> wire.User:
        """Make a user."""
        return self.send(wire.User, "POST", path_of("users"), new)

    def change_password(self, username: str, password: str, *, old_password: str | None = None) -> None:
        """Set the password of a user."""
        body = wire.NewPassword(password, old_password)
        self.send(NoneType, "POST", path_of("users", username, "password"), body)

    def list_experiments(self) -> Page[wire.Experiment]:
        """List the experiments of the user; all of them for administrators."""
        return self.get(Page[wire.Experiment], path_of("experiments"))

    def create_experiment(self, name: str, *, full_name: str = "", key: str | None = None) -> wire.Experiment:
        """Make an experiment."""
        return self.send(wire.Experiment, "POST", path_of("experiments"), wire.NewExperiment(name, full_name), key=key)

    def list_members(self, experiment: str) -> Page[wire.Member]:
        """List the members of an experiment."""
        return self.get(Page[wire.Member], path_of("experiments", experiment, "members"))

    def list_groups(self, experiment: str) -> Page[wire.Group]:
        """List the groups of an experiment with their members."""
        return self.get(Page[wire.Group], path_of("groups"), experiment=experiment)

    def create_group(self, new: wire.NewGroup, *, key: str | None = None) -> wire.Group:
        """Make a group of members of an experiment."""
        return self.send(wire.Group, "POST", path_of("groups"), new, key=key)

    def set_group_member(self, group: str, username: str, *, is_member: bool) -> None:
        """Put a user into a group, or take the user out of it."""
        self.send(NoneType, "PUT" if is_member else "DELETE", path_of("groups", group, "members", username))

    def set_member(self, experiment: str, username: str, role: wire.Role | None) -> None:
        """Give a user a role in an experiment; None ends the membership."""
        path = path_of("experiments", experiment, "members", username)
        if role is None:
            self.send(NoneType, "DELETE", path)
        else:
            self.send(NoneType, "PUT", path, wire.NewRole(role))

"""Where the server is and who asks: arguments, else the environment, else the profile that `sutler login` wrote."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sutler.client.errors import ProfileError
from sutler.wire.convert import ShapeError, from_json

DEFAULT_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class Profile:
    """A server and a token for it."""

    url: str
    token: str = field(repr=False)
    username: str = ""


def find_profile_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the profile of this user is kept: in the platform's folder for settings."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sutler" / "profile.json"
    configured = environment.get("XDG_CONFIG_HOME", "").strip()
    return (Path(configured) if configured else Path.home() / ".config") / "sutler" / "profile.json"


def find_profile(path: Path | None = None) -> Profile | None:
    """Return what `sutler login` wrote, or None. Raises ProfileError for a file that cannot be read."""
    path = path or find_profile_path()
    try:
        return from_json(Profile, json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ShapeError) as error:
        raise ProfileError(f"{path} cannot be read: {error}. Sign in again with: sutler login") from error


def save_profile(profile: Profile, path: Path | None = None) -> Path:
    """Write the profile, readable for this user only, in one step. Returns where."""
    path = path or find_profile_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(profile), file, indent=2)
    fresh.replace(path)
    return path


def forget_profile(path: Path | None = None) -> None:
    """Remove the profile, if there is one."""
    (path or find_profile_path()).unlink(missing_ok=True)


def choose(url: str | None, token: str | None, environment: Mapping[str, str] = os.environ) -> tuple[str, str | None]:
    """Return the address and the token to use.

    The token of a profile is shown to the server of that profile only. Raises ProfileError.
    """
    url = url or environment.get("SUTLER_URL") or None
    token = token or environment.get("SUTLER_TOKEN") or None
    if url is None or token is None:
        profile = find_profile(find_profile_path(environment))
        url = url or (profile.url if profile else DEFAULT_URL)
        if token is None and profile is not None and profile.url.rstrip("/") == url.rstrip("/"):
            token = profile.token
    return url.rstrip("/"), token

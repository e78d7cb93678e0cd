"""Where settings and data come from on this machine."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from sutler.base.errors import Problem
from sutler.base.settings import Settings, SettingsError, resolve_settings


@dataclass(frozen=True)
class Configuration:
    """The settings, where each came from, and the data directory."""

    settings: Settings
    origins: Mapping[str, str]
    data_dir: Path

    @property
    def public_url(self) -> str:
        """The address that jobs and redirects are given."""
        return self.settings.public_url.rstrip("/") or f"http://{self.settings.host}:{self.settings.port}"

    @property
    def storage(self) -> Path:
        """Where the built-in storage element keeps files."""
        return self.data_dir / "storage"

    @property
    def sealing_key_file(self) -> Path:
        """Where the key stands that secrets of experiments are sealed with."""
        named = self.settings.sealing_key_file
        return Path(named).absolute() if named else self.data_dir / "sealing.key"


def load_configuration(
    *, data_dir: Path | None = None, config: Path | None = None, command_line: Mapping[str, object] | None = None
) -> Configuration:
    """Read `DATA_DIR/sutler.toml` (or `config`), the environment and the command line. Raises SettingsError."""
    place = choose_data_dir(data_dir)
    settings, origins = resolve_settings(
        file=_read_file(config or place / "sutler.toml", is_required=config is not None),
        environment=os.environ,
        command_line=command_line or {},
    )
    return Configuration(settings, origins, place)


def choose_data_dir(data_dir: Path | None) -> Path:
    """The data directory: as given, else SUTLER_DATA_DIR, else the user's data folder."""
    if data_dir is not None:
        return data_dir.absolute()
    named = os.environ.get("SUTLER_DATA_DIR")
    return Path(named).absolute() if named else Path(platformdirs.user_data_dir("sutler", appauthor=False))


def _read_file(path: Path, *, is_required: bool) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if is_required:
            raise SettingsError([Problem(str(path), "there is no such file")]) from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError([Problem(str(path), str(error))]) from error

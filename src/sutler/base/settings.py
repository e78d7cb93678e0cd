"""The server's settings: one table, from which the code, `sutler config show`, `--help` and the reference are made.

What an experiment owns (time-outs, links, servers) are rows in the database, never settings of the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from sutler.base.errors import InvalidInputError, Problem


class SettingsError(InvalidInputError):
    """The settings cannot be used."""

    code = "base.settings"


class Secret(str):
    """A text that does not print itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')"

    def reveal(self) -> str:
        """Return the text."""
        return str.__str__(self)

    def __str__(self) -> str:
        return "…"

    def __format__(self, _spec: str) -> str:
        return "…"


NOTHING = Secret("")


@dataclass(frozen=True)
class Settings:
    """Everything the server can be told. Each field's help stands in its metadata."""

    host: str = field(default="127.0.0.1", metadata={"help": "Address to listen on."})
    port: int = field(default=8080, metadata={"help": "Port to listen on."})
    public_url: str = field(
        default="",
        metadata={"help": "Address that jobs, mails and redirects are given; http://HOST:PORT when empty."},
    )
    database_url: Secret = field(
        default=NOTHING, metadata={"help": "PostgreSQL 15 or later to use; the embedded server when empty."}
    )
    database_connections: int = field(default=16, metadata={"help": "Connections in the pool."})
    query_seconds: int = field(
        default=30,
        metadata={"help": "How long a statement of a query to the catalogue may run; 0 for no limit.", "most": 86_400},
    )
    largest_project: int = field(
        default=10_000_000, metadata={"help": "Files that one project may hold when it is made.", "most": 100_000_000}
    )
    job_slots: int = field(
        default=0,
        metadata={"help": "Batch jobs that the local back-end runs at once; the number of processors when 0."},
    )
    admin_password: Secret = field(
        default=NOTHING, metadata={"help": "Password of the first user; generated and printed once when empty."}
    )
    digest_login: bool = field(
        default=False,
        metadata={
            "help": "Whether old clients may sign in by HTTP Digest; needs a weak hash of each password set meanwhile."
        },
    )
    sealing_key_file: str = field(
        default="",
        metadata={
            "help": "File with the 32 bytes that passwords for other services are sealed with; DATA_DIR/sealing.key, "
            "made at the first start, when empty."
        },
    )
    log_level: str = field(default="info", metadata={"help": "How much is logged: debug, info, warning or error."})


@dataclass(frozen=True)
class SettingRow:
    """One row of the table."""

    name: str
    kind: str
    default: object
    help: str
    most: int = 1_000_000

    @property
    def environment_name(self) -> str:
        """The environment variable that sets it."""
        return f"SUTLER_{self.name.upper()}"


SETTINGS = tuple(SettingRow(f.name, str(f.type), f.default, **f.metadata) for f in fields(Settings))
_ROWS = {row.name: row for row in SETTINGS}
_WORDS = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
_LEVELS = ("debug", "info", "warning", "error")


def resolve_settings(
    *, file: Mapping[str, object], environment: Mapping[str, str], command_line: Mapping[str, object]
) -> tuple[Settings, dict[str, str]]:
    """Lay the sources over each other, file < environment < command line; return the settings and where each is from.

    Raises SettingsError for unknown keys of the file and values that cannot be used, all at once.
    """
    given: dict[str, object] = {}
    origins = dict.fromkeys(_ROWS, "default")
    problems = [Problem(name, "is not a setting") for name in file if name not in _ROWS]
    for row in SETTINGS:
        for origin, found in (
            ("file", file.get(row.name)),
            ("environment", environment.get(row.environment_name)),
            ("command line", command_line.get(row.name)),
        ):
            if found is None:
                continue
            origins[row.name] = origin
            try:
                given[row.name] = _read(row, found)
            except ValueError as error:
                problems.append(Problem(f"{row.name} ({origin})", str(error)))
    if problems:
        raise SettingsError(problems)
    return Settings(**given), origins  # type: ignore[arg-type]  # read by their rows


def _read(row: SettingRow, found: object) -> object:
    if row.kind == "int":
        number = found if isinstance(found, int) and not isinstance(found, bool) else _whole_number(str(found))
        low, high = (1, 65535) if row.name == "port" else (0, row.most)
        if not low <= number <= high:
            raise ValueError(f"must be between {low} and {high}, not {number}")
        return number
    if row.kind == "bool":
        return found if isinstance(found, bool) else _yes_or_no(str(found))
    text = found.reveal() if isinstance(found, Secret) else str(found)
    if row.name == "log_level" and text not in _LEVELS:
        raise ValueError(f"must be one of {', '.join(_LEVELS)}, not {text!r}")
    return Secret(text) if row.kind == "Secret" else text


def _yes_or_no(text: str) -> bool:
    word = text.strip().lower()
    if word not in _WORDS:
        raise ValueError(f"must be yes or no, not {text!r}")
    return _WORDS[word]


def _whole_number(text: str) -> int:
    if not text.strip().lstrip("-").isdecimal():
        raise ValueError(f"must be a whole number, not {text!r}")
    return int(text)

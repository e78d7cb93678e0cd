"""Finding the samples, which are TOML files beside this one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Final

from sutler.base.errors import NotFoundError

_NAMES: Final = ("monte_carlo", "reconstruction", "split_and_merge", "analysis_generator", "analysis_processor")


@dataclass(frozen=True)
class Sample:
    """A sample: its name, the first line of its text as a title, the lines of remark below, and the whole text."""

    name: str
    title: str
    description: str
    text: str


def list_samples() -> tuple[Sample, ...]:
    """All samples, those for production first."""
    return tuple(map(_read_sample, _NAMES))


def get_sample(name: str) -> Sample:
    """One sample by its name. Raises NotFoundError."""
    if name not in _NAMES:
        raise NotFoundError("sample", name, f"There is no sample {name}. There are {', '.join(_NAMES)}.")
    return _read_sample(name)


def _read_sample(name: str) -> Sample:
    text = resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    remarks = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        remarks.append(line.removeprefix("#").strip())
    return Sample(name, title=remarks[0].rstrip("."), description=" ".join(remarks[1:]), text=text)

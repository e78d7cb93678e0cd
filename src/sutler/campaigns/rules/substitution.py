"""Variables in texts: `%(name)s` is replaced, `%%` is a percent sign, every other percent sign stays."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns.errors import UnknownVariableError

_VARIABLE = re.compile(r"%(?:%|\((?P<name>[^)]*)\)s)")
_HARMLESS = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")


def substitute(text: str, variables: Mapping[str, str], *, where: str) -> str:
    """Replace `%(name)s` by values and `%%` by `%`; every other percent sign stays.

    Raises UnknownVariableError, naming the place, the variable and what there is.
    """

    def replace(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return "%"
        if name not in variables:
            known = ", ".join(sorted(variables))
            raise UnknownVariableError(
                [Problem(where, f"%({name})s has no value; there are {known}")], variable=name, known=sorted(variables)
            )
        return variables[name]

    return _VARIABLE.sub(replace, text)


def substitute_in_shell(text: str, variables: Mapping[str, str], *, where: str) -> str:
    """Do what `substitute` does in a text that a shell will run: the text is its author's, the values are anybody's.

    Raises UnknownVariableError; InvalidInputError for a value in which a shell could see more than part of a word:
    no quoting is right both inside and outside the quotes that the author may have put around it.
    """
    used = {match["name"] for match in _VARIABLE.finditer(text)} & variables.keys()
    problems = [
        Problem(where, f"%({name})s is {variables[name]!r}; a shell takes letters, digits and _@%+=:,./- there only")
        for name in sorted(used)
        if not _HARMLESS.fullmatch(variables[name])
    ]
    if problems:
        raise InvalidInputError(problems)
    return substitute(text, variables, where=where)


def list_variables(
    *,
    keywords: Mapping[str, str],
    campaign: str,
    stage: str,
    version: str,
    experiment: str,
    launcher: str,
    dataset: str,
) -> dict[str, str]:
    """Return what `%(name)s` may name. The built-in names win over keywords of the campaign."""
    built_in = {
        "campaign": campaign,
        "stage": stage,
        "version": version,
        "experiment": experiment,
        "group": experiment,
        "experimenter": launcher,
        "dataset": dataset,
        "parameter": dataset,
    }
    return {**keywords, **built_in}

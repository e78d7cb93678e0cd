"""Reading a split type from its text, such as `drainingn(50)`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.kinds import BUILT_IN, SplitTypes, load_split_types
from sutler.campaigns.splits.parameters import read_arguments
from sutler.campaigns.splits.whole import Whole

_TEXT = re.compile(r"([A-Za-z]\w*)\s*(?:\(([^()]*)\))?", re.ASCII)


def parse_split_type(text: str, kinds: SplitTypes | None = None) -> SplitType:
    """Read a split type: `nfiles(50)`, `byrun(low=1, high=4)`, the older `nfiles_50`; nothing or `None` for no split.

    White space around names, values, commas and brackets is ignored. `kinds` are those that `load_split_types` has
    returned; without them the plug-ins are looked for whenever the name is of no built-in one. Raises SplitTypeError,
    which says what there is.
    """
    match = _TEXT.fullmatch(text.strip() or Whole.name)
    if match is None:
        raise SplitTypeError(
            f"{text!r} is not a split type. One is written as name, name(value) or name(key=value, …)."
        )
    word, arguments = match[1], match[2]
    known = BUILT_IN if kinds is None else kinds
    found = _find(known, word, arguments)
    if found is None and kinds is None:
        known = load_split_types()
        found = _find(known, word, arguments)
    if found is None:
        raise SplitTypeError(f"There is no split type {word!r}. There are {', '.join(known)}.")
    kind, preset, given = found
    values = read_arguments(kind.name, kind.parameters(), given)
    told = {asked.name: asked.read(preset[asked.name], of=word) for asked in kind.parameters() if asked.name in preset}
    return kind(**{**told, **values})


def _find(kinds: SplitTypes, word: str, arguments: str | None) -> tuple[type[SplitType], Mapping[str, str], str] | None:
    """Return the kind that a word means, what the word says of its parameters, and the text of the arguments."""
    for kind in kinds.values():
        if word == kind.name:
            return kind, {}, arguments or ""
        if word in kind.older_names:
            return kind, kind.older_names[word], arguments or ""
    name, _, old = word.partition("_")
    return (kinds[name], {}, old) if name in kinds and old and arguments is None else None

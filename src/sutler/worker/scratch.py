"""The directory of one run."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sutler.worker.errors import ScratchError

_log = logging.getLogger(__name__)


@contextmanager
def make_scratch(parent: Path | None) -> Iterator[Path]:
    """A fresh directory, gone after the block whatever happened in it. Raises ScratchError where none can be made.

    `parent` None is the system's place, which batch systems set by TMPDIR.
    """
    try:
        directory = Path(tempfile.mkdtemp(prefix="sutler-", dir=parent)).resolve()
    except OSError as error:
        raise ScratchError(f"no scratch directory can be made: {error}") from error
    try:
        yield directory
    finally:
        try:
            shutil.rmtree(directory)
        except OSError as error:
            _log.warning("The scratch directory %s could not be removed whole: %s", directory, error)

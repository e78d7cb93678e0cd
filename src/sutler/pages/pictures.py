"""Reading a picture that a submission produced, and nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sutler.base.errors import NotFoundError, TooMuchError
from sutler.dispatch import ProducedFile

LARGEST_PICTURE_BYTES = 32_000_000
_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def can_be_shown(picture: ProducedFile) -> bool:
    """Whether it is worth asking for: a kind that is shown, on a storage of this machine."""
    return picture.media_type in _BEGINNINGS.values() and (picture.url or "").startswith("file:")


def read_picture(picture: ProducedFile, storage: Path) -> tuple[bytes, str]:
    """Return the bytes of a picture and their media type, told from the bytes themselves.

    Raises NotFoundError for anything that does not lie below the storage root once links are followed, is not there,
    or is no PNG or JPEG; TooMuchError when it is too large to be shown.
    """
    path = _find_path(picture, storage)
    try:
        contents = _read(path)
    except OSError as error:
        raise NotFoundError("picture", picture.did) from error
    if len(contents) > LARGEST_PICTURE_BYTES:
        raise TooMuchError(f"The picture {picture.did} is too large to be shown.", limit_bytes=LARGEST_PICTURE_BYTES)
    for beginning, media_type in _BEGINNINGS.items():
        if contents.startswith(beginning):
            return contents, media_type
    raise NotFoundError("picture", picture.did, f"{picture.did} is not a picture that a page can show.")


def _read(path: Path) -> bytes:
    """Return the bytes of a regular file, one more than the limit at most; nothing of anything else."""
    # Not following a link here closes the gap between the look at the path and this.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(LARGEST_PICTURE_BYTES + 1)
    finally:
        os.close(descriptor)


def _find_path(picture: ProducedFile, storage: Path) -> Path:
    parts = urlsplit(picture.url or "")
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise NotFoundError("picture", picture.did, f"{picture.did} does not lie in the storage of this installation.")
    try:
        path = Path(unquote(parts.path)).resolve(strict=True)
        is_ours = path.is_relative_to(storage.resolve())
    except (OSError, ValueError, RuntimeError) as error:
        raise NotFoundError("picture", picture.did) from error
    if not is_ours:
        raise NotFoundError("picture", picture.did, f"{picture.did} does not lie in the storage of this installation.")
    return path

"""Sealing the secrets that must be shown to other services again: the database alone does not give them away."""

from __future__ import annotations

import secrets

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from sutler.auth.errors import SealBrokenError

KEY_BYTES = 32

_HEADER = {"alg": "dir", "enc": "A256GCM"}


class Sealer:
    """Seals texts with the key of this installation, and opens what was sealed with it."""

    def __init__(self, key: bytes, *, key_file: str = "") -> None:
        """Take the 32 bytes of the key; `key_file` is what a refusal names. Raises ValueError for another length."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes, not {len(key)}")
        self._key = OctKey.import_key(key)
        self._key_file = key_file

    def seal(self, text: str) -> str:
        """Return a text under the seal: another one each time, even for the same text."""
        return jwe.encrypt_compact(_HEADER, text.encode(), self._key)

    def open(self, sealed: str) -> str:
        """Return the text that was sealed. Raises SealBrokenError if another key did, or something was changed."""
        try:
            plaintext = jwe.decrypt_compact(sealed, self._key, algorithms=list(_HEADER.values())).plaintext
        except (JoseError, ValueError) as error:
            raise SealBrokenError(self._key_file) from error
        return (plaintext or b"").decode()


def make_sealing_key() -> bytes:
    """Return a new key."""
    return secrets.token_bytes(KEY_BYTES)

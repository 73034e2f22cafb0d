"""Pseudonyms: identifiers become keyed hashes before they reach a store.

HMAC-SHA-256 (RFC 2104, FIPS 198-1) of the identifier's text, its first 60 bits
kept as an integer and shown as 15 hexadecimal digits. The key lives in a file
outside the store: who holds the store alone can't turn a known NHS number into
its pseudonym. Among 60 million people the chance that any two share a pseudonym
is about 0.2 %; among a million, 1 in 2 million.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from wholeflow.core.errors import StoreError

log = logging.getLogger(__name__)

DIGITS = 15
_BLOCK = 64
_LENGTH = 32


@dataclass(frozen=True)
class Key:
    """A secret key; it never shows itself.

    >>> Key(b"0" * 32)
    Key()
    """

    secret: bytes = field(repr=False)

    def pseudonym(self, text: str) -> int:
        """The keyed hash of a text, 0 to 2^60 - 1."""
        digest = hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()
        return int(digest[:DIGITS], 16)

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without telling the key."""
        return show(self.pseudonym("wholeflow key"))

    def sql_macro(self) -> str:
        """A temporary DuckDB macro ``keyed_hash(text)`` equal to :meth:`pseudonym`."""
        secret = self.secret
        if len(secret) > _BLOCK:  # RFC 2104 §2: a longer key is hashed first
            secret = hashlib.sha256(secret).digest()
        padded = secret.ljust(_BLOCK, b"\0")
        inner = _blob(bytes(byte ^ 0x36 for byte in padded))
        outer = _blob(bytes(byte ^ 0x5C for byte in padded))
        digest = f"sha256({outer} || unhex(sha256({inner} || encode(words))))"
        return (
            "CREATE OR REPLACE TEMP MACRO keyed_hash(words) AS "
            f"CAST('0x' || substr({digest}, 1, {DIGITS}) AS BIGINT)"
        )


def _blob(data: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in data) + "'::BLOB"


def show(pseudonym: int) -> str:
    """A pseudonym as people see it: 15 hexadecimal digits.

    >>> show(255)
    '0000000000000ff'
    """
    return f"{pseudonym:0{DIGITS}x}"


def default_key_file() -> Path:
    """Where the key is when nobody says otherwise; ``WHOLEFLOW_KEY_FILE`` overrides it."""
    named = os.environ.get("WHOLEFLOW_KEY_FILE")
    if named:
        return Path(named)
    home = os.environ.get("XDG_CONFIG_HOME")
    base = Path(home) if home else Path.home() / ".config"
    return base / "wholeflow" / "key"


def read_key(path: Path, *, may_make: bool = True) -> Key:
    """The key in a file; a new one is made, and a warning logged, where there is none.

    Raises StoreError when the file does not hold a key, or is absent though a store
    was begun with it (``may_make`` is false).
    """
    if not path.exists() and may_make:
        return _make_key(path)
    if not path.exists():
        raise StoreError(
            "the key file that this store was begun with is not there",
            where=str(path),
            repair="Put it back, or name it in the environment variable WHOLEFLOW_KEY_FILE.",
        )
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise _unusable(path) from error
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != _LENGTH:
        raise StoreError(
            "the key file does not hold a key of 64 hexadecimal digits",
            where=str(path),
            repair="Put back the right key file, or name another one with WHOLEFLOW_KEY_FILE.",
        )
    return Key(secret)


def _make_key(path: Path) -> Key:
    secret = secrets.token_bytes(_LENGTH)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise _unusable(path) from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
    log.warning("made a new key at %s: keep a copy where your secrets are kept", path)
    return Key(secret)


def _unusable(path: Path) -> StoreError:
    return StoreError(
        "the key file can't be read or made",
        where=str(path),
        repair="Name a file that you may read and write in the environment variable "
        "WHOLEFLOW_KEY_FILE.",
    )

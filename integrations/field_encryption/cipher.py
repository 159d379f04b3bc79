"""A ring of keys for single fields and files, and a blind index for exact search (reliability reference 5).

What is sealed is ``version (1 byte = 2) | algorithm (1) | length of the key's id (1) | the id | nonce (12) |
ciphertext and tag``. All of it before the nonce, and the place of the field, ``table|column|row``, are authenticated
with it, so that a value copied to another row or column, or said to be of another key, does not open. One key of the
ring seals; all of them open (decision 0062).
"""

import base64
import hmac
import os
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from integrations.field_encryption.algorithms import ALGORITHMS, Sealer
from kit.encryption import FieldUnreadable

VERSION = 2
_NONCE_BYTES = 12
_KEY_BYTES = 32


def read_key(text: str) -> bytes:
    """The 32 bytes of a key given as 64 hexadecimal digits or as base 64.

    Raises ValueError for anything else.
    """
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if len(key) != _KEY_BYTES:
        raise ValueError(f"a field key has {_KEY_BYTES} bytes, not {len(key)}")
    return key


@dataclass(frozen=True)
class RingKey:
    """One key: its id of 1 to 32 ASCII characters, the name of its algorithm, 32 secret bytes, and whether it seals."""

    name: str
    algorithm: str
    secret: bytes = field(repr=False)
    writes: bool


class KeyRing:
    """Implements the port ``kit.encryption.FieldCipher`` with several keys, of which exactly one seals.

    ``index_key`` is the blind index's own, 32 secret bytes, and outlives every change of the others. ``on_unreadable``
    is told of every value that does not open. Raises AlgorithmUnavailable for a key of an algorithm that this
    installation does not have.
    """

    def __init__(
        self,
        keys: Sequence[RingKey],
        index_key: bytes,
        on_unreadable: Callable[[FieldUnreadable], None] = lambda _: None,
    ) -> None:
        self._on_unreadable = on_unreadable
        (self.writing_key,) = (key.name for key in keys if key.writes)
        self._keys: dict[bytes, Sealer] = {}
        for key in keys:
            algorithm, name = ALGORITHMS[key.algorithm], key.name.encode("ascii")
            head = bytes((VERSION, algorithm.code, len(name))) + name
            self._keys[head] = algorithm.sealer(key.secret, b"encryption")
            if key.writes:
                self._head = head
        self._index_key = _derive(index_key, b"blind index")
        self.fingerprints = {key.name: _fingerprint(key.secret) for key in keys} | {"": _fingerprint(index_key)}

    def encrypt(self, text: str, aad: str) -> bytes:
        """The ciphertext of one field at the place ``aad``; every call gives another one."""
        return self.seal(text.encode(), aad)

    def seal(self, content: bytes, aad: str) -> bytes:
        """The ciphertext of a file, of the same shape."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._head + nonce + self._keys[self._head].encrypt(nonce, content, self._head + aad.encode())

    def decrypt(self, sealed: bytes, aad: str) -> str:
        """The text again. Raises :class:`FieldUnreadable`."""
        try:
            return self.unseal(sealed, aad).decode()
        except UnicodeDecodeError:
            raise self._unreadable(aad, "damaged") from None

    def unseal(self, sealed: bytes, aad: str) -> bytes:
        """The file again. Raises :class:`FieldUnreadable`."""
        if len(sealed) < 3 or sealed[0] != VERSION:
            raise self._unreadable(aad, "not_sealed")
        end = 3 + sealed[2]
        head, nonce = sealed[:end], sealed[end : end + _NONCE_BYTES]
        cipher = self._keys.get(head)
        if cipher is None:
            raise self._unreadable(aad, "key_unknown")
        try:
            return cipher.decrypt(nonce, sealed[end + _NONCE_BYTES :], head + aad.encode())
        except (InvalidTag, ValueError):
            raise self._unreadable(aad, "damaged") from None

    def _unreadable(self, place: str, because: str) -> FieldUnreadable:
        found = FieldUnreadable(place, because)
        self._on_unreadable(found)
        return found

    def blind_index(self, column: str, text: str) -> bytes:
        """A keyed hash for looking up equal values, however wide they are written; each column has its own."""
        return hmac.new(self._index_key, f"{column}|{normal(text)}".encode(), sha256).digest()


def normal(text: str) -> str:
    """One way of writing a value that is searched for: half width, capitals, no white space around it."""
    return unicodedata.normalize("NFKC", text).upper().strip()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=b"longchuan field " + purpose).derive(key)


def _fingerprint(key: bytes) -> str:
    """What tells two keys apart and is no help to anybody who wants one."""
    return _derive(key, b"fingerprint").hex()

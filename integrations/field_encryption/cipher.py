"""AES-256-GCM for single fields, with key ids, and a blind index for exact search (reliability reference 5).

A ciphertext is ``version (1 byte = 1) | length of the key id (1) | key id | nonce (12) | ciphertext and
tag``. The place of the field, ``table|column|row``, is authenticated with it, so that a value copied to
another row or column does not decrypt. Several keys may be known for reading; the first one writes.
"""

import base64
import hmac
import os
from collections.abc import Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = 1
_NONCE_BYTES = 12
_KEY_BYTES = 32


class FieldUnreadableError(Exception):
    """The ciphertext is damaged, stands in another place than it was made for, or its key is unknown."""


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


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=b"longchuan field " + purpose).derive(key)


class AesGcmFieldCipher:
    """Implements the ``FieldCipher`` ports of the rooms.

    ``keys`` maps key ids (1 to 32 ASCII characters) to 32 secret bytes; the first one encrypts. The blind
    index has a key of its own, derived from ``index_key``, which must outlive a change of the encryption
    keys.
    """

    def __init__(self, keys: Mapping[str, bytes], index_key: bytes) -> None:
        if not keys or any(not 0 < len(name.encode("ascii")) <= 32 for name in keys):
            raise ValueError("a field cipher needs at least one key with an id of 1 to 32 ASCII characters")
        self._ciphers = {name: AESGCM(_derive(key, b"encryption")) for name, key in keys.items()}
        self._writing = next(iter(keys))
        self._index_key = _derive(index_key, b"blind index")

    @classmethod
    def of_one_key(cls, text: str, key_id: str = "k1") -> "AesGcmFieldCipher":
        """The cipher of a single configured key, as :func:`read_key` takes it."""
        key = read_key(text)
        return cls({key_id: key}, key)

    def encrypt(self, text: str, aad: str) -> bytes:
        """The ciphertext of one field at the place ``aad``; every call gives another one."""
        return self.seal(text.encode(), aad)

    def seal(self, content: bytes, aad: str) -> bytes:
        """The ciphertext of a file, of the same shape."""
        nonce = os.urandom(_NONCE_BYTES)
        name = self._writing.encode("ascii")
        header = bytes((_VERSION, len(name))) + name
        sealed = self._ciphers[self._writing].encrypt(nonce, content, header + aad.encode())
        return header + nonce + sealed

    def decrypt(self, sealed: bytes, aad: str) -> str:
        """The text again. Raises :class:`FieldUnreadableError`."""
        try:
            return self.unseal(sealed, aad).decode()
        except UnicodeDecodeError:
            raise FieldUnreadableError("the field is not a text") from None

    def unseal(self, sealed: bytes, aad: str) -> bytes:
        """The file again. Raises :class:`FieldUnreadableError`."""
        if len(sealed) < 2 or sealed[0] != _VERSION:
            raise FieldUnreadableError("not a field ciphertext")
        end = 2 + sealed[1]
        header, nonce = sealed[:end], sealed[end : end + _NONCE_BYTES]
        cipher = self._ciphers.get(header[2:].decode("ascii", "replace"))
        if cipher is None:
            raise FieldUnreadableError("the key is not known")
        try:
            return cipher.decrypt(nonce, sealed[end + _NONCE_BYTES :], header + aad.encode())
        except (InvalidTag, ValueError):
            raise FieldUnreadableError("the field is damaged or stands in another place") from None

    def blind_index(self, column: str, text: str) -> bytes:
        """A keyed hash for looking up equal values; the same value in two columns gives two hashes."""
        return hmac.new(self._index_key, f"{column}|{text}".encode(), sha256).digest()

"""What fields may be sealed with: AES-256-GCM, and SM4-GCM where the OpenSSL of this installation has it (RFC 8998).

A Python library is no certified module (GB/T 39786-2021; domain reference 5): the twin shows that a change of the
algorithm is a change of a key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TAG_BYTES = 16


class AlgorithmUnavailable(Exception):
    """This installation cannot seal by the algorithm that a key names."""


class Sealer(Protocol):
    """Authenticated encryption with associated data; the tag stands at the end. A wrong one raises InvalidTag."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Ciphertext and tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """The text again."""
        ...


@dataclass(frozen=True)
class SM4GCM:
    """SM4 in Galois counter mode, by the same two methods as the library's own AESGCM."""

    key: bytes

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Ciphertext and tag."""
        sealing = Cipher(algorithms.SM4(self.key), modes.GCM(nonce)).encryptor()
        sealing.authenticate_additional_data(associated_data)
        return sealing.update(data) + sealing.finalize() + sealing.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """The text again. Raises InvalidTag."""
        if len(data) < TAG_BYTES:
            raise InvalidTag
        mode = modes.GCM(nonce, data[-TAG_BYTES:])
        opening = Cipher(algorithms.SM4(self.key), mode).decryptor()
        opening.authenticate_additional_data(associated_data)
        return opening.update(data[:-TAG_BYTES]) + opening.finalize()


@dataclass(frozen=True)
class Known:
    """A published answer: what the algorithm must make of it before it may seal anything here."""

    key: str
    nonce: str
    associated: str
    text: str
    sealed: str


@dataclass(frozen=True)
class Algorithm:
    """One algorithm. ``code`` is its octet in a sealed value; a key of ``key_bytes`` is derived with ``digest``."""

    name: str
    code: int
    key_bytes: int
    digest: Callable[[], hashes.HashAlgorithm]
    of_key: Callable[[bytes], Sealer]
    known: Known

    def sealer(self, secret: bytes, purpose: bytes) -> Sealer:
        """What seals with a key derived from the secret. Raises :class:`AlgorithmUnavailable`."""
        prove(self)
        derived = HKDF(self.digest(), self.key_bytes, salt=None, info=b"longchuan field " + purpose).derive(secret)
        return self.of_key(derived)


# The answers: McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14; RFC 8998, appendix A.1.
ALGORITHMS = {
    each.name: each
    for each in (
        Algorithm(
            "aes-256-gcm",
            1,
            32,
            hashes.SHA256,
            AESGCM,
            Known(
                key="00" * 32,
                nonce="00" * 12,
                associated="",
                text="00" * 16,
                sealed="cea7403d4d606b6e074ec5d3baf39d18"  # pragma: allowlist secret
                "d0d1c8a799996bf0265b98b5d48ab919",  # pragma: allowlist secret
            ),
        ),
        Algorithm(
            "sm4-gcm",
            2,
            16,
            hashes.SM3,
            SM4GCM,
            Known(
                key="0123456789abcdeffedcba9876543210",  # pragma: allowlist secret
                nonce="00001234567800000000abcd",
                associated="feedfacedeadbeeffeedfacedeadbeefabaddad2",  # pragma: allowlist secret
                text="aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"  # pragma: allowlist secret
                "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",  # pragma: allowlist secret
                sealed="17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"  # pragma: allowlist secret
                "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"  # pragma: allowlist secret
                "83de3541e4c2b58177e065a9bf7b62ec",  # pragma: allowlist secret
            ),
        ),
    )
}


@cache
def prove(algorithm: Algorithm) -> None:
    """Have the algorithm give its published answer, once a process. Raises :class:`AlgorithmUnavailable`."""
    known = algorithm.known
    nonce, associated = bytes.fromhex(known.nonce), bytes.fromhex(known.associated)
    text, sealed = bytes.fromhex(known.text), bytes.fromhex(known.sealed)
    try:
        cipher = algorithm.of_key(bytes.fromhex(known.key))
        is_right = (
            cipher.encrypt(nonce, text, associated) == sealed and cipher.decrypt(nonce, sealed, associated) == text
        )
    except UnsupportedAlgorithm:
        raise AlgorithmUnavailable(
            f"FIELD_KEYS names {algorithm.name}, which the OpenSSL of this installation does not have"
        ) from None
    if not is_right:
        raise AlgorithmUnavailable(f"{algorithm.name} does not give its published answer on this installation")

"""Ed25519 (RFC 8032) by ``cryptography``, with a key of the settings."""

from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_SEED_BYTES = 32


class Ed25519Signer:
    """Implements ``ledger.ports.AnchorSigner`` and ``live.ports.ManifestSigner``."""

    def __init__(self, seed: str, former: Sequence[str] = ()) -> None:
        """``seed``: 64 hexadecimal digits; ``former``: public keys that were the county's. Raises ValueError for
        anything else.
        """
        raw = bytes.fromhex(seed)
        if len(raw) != _SEED_BYTES:
            raise ValueError(f"a signing key has {_SEED_BYTES} bytes, not {len(raw)}")
        self._key = Ed25519PrivateKey.from_private_bytes(raw)
        keys = [self._key.public_key(), *(Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)) for key in former)]
        self._keys = {key.public_bytes_raw().hex(): key for key in keys}

    @property
    def public_key(self) -> str:
        """64 hexadecimal digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> str:
        """128 hexadecimal digits."""
        return self._key.sign(message).hex()

    def holds(self, message: bytes, signature: str, public_key: str) -> bool:
        """Whether one of the county's keys, this one, has signed it."""
        key = self._keys.get(public_key)
        try:
            if key is not None:
                key.verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return key is not None

"""Ed25519 (RFC 8032) by ``cryptography``, with a key of the settings."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SEED_BYTES = 32


class Ed25519Signer:
    """Implements ``ledger.ports.AnchorSigner``."""

    def __init__(self, seed: str) -> None:
        """``seed``: 64 hexadecimal digits. Raises ValueError for anything else."""
        raw = bytes.fromhex(seed)
        if len(raw) != _SEED_BYTES:
            raise ValueError(f"a signing key has {_SEED_BYTES} bytes, not {len(raw)}")
        self._key = Ed25519PrivateKey.from_private_bytes(raw)

    @property
    def public_key(self) -> str:
        """64 hexadecimal digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> str:
        """128 hexadecimal digits."""
        return self._key.sign(message).hex()

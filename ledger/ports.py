"""What the books need from the world: a signature that nobody can make who only has the database."""

from typing import Protocol


class AnchorSigner(Protocol):
    """Signs anchors by Ed25519 (RFC 8032)."""

    @property
    def public_key(self) -> str:
        """64 hexadecimal digits, for whoever checks."""
        ...

    def sign(self, message: bytes) -> str:
        """The signature, 128 hexadecimal digits."""
        ...

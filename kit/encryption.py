"""The port through which a room seals single fields; the implementation and its keys are wired at the top."""

from typing import Protocol


class FieldCipher(Protocol):
    """Encrypts single fields. ``aad``, ``table|column|row``, is bound to the ciphertext (reliability reference 5)."""

    def encrypt(self, text: str, aad: str) -> bytes:
        """The ciphertext, which opens under this ``aad`` alone."""
        ...

    def decrypt(self, sealed: bytes, aad: str) -> str:
        """The text. Raises an error when the ciphertext was moved to another place or changed."""
        ...

    def blind_index(self, column: str, text: str) -> bytes:
        """A keyed hash of the normalised text for equality search; other columns give other values."""
        ...

"""The port through which a room seals single fields and files; the implementation and its keys are wired at the top."""

from typing import Protocol


class FieldCipher(Protocol):
    """Seals fields and files, bound to ``aad``, ``table|column|row`` (reliability reference 5)."""

    @property
    def writing_key(self) -> str:
        """The id of the key that seals now; a sealed value names its own (``sealed_by`` in ``kit/guards.sql``)."""
        ...

    def encrypt(self, text: str, aad: str) -> bytes:
        """The ciphertext, which opens under this ``aad`` alone."""
        ...

    def decrypt(self, sealed: bytes, aad: str) -> str:
        """The text. Raises an error when the ciphertext was moved to another place or changed."""
        ...

    def seal(self, content: bytes, aad: str) -> bytes:
        """A file's ciphertext, which opens under this ``aad`` alone."""
        ...

    def unseal(self, sealed: bytes, aad: str) -> bytes:
        """The file again. Raises an error when the ciphertext was moved to another place or changed."""
        ...

    def blind_index(self, column: str, text: str) -> bytes:
        """A keyed hash of the normalised text for equality search; other columns give other values."""
        ...

"""The port through which a room seals single fields and files; the implementation and its keys are wired at the top."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from kit.errors import Conflict


class FieldUnreadable(Conflict):
    """A sealed ``field`` does not open; ``because``: not_sealed, key_unknown, damaged (or moved to another place).

    Asking again does not help: somebody has to put the value right. The system's operators see it.
    """

    code = "field_unreadable"
    title = "该项数据已损坏，无法解密，请联系系统管理员"
    title_en = "This field is damaged and cannot be read"

    def __init__(self, place: str, because: str) -> None:
        self.place = place
        super().__init__(field=place.split("|")[1] if "|" in place else place, because=because)


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
        """The text. Raises :class:`FieldUnreadable`."""
        ...

    def seal(self, content: bytes, aad: str) -> bytes:
        """A file's ciphertext, which opens under this ``aad`` alone."""
        ...

    def unseal(self, sealed: bytes, aad: str) -> bytes:
        """The file again. Raises :class:`FieldUnreadable`."""
        ...

    def blind_index(self, column: str, text: str) -> bytes:
        """A keyed hash of the normalised text for equality search; other columns give other values."""
        ...


@dataclass
class RowOpener:
    """Opens sealed columns of one row for a list, in which one damaged value must not hide the other rows.

    What does not open is None and named in ``unreadable``. Whoever needs the value itself asks the cipher.
    """

    cipher: FieldCipher
    unreadable: list[str] = field(default_factory=list)

    def open(self, name: str, sealed: Any, aad: str) -> str | None:
        """The text, or None for a column that is empty or does not open."""
        if not sealed:
            return None
        try:
            return self.cipher.decrypt(bytes(sealed), aad)
        except FieldUnreadable:
            self.unreadable.append(name)
            return None

"""What the sandbox remembers over a restart: typed books, held in memory and written through to SQLite.

One process and one thread use it, so a reader never waits; ``Store.transaction`` makes several writes one.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec


class Store:
    """The SQLite file behind the books. A killed process loses nothing that a transaction had finished."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents"
            " (book TEXT, key TEXT, body BLOB, PRIMARY KEY (book, key)) WITHOUT ROWID"
        )
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all writes of the block together. A nested block joins the outer one."""
        if self._depth == 0:
            self._connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self._connection.execute("COMMIT")

    def read(self, book: str) -> list[tuple[str, bytes]]:
        """Every document of a book, in the order of its keys."""
        cursor = self._connection.execute("SELECT key, body FROM documents WHERE book = ? ORDER BY key", (book,))
        return [(str(key), bytes(body)) for key, body in cursor]

    def write(self, book: str, key: str, body: bytes) -> None:
        """Insert or replace one document."""
        self._connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (book, key, body))

    def erase(self, book: str, key: str) -> None:
        """Remove one document when it is there."""
        self._connection.execute("DELETE FROM documents WHERE book = ? AND key = ?", (book, key))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


T = TypeVar("T", bound=msgspec.Struct)


class Book(Generic[T]):
    """One kind of document by its key. ``put`` must be called after a document was changed."""

    def __init__(self, store: Store, name: str, kind: type[T]) -> None:
        self._store = store
        self._name = name
        decoder = msgspec.json.Decoder(kind)
        self._documents: dict[str, T] = {key: decoder.decode(body) for key, body in store.read(name)}

    def get(self, key: str) -> T | None:
        """The document, or None."""
        return self._documents.get(key)

    def put(self, key: str, document: T) -> T:
        """Remember the document, replacing an older state of it."""
        self._store.write(self._name, key, msgspec.json.encode(document))
        self._documents[key] = document
        return document

    def remove(self, key: str) -> T | None:
        """Forget the document; the answer is what was there."""
        self._store.erase(self._name, key)
        return self._documents.pop(key, None)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._documents.values()))

    def __len__(self) -> int:
        return len(self._documents)

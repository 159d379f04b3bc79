"""Databases that the tests of one process use one after another, each as the migrations left it.

A new database costs a tenth of a second: it has 1,700 files, and whoever connects reads its catalogues anew. An emptied
one costs a third. Its rows are deleted past triggers and foreign keys and vacuumed, and the planner forgets them: the
next test finds files, sequences and plans of a new one. A test that has changed more than rows (a table, a trigger, a
function, a right, statistics), or rows that migrations wrote, leaves a database that is no longer like a new one: then
it is dropped. The catalogues are read for that only when PostgreSQL has counted a row written to them; whoever has
ended has told its counts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO

import asyncpg

# Rows of the catalogues, and among them those that are younger than the database: no INSERT, DELETE or VACUUM of other
# tables changes them.
_CATALOGUES = ("attribute", "attrdef", "constraint", "default_acl", "event_trigger", "extension", "index", "inherits",
               "language", "namespace", "policy", "proc", "rewrite", "sequence", "statistic", "statistic_ext",
               "trigger", "type")  # fmt: skip
_CATALOGUES_SHAPE = (
    *(
        f"SELECT '{name} ' || count(*) || ' ' || count(*) FILTER (WHERE age(xmin) <= age($1::text::xid)) FROM pg_{name}"
        for name in _CATALOGUES
    ),
    "SELECT md5(string_agg(concat_ws(',', oid, relname, relnamespace, relowner, relacl, reloptions, relpersistence,"
    " relrowsecurity, relforcerowsecurity, relhasrules, relhastriggers, reltoastrelid), ';' ORDER BY oid))"
    " FROM pg_class WHERE relpersistence <> 't'",
)
_DATABASE = (
    "SELECT concat_ws(',', datdba, datacl, datconnlimit, (SELECT count(*) FROM pg_db_role_setting"
    " WHERE setdatabase = d.oid)) FROM pg_database d WHERE datname = current_database()"
)
_FLUSH = "SELECT pg_stat_force_next_flush()"
_MOVED = """
    SELECT sum(pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_updated(oid) + pg_stat_get_tuples_deleted(oid))
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace AND NOT relisshared
"""
_OURS = "k.relkind = 'r' AND n.nspname IN ('public', 'household')"
_WRITTEN = f"""
    SELECT k.oid::regclass::text FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace
    WHERE {_OURS} AND pg_relation_size(k.oid) > 0 ORDER BY 1
"""
# Looking at the size of each file is the dearer part: only where PostgreSQL has counted a row.
_WRITTEN_SINCE = f"""
    SELECT k.oid::regclass::text FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace
    WHERE {_OURS} AND CASE WHEN pg_stat_get_tuples_inserted(k.oid) > 0 THEN pg_relation_size(k.oid) > 0 END ORDER BY 1
"""
_USED = """
    SELECT seqrelid::regclass::text AS name, pg_sequence_last_value(seqrelid) AS value FROM pg_sequence
    WHERE pg_sequence_last_value(seqrelid) IS NOT NULL ORDER BY 1
"""
_BEGIN_AGAIN = """
    SELECT setval(seqrelid, seqstart, false) FROM pg_sequence
    WHERE pg_sequence_last_value(seqrelid) IS NOT NULL AND seqrelid::regclass::text <> ALL ($1::text[])
"""
_FORGET = """
    WITH emptied AS (SELECT name::regclass AS oid FROM unnest($1::text[]) t(name))
    UPDATE pg_class SET relallvisible = 0, relallfrozen = 0, reltuples = CASE relkind WHEN 'r' THEN -1 ELSE 0 END,
        relpages = CASE WHEN relkind = 'r' THEN 0 WHEN relam = (SELECT oid FROM pg_am WHERE amname = 'gin') THEN 2
            ELSE 1 END
    WHERE oid IN (SELECT oid FROM emptied UNION ALL SELECT indexrelid FROM pg_index JOIN emptied ON indrelid = oid)
"""
_ALONE = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


_GO_ON = "SELECT setval(name::regclass, value) FROM unnest($1::text[], $2::bigint[]) AS t(name, value)"

LOST = (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError, ConnectionError)


@dataclass(frozen=True)
class Rows:
    """What somebody has written into a new database: the rows of each table, and where its sequences stand."""

    tables: dict[str, bytes]
    used: dict[str, int]


@dataclass
class Lent:
    """A database with a superuser's connection to it, and what it was like when it was new."""

    name: str
    connection: asyncpg.Connection
    since: str
    written: list[str] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)
    catalogues: str = ""
    rest: str = ""
    moved: int = 0

    async def look(self) -> "Lent":
        """Keep what the new database is like."""
        self.written, self.used = await self._names(_WRITTEN), await self._used()
        self.catalogues, self.rest = await self._read(_CATALOGUES_SHAPE, self.since), await self._rest()
        self.moved = await self._count()
        return self

    async def empty(self) -> bool:
        """Make it as it was when it was new; False when deleting rows does not do it."""
        await self.connection.execute(_ALONE)
        if await self._rest() != self.rest:
            return False
        if await self._count() != self.moved and await self._read(_CATALOGUES_SHAPE, self.since) != self.catalogues:
            return False
        written = await self._written()
        if written:
            await self.connection.execute(";".join(f"DELETE FROM {table}" for table in written))
            await self.connection.execute(f"VACUUM (INDEX_CLEANUP ON) {','.join(written)}")
            await self.connection.execute(_FORGET, written)
        await self.connection.execute(_BEGIN_AGAIN, list(self.used))
        self.moved = await self._count()
        return (await self._written(), await self._used()) == ([], self.used)

    async def take(self) -> Rows:
        """The rows that are there now and were not when it was new."""
        await self.connection.execute(_ALONE)
        await self._count()
        tables = {}
        for table in await self._written():
            schema, _, name = table.rpartition(".")
            held = BytesIO()
            await self.connection.copy_from_table(name, schema_name=schema or None, output=held, format="binary")
            tables[table] = held.getvalue()
        return Rows(tables, await self._used())

    async def put(self, kept: Rows) -> None:
        """Write rows that :meth:`take` has taken from another one; no trigger fires."""
        for table, held in kept.tables.items():
            schema, _, name = table.rpartition(".")
            await self.connection.copy_to_table(name, schema_name=schema or None, source=BytesIO(held), format="binary")
        await self.connection.execute(_GO_ON, list(kept.used), list(kept.used.values()))

    async def _written(self) -> list[str]:
        return [table for table in await self._names(_WRITTEN_SINCE) if table not in self.written]

    async def _names(self, query: str) -> list[str]:
        return [found[0] for found in await self.connection.fetch(query)]

    async def _count(self) -> int:
        await self.connection.execute(_FLUSH)
        return int(await self.connection.fetchval(_MOVED))

    async def _used(self) -> dict[str, int]:
        return {found["name"]: found["value"] for found in await self.connection.fetch(_USED)}

    async def _rest(self) -> str:
        rows = (f"SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM {table} t" for table in self.written)
        return await self._read((_DATABASE, *rows))

    async def _read(self, queries: Iterable[str], *given: str) -> str:
        parts = " UNION ALL ".join(f"({query})" for query in queries)
        return "\n".join(str(found[0]) for found in await self.connection.fetch(parts, *given))


class Lender:
    """Lends one database at a time; works in a loop of its own, because each test has another."""

    def __init__(
        self,
        create: Callable[[], Awaitable[str]],
        drop: Callable[[str], Awaitable[None]],
        address: Callable[[str], str],
    ) -> None:
        self._create, self._drop, self._address = create, drop, address
        self._loop = asyncio.new_event_loop()
        self._spare: Lent | None = None
        self._lent: Lent | None = None

    def lend(self) -> Lent:
        """A database as the migrations leave it: the one that was given back, or a new one."""
        self._lent = self._loop.run_until_complete(self._lend())
        return self._lent

    def keep(self, write: Callable[[str], None]) -> Rows:
        """What somebody writes into a new database of the given name."""
        lent = self.lend()
        write(lent.name)
        kept = self._loop.run_until_complete(lent.take())
        self.take_back(lent)
        return kept

    def put(self, kept: Rows) -> None:
        """Write what was kept into the database that is lent now."""
        assert self._lent
        self._loop.run_until_complete(self._lent.put(kept))

    def take_back(self, lent: Lent) -> None:
        """Keep it for the next test."""
        self._spare, self._lent = lent, None

    def close(self) -> None:
        """Drop what was given back."""
        if self._spare:
            self._loop.run_until_complete(self._give_up(self._spare))
        self._loop.close()

    async def _lend(self) -> Lent:
        spare, self._spare = self._spare, None
        try:
            if spare and await spare.empty():
                return spare
        except LOST:
            """A test has ended every connection."""
        if spare:
            await self._give_up(spare)
        name = await self._create()
        # A replica's session fires no triggers and holds no foreign keys.
        connection = await asyncpg.connect(self._address(name), server_settings={"session_replication_role": "replica"})
        since = await connection.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
        return await Lent(name, connection, since).look()

    async def _give_up(self, lent: Lent) -> None:
        await self._drop(lent.name)
        lent.connection.terminate()

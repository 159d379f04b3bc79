"""PostgreSQL for one machine: made once by ``initdb``, TCP on loopback with a password, every commit on
disk.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts.local_stack.credentials import write_private
from scripts.local_stack.identity import Identity, owned_folder, run_as
from scripts.local_stack.probes import postgres_ready
from scripts.local_stack.programs import Program, plain_environment

OWNER = "postgres"
ROLE = DATABASE = "longchuan"
MIGRATOR = "longchuan_owner"
VAULT = "longchuan_household"
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gist", "pg_stat_statements")
LANGUAGE = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


class PreparationFailed(Exception):
    """A server's files could not be made; the message ends with what its own program said."""


@dataclass(frozen=True)
class Postgres:
    """One cluster: ``programs`` is the folder of ``initdb`` and ``postgres``, ``folder`` belongs to the
    cluster.
    """

    programs: Path
    folder: Path
    port: int
    password: str
    migrate_password: str
    owner_password: str
    identity: Identity | None = None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """Where the product connects."""
        return f"postgres://{ROLE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def migrate_url(self) -> str:
        """Where the owner of the product's tables connects."""
        return f"postgres://{MIGRATOR}:{self.migrate_password}@127.0.0.1:{self.port}/{DATABASE}"

    def prepare(self) -> bool:
        """Make the cluster, the roles, the database and the extensions unless they exist; True when made
        now.

        Everything is made in a folder of another name that is renamed at the end, so an interrupted start
        leaves nothing half-made. Template databases have the extensions too: the owner may create throw-away
        databases.
        """
        owned_folder(self.folder, self.identity)
        if self.data.exists():
            return False
        draft = self.folder / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        secret = self.folder / "owner-password"
        write_private(secret, self.owner_password + "\n")
        if self.identity is not None:
            os.chown(secret, self.identity.uid, self.identity.gid)
        try:
            self._run(
                [str(self.programs / "initdb"), "-D", str(draft), "-U", OWNER, "--auth=scram-sha-256",
                 f"--pwfile={secret}", "--encoding=UTF8", "--locale-provider=builtin",
                 "--builtin-locale=C.UTF-8",
                 "--lc-collate=C", "--lc-ctype=C.UTF-8", "--no-instructions"]
            )  # fmt: skip
        finally:
            secret.unlink()
        self._say(draft, "template1", *(f"CREATE EXTENSION {name};" for name in EXTENSIONS))
        self._say(
            draft,
            "postgres",
            f"CREATE ROLE {MIGRATOR} LOGIN CREATEDB PASSWORD '{self.migrate_password}';",
            f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.password}';",
            f"CREATE ROLE {VAULT} NOLOGIN;",
            f"GRANT {VAULT} TO {ROLE} WITH INHERIT FALSE, SET TRUE;",
            f"GRANT pg_read_all_stats TO {ROLE}, {MIGRATOR};",
            f"CREATE DATABASE {DATABASE} OWNER {MIGRATOR};",
        )
        draft.rename(self.data)
        return True

    def program(self) -> Program:
        """The server process. A fast shutdown (INT) ends its connections and closes its files."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "shared_preload_libraries": "pg_stat_statements",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            # Otherwise its log quotes the row that a constraint refuses, whoever is named in it.
            "log_error_verbosity": "terse",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            argv=(str(self.programs / "postgres"), "-D", str(self.data), *words),
            environment={**plain_environment(), **LANGUAGE},
            identity=self.identity,
            stop_signal="INT",
            stop_wait_s=20,
            ready=lambda: postgres_ready(self.port, ROLE, DATABASE),
            first=True,
            data_directory=self.data,
        )

    def _say(self, data: Path, database: str, *statements: str) -> None:
        """Statements for the server in single-user mode: no port, no password, nobody else."""
        text = "\n".join(statements) + "\n"
        told = self._run([str(self.programs / "postgres"), "--single", "-D", str(data), database], text)
        if "ERROR:" in told:
            raise PreparationFailed(told[-2000:])

    def _run(self, argv: list[str], text: str = "") -> str:
        done = run_as(self.identity, argv, text=text, environment={**plain_environment(), **LANGUAGE})
        if done.returncode != 0:
            raise PreparationFailed(f"{argv[0]}: {done.stdout[-2000:]}")
        return done.stdout

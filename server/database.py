"""The one Tortoise application: connection, models, migrations, and the raw guards beside them.

``python -m server.database migrate`` brings a database to the newest schema.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
import msgspec
from tortoise import Tortoise
from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction

from kit.database import connection, scalar
from poverty_alleviation.vault import SCHEMA
from server.constraints import add_missing_constraints
from server.migrating import apply_migrations
from server.rights import grant_rights, has_one_role, keep_household_apart, refuse_owner, role_of
from server.settings import DatabaseSettings, Settings, SettingsInvalid, load_settings

ROOT = Path(__file__).resolve().parent.parent

APP = "longchuan"

MODEL_MODULES = [
    "kit.outbox",
    "kit.idempotency",
    "kit.field_keys",
    "messages.models",
    "accounts.models",
    "accounts.own_data_models",
    "content.models",
    "content.evidence.models",
    "content.stories.models",
    "places.models",
    "merchants.models",
    "products.models",
    "products.offer_models",
    "promotions.models",
    "products.catalogue_models",
    "products.recognition.models",
    "products.calendar_models",
    "referrals.models",
    "payments.models",
    "payments.sharing.models",
    "logistics.models",
    "ledger.models",
    "traceability.models",
    "traceability.processing.models",
    "traceability.quality.models",
    "traceability.conformity.models",
    "traceability.plots.models",
    "traceability.storage.models",
    "orders.groups.models",
    "orders.waves.models",
    "orders.models",
    "orders.cases.models",
    "orders.handovers.models",
    "orders.channels.models",
    "orders.invoices.models",
    "reviews.models",
    "scans.models",
    "live.models",
    "live.replays.models",
    "live.evidence.models",
    "live.boards.models",
    "live.roster.models",
    "live.plans.models",
    "live.readiness.models",
    "live.studios.models",
    "live.shop.models",
    "live.announcements.models",
    "live.talk.models",
    "live.reports.models",
    "live.reminders.models",
    "live.shares.models",
    "live.media.models",
    "poverty_alleviation.models",
    "poverty_alleviation.lineage.models",
    "poverty_alleviation.matching.models",
    "poverty_alleviation.corrections.models",
    "poverty_alleviation.reserves.models",
    "poverty_alleviation.statements.models",
    "poverty_alleviation.confirming.models",
    "poverty_alleviation.payout_runs.models",
    "poverty_alleviation.transfers.models",
    "poverty_alleviation.register.models",
    "poverty_alleviation.income.models",
    "poverty_alleviation.help.models",
    "poverty_alleviation.office.models",
    "poverty_alleviation.exports.models",
    "poverty_alleviation.retention.models",
    "poverty_alleviation.stories.models",
    "poverty_alleviation.shares.models",
    "settlements.models",
    "epcis.models",
    "county.complaints.models",
    "county.disclosure.models",
    "county.funds.models",
    "county.meetings.models",
    "county.training.models",
    "county.training.erasure_models",
    "county.hosts.models",
]


class PooledConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that is given back without the round trip of a reset.

    Nothing in the house leaves session state on the pool: advisory locks end with their transaction, no setting is
    changed outside one, and LISTEN has a connection of its own. asyncpg still rolls an open transaction back.

    Only whoever was cut off costs the round trip: asyncpg prepares a statement without a Sync, so PostgreSQL's clock
    would run on and cancel what the next user sends.
    """

    _is_cut_off = False

    async def _do_execute(self, *args: Any, **options: Any) -> Any:
        try:
            return await super()._do_execute(*args, **options)
        except (asyncio.CancelledError, TimeoutError):
            self._is_cut_off = True
            raise

    def get_reset_query(self) -> str:
        """Nothing to reset, or the least that ends with a Sync."""
        was_cut_off, self._is_cut_off = self._is_cut_off, False
        return "SELECT" if was_cut_off else ""


def tortoise_config(settings: DatabaseSettings) -> dict[str, Any]:
    """Tortoise's configuration: one app with every room's models and one linear history."""
    url = urlsplit(settings.url)
    return {
        "connections": {
            "default": {
                "engine": "tortoise.backends.asyncpg",
                "credentials": {
                    "host": url.hostname,
                    "port": url.port or 5432,
                    "user": unquote(url.username or ""),
                    "password": unquote(url.password or ""),
                    "database": url.path.lstrip("/"),
                    # No floor: asyncpg would keep it up by a task of its own, whose failure while PostgreSQL restarts
                    # is a traceback that nobody asked for.
                    "minsize": 0,
                    "maxsize": settings.pool_max,
                    "timeout": 5,
                    "connection_class": PooledConnection,
                    "command_timeout": settings.command_timeout_s,
                    "server_settings": {
                        "application_name": "longchuan",
                        "search_path": f"public, {SCHEMA}",
                        # Statements are prepared once per connection; planning the catalogue's list anew at
                        # every call costs more than running it.
                        "plan_cache_mode": "force_generic_plan",
                        # Solid-state disks: with the factor 4 of turning ones a checkout of one line reads all SKUs.
                        "random_page_cost": "1.1",
                        "timezone": "UTC",
                        # A request takes one core. Compiling a statement, or more processes for it, cost more than the
                        # statements of pages take.
                        "jit": "off",
                        "max_parallel_workers_per_gather": "0",
                        "lock_timeout": str(settings.lock_timeout_ms),
                        "statement_timeout": str(settings.statement_timeout_ms),
                        "idle_in_transaction_session_timeout": "15000",
                        "synchronous_commit": "on" if settings.waits_for_disk else "off",
                    },
                },
            }
        },
        "apps": {APP: {"models": MODEL_MODULES, "default_connection": "default", "migrations": "migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def connect(settings: Settings) -> None:
    """Open the pool. In production, refuse a server that may lose an acknowledged commit or whose log quotes rows."""
    await Tortoise.init(config=tortoise_config(settings.database), _enable_global_fallback=True)
    if settings.environment == "production":
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            value = await scalar("SELECT current_setting($1)", name)
            if value == "off":
                raise SettingsInvalid(f"PostgreSQL runs with {name} = off")
        if await scalar("SELECT current_setting('log_error_verbosity')") != "terse":
            raise SettingsInvalid("PostgreSQL quotes refused rows in its log: log_error_verbosity must be terse")
        await refuse_owner(connection())


async def disconnect() -> None:
    """Close the pool."""
    await Tortoise.close_connections()


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[None]:
    """The pool for the length of a block."""
    await connect(settings)
    try:
        yield
    finally:
        await disconnect()


def _in_order(guards: Path) -> tuple[bool, int, Path]:
    """What everybody calls first, and a room's own before those of its parts."""
    return guards.parent.name != "kit", len(guards.parts), guards


async def migrate(settings: DatabaseSettings) -> None:
    """Apply every migration that the database does not have yet, then constraints, every room's guards, and the rights.

    Guards are what models cannot say (triggers, functions, revoked rights). Each file can be applied again
    and again, so the newest text is always in force and a migration need not repeat it.
    """
    config = tortoise_config(msgspec.structs.replace(settings, url=settings.migrate_url or settings.url))
    await apply_migrations(config)
    async with TortoiseContext() as context:
        await context.init(config=config)
        async with in_transaction("default") as owner:
            assert context.apps is not None
            await keep_household_apart(owner)
            await add_missing_constraints(owner, context.apps[APP].values())
            rooms = sorted(ROOT.glob("[!.]*/**/guards.sql"), key=_in_order)
            for guards in rooms:
                await owner.execute_script(guards.read_text())
            if not has_one_role(settings):
                await grant_rights(owner, role_of(settings.url))


# The models for ``tortoise makemigrations -c server.database.TORTOISE``, which never connects.
TORTOISE = tortoise_config(DatabaseSettings(url="postgres://nobody@127.0.0.1/none"))


def main() -> None:
    """The command line."""
    settings = load_settings()
    if sys.argv[1:] == ["migrate"]:
        asyncio.run(migrate(settings.database))
        print("数据库已是最新结构 / migrated")
        if has_one_role(settings.database):
            print("警告：应用角色即表的所有者，权限未分开 / warning: the application owns its tables", file=sys.stderr)
    else:
        sys.exit("usage: python -m server.database migrate")


if __name__ == "__main__":
    main()

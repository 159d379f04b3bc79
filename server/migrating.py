"""Tortoise's migrations, without the copies that a new table does not ask for.

Before every operation Tortoise copies its picture of all models, and builds every model's queries for each copy:
creating 138 tables cost 19 s of processor time. Creating a table reads the new picture alone and asks nothing of the
database through a model, so both are left out there (1.1 s) and kept for every other operation.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tortoise.migrations.api.migrate import migrate
from tortoise.migrations.migration import Migration
from tortoise.migrations.operations import CreateModel, Operation
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps


async def apply_migrations(config: dict[str, Any]) -> None:
    """Apply every migration that the database does not have yet."""
    with _replaced(Migration, "apply", _apply):
        await migrate(config=config)


async def _apply(
    migration: Migration,
    state: State,
    *,
    dry_run: bool = False,
    schema_editor: BaseSchemaEditor | None = None,
    collect_sql: bool = False,
) -> State:
    """``Migration.apply`` as ``migrate`` calls it: forwards, never to collect SQL."""
    assert not collect_sql
    for operation in migration.operations:
        before = _forward(migration, operation, state)
        if schema_editor is not None and not dry_run:
            transactions = schema_editor.client.capabilities.supports_transactions
            await migration._run_database_forward(operation, before, state, schema_editor, transactions)
    state.validate_relations_initialized()
    return state


def _forward(migration: Migration, operation: Operation, state: State) -> State:
    """Move the state over an operation; answers the state before it, or the new one where nobody looks back."""
    if isinstance(operation, CreateModel):
        with _replaced(StateApps, "_build_initial_querysets", lambda apps: None):
            operation.state_forward(migration.app_label, state)
        return state
    before = state.clone()
    operation.state_forward(migration.app_label, state)
    return before


@contextmanager
def _replaced(owner: type, name: str, value: object) -> Iterator[None]:
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)

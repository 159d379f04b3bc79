"""CHECKs and unique constraints of the models, which Tortoise's ``CreateModel`` operation leaves out.

Tortoise 1.1.9 writes ``Meta.constraints`` into a migration's options and applies them only when a later
migration alters them; a table that a migration creates has none. So every run adds what is missing, by name.
"""

from collections.abc import Iterable

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


async def add_missing_constraints(connection: BaseDBAsyncClient, models: Iterable[type[Model]]) -> list[str]:
    """Add every declared constraint that the database does not have under its name; answers the new names.

    Raises what PostgreSQL raises when rows are there that a constraint forbids.
    """
    known = {
        found["name"]
        for found in await connection.execute_query_dict(
            "SELECT conname AS name FROM pg_constraint UNION SELECT relname FROM pg_class WHERE relkind = 'i'"
        )
    }
    added = []
    for model in models:
        for constraint in getattr(model._meta, "constraints", ()):
            if constraint.name not in known:
                await connection.execute_script(_statement(model, constraint))
                added.append(constraint.name)
    return added


def _statement(model: type[Model], constraint: CheckConstraint | UniqueConstraint) -> str:
    table = model._meta.db_table
    if constraint.name is None:
        raise ValueError(f"a constraint of {model.__name__} has no name")
    if isinstance(constraint, CheckConstraint):
        return f'ALTER TABLE "{table}" ADD CONSTRAINT "{constraint.name}" CHECK ({constraint.check})'
    columns = model._meta.fields_db_projection
    fields = ", ".join(f'"{columns.get(name, name)}"' for name in constraint.fields)
    where = f" WHERE {constraint.condition}" if constraint.condition else ""
    return f'CREATE UNIQUE INDEX "{constraint.name}" ON "{table}" ({fields}){where}'

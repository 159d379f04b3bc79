"""What a test arranges or looks at and the product may not: past every right and every guard."""

import asyncpg

from kit.database import row
from tests.servers import owner_url, role_url

PATH = {"search_path": "public, household"}


async def open_as_superuser(url: str) -> asyncpg.Connection:
    """A connection to the database of an address that the product uses."""
    return await asyncpg.connect(owner_url(url), server_settings=PATH)


async def as_superuser(*statements: str) -> None:
    """Run statements one by one on the database that Tortoise is connected to, each on its own or all by BEGIN."""
    here = await row("SELECT current_database() AS name, inet_server_port() AS port")
    assert here
    connection = await asyncpg.connect(role_url("postgres", here["port"], here["name"]), server_settings=PATH)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()

"""Ciphertexts as a bad disk, a wrong restore or a wrong hand leaves them."""

from tests.superuser import as_superuser

DAMAGES = {
    "damaged": "set_byte({c}, length({c}) - 1, get_byte({c}, length({c}) - 1) # 1)",
    "key_unknown": "set_byte({c}, 3, get_byte({c}, 3) # 1)",
    "not_sealed": "'\\x07'::bytea",
}
"""What the cipher says of it -> what has happened to the column."""


async def damage(table: str, column: str, how: str = "damaged", where: str = "true") -> None:
    """In rows of a table, past every guard."""
    await as_superuser(
        "SET session_replication_role = replica",
        f"UPDATE {table} SET {column} = {DAMAGES[how].format(c=column)} WHERE {where}",
    )

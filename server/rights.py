"""Who may do what in PostgreSQL: an owner, the application, and the household's vault (decision 0046).

The owner's role makes the tables and is used by ``migrate`` alone. The application's role reads and writes rows and
owns nothing, so no trigger of a guard can be switched off by it. The household's role may also touch the vault. What
the two may write follows from the guards: a table whose rows may not change is granted without UPDATE, one whose rows
may not go without DELETE.
"""

from urllib.parse import unquote, urlsplit

from tortoise.backends.base.client import BaseDBAsyncClient

from poverty_alleviation.vault import HOUSEHOLD_TABLES, ROLE_SUFFIX, SCHEMA
from server.settings import DatabaseSettings, SettingsInvalid

ONLY_COLUMNS = {
    "ledger_journal": ("seq", "prev_hash", "hash"),
    "ledger_anchor": ("stored_at",),
    "household": (
        "name_cipher",
        "id_number_cipher",
        "id_number_index",
        "phone_cipher",
        "merged_into_id",
        "merged_on",
        "erased_at",
    ),
    "household_change": ("state", "decided_by", "decided_at", "decision_note"),
    "match_proposal": ("state", "decided_by", "decided_at", "reason"),
    "household_status": ("valid_until",),
    "supplier_link": ("valid_until",),
    "household_member": (
        "valid_until",
        "ended_by",
        "ended_at",
        "name_cipher",
        "id_number_cipher",
        "id_number_index",
        "phone_cipher",
        "phone_index",
        "health_cipher",
        "sex",
        "ethnic_group",
        "education",
        "schooling",
        "skill",
    ),
    "household_account": (
        "valid_until",
        "ended_by",
        "ended_at",
        "holder_cipher",
        "number_cipher",
        "number_index",
        "bank",
    ),
    "household_wallet": ("ended_by", "ended_at", "payee_cipher", "payee_index"),
    "payout_transfer": ("state", "attempts", "refusal", "package", "bill", "next_attempt_at", "finished_at"),
    "supplier_identity": ("id_number_index", "phone_index", "village"),
    "household_year": ("list_number_index",),
    "statement_call": ("script", "note"),
    "household_visit": ("seen",),
    "need_step": ("note",),
    "household_hold": ("released_by", "released_at", "release_document"),
    "household_erasure": ("state", "decided_by", "decided_at", "decision_note", "erased_at", "report"),
    "helper": ("name_cipher", "phone_cipher"),
    "live_host": ("name_cipher", "id_number_cipher", "id_number_index", "erased_at"),
    "live_host_hold": ("released_by", "released_at", "release_document"),
    "live_host_erasure": ("state", "decided_by", "decided_at", "decision_note", "erased_at"),
    "host_blacklisting": ("state", "decided_by", "decided_at", "decision_note"),
    "session_assistant": ("removed_by", "removed_at"),
    "legal_person": ("name_cipher", "id_number_cipher", "phone_cipher"),
    "benefit_rule": ("valid_until", "state", "decided_by", "decided_at", "decision_note"),
    "benefit_contract": (
        "state",
        "valid_until",
        "submitted_at",
        "decided_by",
        "decided_at",
        "decision_note",
        "ended_by",
        "ended_at",
        "end_document",
    ),
    "household_agreement": ("valid_until", "ended_by", "ended_at"),
    "demonstration": (
        "state",
        "valid_until",
        "decided_by",
        "decided_at",
        "decision_note",
        "ended_by",
        "ended_at",
    ),
    "help_span": ("valid_until", "ended_by", "ended_at"),
    "help_measure": ("valid_until", "result", "ended_by", "ended_at", "about"),
    "household_need": ("state", "said"),
    "workshop": ("valid_until", "ended_by", "ended_at"),
    "income_sheet": ("state", "decided_by", "decided_at", "decision_note"),
    "household_statement": ("attempts", "blocked_until"),
    "disputed_row": ("released_at",),
    "household_alarm": ("state", "assignee"),
    "payout_part": ("released_at",),
    "correction": ("state", "decided_by", "decided_at", "decision_note"),
    "clawback": ("state", "decided_by", "decided_at", "decision_note"),
    "assisted_share": ("state", "decided_by", "decided_at", "decision_note"),
    "assisted_share_person": ("mark",),
}
"""Tables of which an UPDATE may name these columns alone; their guards say when."""

READ_ONLY = frozenset({"ledger_total"})
"""Tables that only a guard writes, with its owner's rights."""


def role_of(url: str) -> str:
    """The role that an address logs in as."""
    return unquote(urlsplit(url).username or "")


def has_one_role(settings: DatabaseSettings) -> bool:
    """Whether the application would own what it writes: right for a developer's own server alone."""
    return settings.migrate_url in ("", settings.url) or role_of(settings.migrate_url) == role_of(settings.url)


async def keep_household_apart(connection: BaseDBAsyncClient) -> None:
    """Make the schema, and move every household table into it that a migration has made in ``public``."""
    await connection.execute_script(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    for table in sorted(HOUSEHOLD_TABLES):
        await connection.execute_script(f"ALTER TABLE IF EXISTS public.{table} SET SCHEMA {SCHEMA}")


async def grant_rights(connection: BaseDBAsyncClient, application: str) -> None:
    """Take every right from everybody and grant what the application and the household's role need.

    Raises :class:`SettingsInvalid` when a role is missing or stands wrongly to another.
    """
    await _check_roles(connection, application)
    found = await connection.execute_query_dict(_TABLES)
    both = await _quoted(connection, application, application + ROLE_SUFFIX)
    household = await _quoted(connection, application + ROLE_SUFFIX)
    statements = [
        *_scope("public", both),
        *_scope(SCHEMA, household),
        f"REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC",
    ]
    for table in found:
        grantees = household if table["schema"] == SCHEMA else both
        rights = ["SELECT"] if table["name"] in READ_ONLY else ["SELECT", "INSERT"]
        if not table["stays"] and table["name"] not in READ_ONLY:
            columns = ONLY_COLUMNS.get(table["name"])
            rights.append(f"UPDATE ({', '.join(columns)})" if columns else "UPDATE")
        if not table["is_kept"]:
            rights.append("DELETE")
        name = f'{table["schema"]}."{table["name"]}"'
        statements += [
            f"REVOKE ALL ON {name} FROM PUBLIC, {both}",
            f"GRANT {', '.join(rights)} ON {name} TO {grantees}",
        ]
    database = (await connection.execute_query_dict("SELECT quote_ident(current_database()) AS name"))[0]["name"]
    statements.append(f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC")
    await connection.execute_script(";\n".join(statements))


async def refuse_owner(connection: BaseDBAsyncClient) -> None:
    """Refuse a role that could switch the guards off or that holds the household's rights all the time."""
    found = await connection.execute_query_dict(_STANDING)
    if found and found[0]["is_owner"]:
        raise SettingsInvalid("DATABASE_URL logs in as the owner of the tables: see docs/deploy.md, section 3")
    if found and found[0]["sees_households"]:
        raise SettingsInvalid("DATABASE_URL's role holds the household's rights: see docs/deploy.md, section 3")


def _scope(schema: str, grantees: str) -> list[str]:
    return [
        f"GRANT USAGE ON SCHEMA {schema} TO {grantees}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {grantees}",
    ]


async def _quoted(connection: BaseDBAsyncClient, *names: str) -> str:
    found = await connection.execute_query_dict(
        "SELECT string_agg(quote_ident(n), ', ') AS names FROM unnest($1::text[]) AS n", [list(names)]
    )
    return str(found[0]["names"])


async def _check_roles(connection: BaseDBAsyncClient, application: str) -> None:
    found = await connection.execute_query_dict(_ROLES, [application, application + ROLE_SUFFIX])
    if len(found) != 2:
        raise SettingsInvalid(f"PostgreSQL lacks the role {application} or {application}{ROLE_SUFFIX}")
    (membership,) = await connection.execute_query_dict(_MEMBERSHIP, [application, application + ROLE_SUFFIX])
    if not membership["may_take"] or membership["holds"]:
        raise SettingsInvalid(f"needed: GRANT {application}{ROLE_SUFFIX} TO {application} WITH INHERIT FALSE, SET TRUE")
    if membership["is_owner"]:
        raise SettingsInvalid(f"the role {application} may not be a member of the owner's role, nor a superuser")


_TABLES = """
SELECT n.nspname AS schema, c.relname AS name,
       EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'no_update'
               AND t.tgfoid = 'refuse_change'::regproc) AS stays,
       EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'no_delete') AS is_kept
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('public', 'household') AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')
 ORDER BY 1, 2
"""
_ROLES = "SELECT 1 FROM pg_roles WHERE rolname IN ($1, $2)"
_MEMBERSHIP = """
SELECT pg_has_role($1::text, $2::text, 'SET') AS may_take, pg_has_role($1::text, $2::text, 'USAGE') AS holds,
       pg_has_role($1::text, current_user, 'MEMBER') AS is_owner
"""
_STANDING = """
SELECT pg_has_role(session_user, c.relowner, 'MEMBER') AS is_owner,
       has_schema_privilege(session_user, n.oid, 'USAGE') AS sees_households
  FROM pg_class c, pg_namespace n
 WHERE c.oid = to_regclass('public.ledger_posting') AND n.nspname = 'household'
"""

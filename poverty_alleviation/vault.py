"""The household's vault: its tables stand in a schema of their own, which one database role alone may touch.

The application's role has no right to the schema ``household``, and may take that role for the length of a
transaction (decision 0046; domain reference 5). Whatever reads or writes these tables does so inside
:func:`household_rights`; anywhere else PostgreSQL refuses.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar

from kit.database import in_open_transaction, joined, scalar

SCHEMA = "household"
"""The schema. It stands in the search path behind ``public``, so plain SQL names tables without it."""

ROLE_SUFFIX = "_household"
"""The role that may touch it is called as the application's with this behind."""

HOUSEHOLD_TABLES = frozenset(
    {
        "household",
        "household_change",
        "contract_succession",
        "supplier_identity",
        "match_proposal",
        "household_status",
        "supplier_link",
        "contract_party",
        "payout",
        "income_confirmation",
        "household_member",
        "household_account",
        "household_year",
        "household_agreement",
        "attendance",
        "income_sheet",
        "income_line",
        "demonstration",
        "household_income",
        "register_import",
        "household_statement",
        "correction",
        "statement_call",
        "statement_sheet",
        "earlier_filing",
        "income_dispute",
        "disputed_row",
        "household_alarm",
        "household_alarm_step",
        "payout_run",
        "payout_line",
        "payout_part",
        "household_hold",
        "household_erasure",
        "helper",
        "help_span",
        "household_visit",
        "help_measure",
        "household_need",
        "need_step",
        "clawback",
        "clawback_offset",
        "household_wallet",
        "payout_transfer",
        "story_person",
        "story_consent",
        "assisted_share",
        "assisted_share_person",
    }
)
"""Tables of this room that say who is a household or belongs to it, how it stands, or where and what it was paid."""

OPEN_TABLES = frozenset(
    {
        "benefit_contract",
        "benefit_rule",
        "channel_money",
        "reconciled_month",
        "income_claim",
        "line_basis",
        "register_label",
        "office_threshold",
        "poverty_line",
        "cost_rate",
        "product_crop",
        "market_price",
        "alarm_run",
        "income_item_rule",
        "retention_rule",
        "measure_fit",
        "reserve_term",
        "export_template",
        "export_mapping",
        "office_export",
        "export_download",
        "workshop",
    }
)
"""Tables of this room with merchants' promises, the books' bases and dated numbers: a household's code at most.

Every table of the room stands in one of these two sets (``tests/architecture``).
"""

# Nobody to become where one role does everything, as on a developer's own server; production refuses that.
_TAKE = (
    "SELECT set_config('role', coalesce((SELECT rolname::text FROM pg_roles WHERE rolname = session_user ||"
    f" '{ROLE_SUFFIX}'), 'none'), true)"
)
_GIVE_BACK = "SELECT set_config('role', 'none', true)"

_held: ContextVar[bool] = ContextVar("household_rights", default=False)


@asynccontextmanager
async def household_rights() -> AsyncIterator[None]:
    """The rights to the household's tables, inside the open transaction or one of its own.

    As a block or as ``@household_rights()`` over a coroutine; nested use costs nothing. One statement takes the rights,
    one gives them back to a transaction that goes on. Nobody keeps them: they end with the transaction.
    """
    if _held.get():
        yield
        return
    goes_on = in_open_transaction()
    async with joined():
        await scalar(_TAKE)
        token = _held.set(True)
        try:
            yield
        except Exception:
            # Who catches the error may go on with the transaction; a broken one it can only roll back, rights and all.
            with suppress(Exception):
                await scalar(_GIVE_BACK)
            raise
        finally:
            _held.reset(token)
        if goes_on:
            await scalar(_GIVE_BACK)

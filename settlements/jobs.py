"""What time does to settlements."""

from settlements.statements import Statements


async def issue_monthly_statements(statements: Statements) -> int:
    """Issue the statements of the month that has ended; answers how many."""
    return await statements.issue_month()

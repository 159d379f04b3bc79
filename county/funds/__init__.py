"""The project's special fund: lines, their budgets, and what was paid of them (domain reference F01 to F05)."""

"""Every column of a household's own tables has its class in the catalogue, or a reason why it is no secret."""

import importlib

from kit.models import Model
from poverty_alleviation.vault import HOUSEHOLD_TABLES
from server.database import MODEL_MODULES
from tests.privacy.household_fields import CLASSES, PLAIN, is_plain


def household_columns() -> set[str]:
    """``table.column`` of all tables of the vault, as the models have them."""
    models = {
        model._meta.db_table: model
        for name in MODEL_MODULES
        if name.startswith("poverty_alleviation.")
        for model in vars(importlib.import_module(name)).values()
        if isinstance(model, type) and issubclass(model, Model) and model is not Model
    }
    assert set(models) >= HOUSEHOLD_TABLES
    return {f"{table}.{name}" for table in HOUSEHOLD_TABLES for name in models[table]._meta.fields_db_projection}


def test_every_column_of_a_household_has_a_class() -> None:
    """Fails for a column that nobody has thought about: tried with one more on ``payout``."""
    classed = {column for each in CLASSES for column in each.columns}
    without = {column for column in household_columns() - classed if not is_plain(column)}
    assert without == set(), "say in household_fields.py who may read it"


def test_the_catalogue_names_no_column_that_is_gone() -> None:
    named = {
        column for each in CLASSES for column in each.columns if column.partition(".")[0] in HOUSEHOLD_TABLES
    } | set(PLAIN)
    assert named - household_columns() == set()

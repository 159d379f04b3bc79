"""What imports cannot say about the house."""

import ast
import importlib
import inspect
import re
from collections import Counter
from enum import Enum
from pathlib import Path

import msgspec
import pytest
from tortoise import fields
from tortoise.models import Model

import kit.models
from api_kit.doors import Endpoint
from kit.errors import DomainError
from kit.facts import Fact
from logistics.addresses import AddressBook
from poverty_alleviation.vault import HOUSEHOLD_TABLES, OPEN_TABLES
from server.app import DOORS, load_doors
from server.database import MODEL_MODULES, ROOT
from server.own_records import NAMED, NAMING_COLUMNS, NOT_TOLD, parts_of
from server.sealed_fields import NOT_SEALED, SEALED_TABLES
from tests.accounts.people import throwaway_cipher

PACKAGES = [
    "server", "miniapp_api", "console_api", "webhook_api", "public_pages", "integrations",
    "county", "live", "poverty_alleviation", "settlements", "notifications", "epcis",
    "reviews", "scans", "orders", "traceability", "products",
    "promotions", "referrals", "payments", "logistics", "ledger", "merchants", "accounts", "places", "content",
    "messages",
    "api_kit", "kit",
]  # fmt: skip
ROOMS = PACKAGES[6:-2]
# Top first; a foreign key may point sideways inside a room or down, never up.
LAYERS = [["county"], ["live", "poverty_alleviation", "settlements", "notifications", "epcis"],
          ["reviews", "scans"],
          ["orders"], ["traceability"],
          ["products", "promotions", "referrals", "payments", "logistics", "ledger"], ["merchants"],
          ["accounts", "places", "content"], ["messages"], ["kit"]]  # fmt: skip


def modules() -> list[str]:
    """Every module of the product but Celery's application, which reads the settings when imported."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    ]
    return [name for name in names if name != "server.celery_app"]


def sources() -> list[Path]:
    return [path for package in [*PACKAGES, "scripts"] for path in sorted((ROOT / package).rglob("*.py"))]


def models() -> list[type[Model]]:
    found = []
    for name in MODEL_MODULES:
        module = importlib.import_module(name)
        found += [
            member
            for _, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, Model) and member.__module__ == name and not member._meta.abstract
        ]
    return found


def endpoints() -> list[Endpoint]:
    load_doors()
    return [endpoint for door in DOORS for endpoint in door.endpoints]


def layer(room: str) -> int:
    return next(i for i, rooms in enumerate(LAYERS) if room in rooms)


def test_no_two_models_share_a_class_name() -> None:
    names = Counter(model.__name__ for model in models())
    assert [name for name, count in names.items() if count > 1] == []


def test_no_model_has_its_source_read() -> None:
    """One that derived from Tortoise's own would have its whole file parsed by every process that starts."""
    assert [model.__name__ for model in models() if not issubclass(model, kit.models.Model)] == []
    assert all("_no_comments" in vars(model) for model in models())


def test_no_two_enums_of_columns_share_a_name() -> None:
    """A migration imports them all into one module, where the second would stand for the first."""
    kinds = {getattr(field, "enum_type", None) for model in models() for field in model._meta.fields_map.values()}
    names = Counter(kind.__name__ for kind in kinds if kind is not None)
    assert [name for name, count in names.items() if count > 1] == []


def test_foreign_keys_point_down_restrict_and_leave_no_reverse_name() -> None:
    rooms = {model.__name__: model.__module__.split(".")[0] for model in models()}
    wrong = []
    for model in models():
        for name, field in model._meta.fields_map.items():
            if not isinstance(field, fields.relational.ForeignKeyFieldInstance):
                continue
            target = rooms[str(field.model_name).split(".")[-1]]
            own = model.__module__.split(".")[0]
            if target != own and layer(target) <= layer(own):
                wrong.append(f"{model.__name__}.{name} points from {own} to {target}")
            if field.on_delete != fields.RESTRICT or field.related_name is not False:
                wrong.append(f"{model.__name__}.{name} is not RESTRICT with related_name=False")
    assert wrong == []


# States that no step leads between: a register's entry, and the making of a file that is tried until it is there.
WITHOUT_STEPS = {"SiteState", "ArchiveState"}


def states_in(table: object) -> set[Enum]:
    """Every state that a table of transitions names, however deep."""
    if isinstance(table, Enum):
        return {table}
    if isinstance(table, dict):
        return {state for part in [*table, *table.values()] for state in states_in(part)}
    if isinstance(table, frozenset | set | tuple | list):
        return {state for part in table for state in states_in(part)}
    return set()


def test_every_state_of_an_entity_stands_in_a_table_of_transitions() -> None:
    kinds = {
        kind
        for model in models()
        for field in model._meta.fields_map.values()
        if (kind := getattr(field, "enum_type", None)) and kind.__name__.endswith("State")
    }
    tables: dict[type[Enum], int] = {kind: 0 for kind in kinds if kind.__name__ not in WITHOUT_STEPS}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*models.py")):
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            for name, table in vars(module).items():
                if name.endswith(("TRANSITIONS", "STEPS")):
                    for kind in tables:
                        tables[kind] += {state for state in states_in(table) if isinstance(state, kind)} == set(kind)
    assert [kind.__name__ for kind, count in tables.items() if count == 0] == []


def test_money_is_never_a_float() -> None:
    wrong = [
        f"{model.__name__}.{name}"
        for model in models()
        for name, field in model._meta.fields_map.items()
        if isinstance(field, fields.FloatField) or (name.endswith("_fen") and not isinstance(field, fields.BigIntField))
    ]
    assert wrong == []


def test_every_route_has_an_actor_or_is_listed_public() -> None:
    public = sorted(f"{e.method} {e.path}" for e in endpoints() if not e.actors or e.public)
    listed = (ROOT / "docs" / "public-routes.txt").read_text().split("\n")
    assert public == sorted(line for line in listed if line and not line.startswith("#"))


def test_every_money_making_post_demands_an_idempotency_key() -> None:
    money = re.compile(r"/(orders|trades|payment|receipt|cancellation|after-sales|payouts|refunds|intakes)\b")
    without = [
        f"{e.method} {e.path}"
        for e in endpoints()
        if e.method == "POST" and money.search(e.path) and e.key_argument is None and "/webhook/" not in e.path
    ]
    assert without == []


def test_every_endpoint_says_what_it_does_in_chinese() -> None:
    silent = [e.name for e in endpoints() if not re.search(r"[一-鿿]", e.summary)]
    assert silent == []


def error_classes() -> list[type[DomainError]]:
    for name in modules():
        importlib.import_module(name)
    kinds = {kind for kind in DomainError.__subclasses__() if kind.__module__ == "kit.errors"}
    found: list[type[DomainError]] = []
    queue = list(DomainError.__subclasses__())
    while queue:
        current = queue.pop()
        queue += current.__subclasses__()
        if current not in kinds and current.__module__.split(".")[0] in PACKAGES:
            found.append(current)
    return found


def test_every_error_code_is_documented_unique_and_bilingual() -> None:
    documented = (ROOT / "docs" / "errors.md").read_text()
    classes = error_classes()
    codes = Counter(error.code for error in classes)
    assert [code for code, count in codes.items() if count > 1] == []
    wrong = [
        error.__qualname__
        for error in classes
        if f"`{error.code}`" not in documented
        or not re.search(r"[一-鿿]", error.title)
        or re.search(r"[一-鿿]", error.title_en)
        or not error.__doc__
    ]
    assert wrong == []


def test_facts_are_frozen_and_in_the_past_tense() -> None:
    for name in modules():
        importlib.import_module(name)
    facts = [fact for fact in Fact.__subclasses__() if fact.__module__.split(".")[0] in PACKAGES]
    assert facts
    assert [fact.__name__ for fact in facts if not fact.__struct_config__.frozen] == []
    irregular = ("Paid", "Sold", "Put", "Held", "Late", "Gone", "Built", "Found", "Lost")
    assert [f.__name__ for f in facts if not f.__name__.endswith(("ed", *irregular))] == []
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", fact.topic) for fact in facts)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_but_settings_reads_the_environment_in_the_product(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] == "scripts" or path.name == "settings.py":
        return
    tree = ast.parse(path.read_text())
    reads = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and getattr(node.value, "id", "") == "os"
    ]
    assert reads == []


def test_rooms_never_save_a_model_or_lock_outside_a_transaction() -> None:
    """Read, modify, ``save()`` loses updates silently (reliability reference 0.7)."""
    wrong = []
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr
                if called in ("save", "get_or_create", "update_or_create"):
                    wrong.append(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} {called}")
    assert wrong == []


def test_no_gather_or_create_task_in_a_room_that_opens_transactions() -> None:
    wrong = []
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.AsyncWith):
                    continue
                opens = any("transaction" in ast.unparse(item.context_expr) for item in node.items)
                calls = {ast.unparse(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
                if opens and any(call.split(".")[-1] in ("gather", "create_task", "TaskGroup") for call in calls):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_schemas_refuse_unknown_fields() -> None:
    lax = [
        f"{e.name}: {shape.__name__}"
        for e in endpoints()
        for shape in (e.body, e.query)
        if shape is not None and not msgspec.inspect.type_info(shape).forbid_unknown_fields  # type: ignore[attr-defined]
    ]
    assert lax == []


def test_names_to_avoid() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources()
        if re.fullmatch(r"(.*_)?(manager|helpers?|utils?|common|base|data|info)", path.stem)
    ]
    assert wrong == []


def test_every_column_that_names_a_consumer_is_told_and_erased_or_says_why_not() -> None:
    """Fails when a row of the table in ``server/own_records.py`` is taken out: tried."""
    naming = {
        f"{model._meta.db_table}.{column}"
        for model in models()
        for name, field in model._meta.fields_map.items()
        if (column := f"{name}_id" if isinstance(field, fields.relational.ForeignKeyFieldInstance) else name)
        in NAMING_COLUMNS
    }
    assert naming == set(NAMED) | set(NOT_TOLD), "see server/own_records.py"
    assert set(NAMED) & set(NOT_TOLD) == set()
    cipher = throwaway_cipher()
    rooms = [part.room for part in parts_of(cipher, AddressBook(cipher))]
    assert len(rooms) == len(set(rooms))
    assert set(NAMED.values()) == set(rooms)


def test_every_sealed_column_has_a_place_from_which_it_is_sealed_anew() -> None:
    """Octets are sealed, and then in the table of ``server/sealed_fields.py``, or said not to be (decision 0062)."""
    octets = {
        f"{model._meta.db_table}.{name}"
        for model in models()
        for name, field in model._meta.fields_map.items()
        if isinstance(field, fields.BinaryField)
    }
    sealed = {f"{table.table}.{column}" for table in SEALED_TABLES for column in table.columns}
    assert octets == sealed | NOT_SEALED
    assert not sealed & NOT_SEALED


def test_every_table_of_the_poverty_room_is_a_households_or_said_not_to_be() -> None:
    """Its author decides by one word in ``poverty_alleviation/vault.py`` (decision 0046)."""
    tables = {str(m._meta.db_table) for m in models() if m.__module__.startswith("poverty_alleviation.")}
    assert tables == HOUSEHOLD_TABLES | OPEN_TABLES
    assert not HOUSEHOLD_TABLES & OPEN_TABLES


def test_the_vault_alone_takes_another_role() -> None:
    """Nobody else sets a role, in SQL or in Python."""
    wanted = re.compile(r"set_config\('role'|\bSET (LOCAL |SESSION )?(ROLE|SESSION AUTHORIZATION)\b", re.IGNORECASE)
    takers = {str(p.relative_to(ROOT)) for p in sources() if wanted.search(p.read_text())}
    assert takers == {"poverty_alleviation/vault.py"}

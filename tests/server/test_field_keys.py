"""Fields are sealed anew by another key while everybody works, and an old key goes when it seals nothing."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from tortoise.exceptions import OperationalError

from accounts.service import AccessLogs
from content.errors import StorageUnavailable
from content.evidence.models import EvidenceKind
from content.evidence.resealing import EvidenceResealing
from content.evidence.service import EvidenceFiles
from integrations.object_storage.folder import FolderStorage
from kit.clock import utc_now
from kit.database import execute, row, rows, scalar, transaction
from logistics.addresses import Address, AddressBook, address_place
from logistics.models import DeliveryAddress
from poverty_alleviation.households import Households, Identity
from poverty_alleviation.register.accounts import AccountDraft, BankAccounts
from poverty_alleviation.register.members import MemberDraft, Members
from poverty_alleviation.register.models import Relation
from poverty_alleviation.vault import household_rights
from server.adapters import key_ring
from server.bootstrap import bootstrap
from server.database import ROOT
from server.field_keys import check_field_keys, field_key_cards, retire_field_key, sealed_per_key
from server.resealing import Resealing
from server.sealed_fields import SEALED_TABLES
from server.settings import Settings, SettingsInvalid, load_settings
from tests.content.paint import paint
from tests.orders.mall import environment
from tests.products.shelf import TOWNSHIP, VILLAGE, open_county

K1, K2, K3 = (f"{name}:{algorithm}:{{}}:{secrets.token_hex(32)}" for name, algorithm in (
    ("k1", "aes-256-gcm"), ("k2", "sm4-gcm"), ("k3", "aes-256-gcm")
))  # fmt: skip
INDEX = secrets.token_hex(32)
MANY = 900
SINCE, CARD = date(2020, 1, 1), "6200000000000123"


def keys(writing: str, *reading: str) -> str:
    return " ".join([writing.format("writing"), *(key.format("reading") for key in reading)])


@dataclass
class Installation:
    """One installation, whose ring of keys a test changes."""

    directory: Path
    url: str
    storage: FolderStorage = field(init=False)

    def __post_init__(self) -> None:
        self.storage = FolderStorage(self.directory / "pictures")

    def environment(self, ring: str) -> dict[str, str]:
        return environment(self.directory, self.url, FIELD_KEYS=ring, FIELD_INDEX_KEY=INDEX)

    def settings(self, ring: str) -> Settings:
        return load_settings(self.environment(ring))

    async def start(self, ring: str) -> Resealing:
        """As a process starts: refused, or with its work of sealing anew."""
        settings = self.settings(ring)
        cipher = key_ring(settings)
        await check_field_keys(cipher, settings.field_keys)
        return Resealing(cipher, EvidenceResealing(self.storage, cipher))


@pytest_asyncio.fixture
async def installation(database: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """With things sealed by its first key: addresses, a household with a member and an account, two photographs."""
    made = Installation(tmp_path, database)
    ring = (await made.start(keys(K1))).ring
    now = utc_now()
    numbers = [f"A{n:04}" for n in range(MANY)]
    await DeliveryAddress.bulk_create(
        DeliveryAddress(
            number=number, owner="C1", region="533124", region_name="示例县", entered_at=now, changed_at=now,
            **{c: ring.encrypt(f"示例{c}{number}", address_place(c, number)) for c in ("recipient", "phone", "street")},
        )
        for number in numbers
    )  # fmt: skip
    await open_county()
    logs = AccessLogs()
    await Households(ring, logs).enter(
        Identity(name="示例户主", phone="10000000001"), TOWNSHIP, VILLAGE, "staff:o", "H1"
    )
    son = MemberDraft(name="示例长子", birth_year=1990, phone="10000000051", relation=Relation.CHILD, health="健康")
    member = await Members(ring, logs).enter("H1", son, SINCE, "示例文件", "staff:o")
    card = AccountDraft(bank="示例银行", number=CARD, holder_relation=Relation.CHILD, member=member)
    await BankAccounts(ring, logs).enter("H1", card, SINCE, "示例文件", "staff:o")
    files = EvidenceFiles(made.storage, ring)
    for shade in (10, 200):
        picture = await files.encode(paint("JPEG", (40, 30), colour=(shade, 9, 9)))
        await files.take(picture, EvidenceKind.VISIT_PHOTO, "staff:office", None)
    yield made


async def all_of(resealing: Resealing) -> int:
    """Go on until nothing is left to be moved."""
    total = 0
    while moved := await resealing.run(for_s=60):
        total += moved
    return total


async def in_use() -> dict[str, int]:
    """How many rows each key seals."""
    return {key: sum(tables.values()) for key, tables in (await sealed_per_key()).items()}


async def test_a_killed_worker_costs_a_batch_and_the_next_one_goes_on(installation: Installation) -> None:
    ring = keys(K2, K1)
    resealing = await installation.start(ring)
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.server.rekeying", cwd=ROOT, env=installation.environment(ring)
    )
    try:
        async with asyncio.timeout(60):
            while not await scalar("SELECT 1 FROM field_walk WHERE moved > 0 AND done_at IS NULL"):
                assert worker.returncode is None
                await asyncio.sleep(0.02)
    finally:
        worker.kill()
        await worker.wait()
    half = await in_use()
    assert half["k1"] > 0
    assert half["k2"] > 0
    assert await readable(resealing) == MANY
    walked = await scalar("SELECT last_id FROM field_walk WHERE table_name = 'delivery_address'")
    assert walked > 0
    assert await all_of(resealing) == half["k1"]
    assert await in_use() == {"k2": half["k1"] + half["k2"]}
    walks = await row("SELECT sum(moved)::int AS moved, sum(unreadable)::int AS unreadable FROM field_walk")
    assert walks == {"moved": half["k1"] + half["k2"] - 2, "unreadable": 0}  # and two photographs
    assert await retire_field_key("k1") is None
    alone = await installation.start(keys(K2))
    assert await readable(alone) == MANY
    assert await alone.run() == 0


async def readable(resealing: Resealing) -> int:
    """How many addresses a ring opens; the household, its member and account, and both photographs too."""
    found = await rows("SELECT number, recipient, phone, street FROM delivery_address")
    for each in found:
        for column in ("recipient", "phone", "street"):
            opened = resealing.ring.decrypt(bytes(each[column]), address_place(column, each["number"]))
            assert opened == f"示例{column}{each['number']}"
    (household,) = [t for t in SEALED_TABLES if t.table == "household_account"]
    async with household_rights():
        card = await row(f"SELECT {household.named}, number_cipher FROM household_account t")
    assert card is not None
    assert resealing.ring.decrypt(bytes(card["number_cipher"]), household.columns["number_cipher"](card)) == CARD
    files = EvidenceFiles(resealing.evidence.storage, resealing.ring)
    for each in await rows("SELECT number FROM evidence"):
        assert (await files.open(each["number"]))[:2] == b"\xff\xd8"
    return len(found)


async def test_every_table_is_asked_by_its_own_names(installation: Installation) -> None:
    """The SQL of tables that nothing stands in here is sent all the same."""
    await all_of(await installation.start(keys(K2, K1)))
    done = await rows("SELECT table_name FROM field_walk WHERE done_at IS NOT NULL")
    assert {each["table_name"] for each in done} == {table.table for table in SEALED_TABLES}


async def test_what_an_old_process_still_seals_is_found_at_the_end(installation: Installation) -> None:
    """Somebody holds a row, and somebody else writes by the old key: both are moved by a later walk, none is lost.

    Fails when the walks do not begin again after the count: tried.
    """
    old = await installation.start(keys(K1))
    new = await installation.start(keys(K2, K1))
    book = AddressBook(old.ring)
    held, ended = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with transaction():
            await execute("UPDATE delivery_address SET region_name = '示例' WHERE number = 'A0100'")
            held.set()
            await ended.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    await new.run(for_s=60)
    ended.set()
    await holding
    await book.add(
        "C2",
        Address(
            recipient="示例收货人", phone="19900000001", region="533124", region_name="示例县", street="示例路 1 号"
        ),
    )
    assert (await in_use())["k1"] == 2
    assert await old.run() == 0  # its ring seals by an older key than another process has started with
    assert "delivery_address 2" in str(await retire_field_key("k1"))
    assert await all_of(new) == 2
    assert set(await in_use()) == {"k2"}


async def test_what_no_key_opens_stays_and_keeps_its_key(installation: Installation) -> None:
    await execute("UPDATE delivery_address SET phone = recipient WHERE number = 'A0007'")  # moved to another place
    resealing = await installation.start(keys(K2, K1))
    await all_of(resealing)
    assert (await sealed_per_key())["k1"] == {"delivery_address": 1}
    assert "delivery_address 1" in str(await retire_field_key("k1"))
    assert await all_of(resealing) == 0


async def test_the_ring_fits_the_database_or_nothing_starts(installation: Installation) -> None:
    """Other bytes under an old name, another algorithm, another key of the index; one that is missing or retired."""
    renamed = "k1:aes-256-gcm:{}:" + secrets.token_hex(32)
    for ring, reason in (
        (keys(renamed), "k1 is not the one"),
        (keys(K1.replace("aes-256-gcm", "sm4-gcm")), "k1 is not the one"),
        (keys(K2), "lacks k1"),
    ):
        with pytest.raises(SettingsInvalid, match=reason):
            await installation.start(ring)
    other = load_settings(installation.environment(keys(K1)) | {"FIELD_INDEX_KEY": secrets.token_hex(32)})
    with pytest.raises(SettingsInvalid, match="FIELD_INDEX_KEY is not the one"):
        await check_field_keys(key_ring(other), other.field_keys)
    assert "seals now" in str(await retire_field_key("k1"))
    await all_of(await installation.start(keys(K2, K1)))
    assert await retire_field_key("k1") is None
    assert "no key k1 in use" in str(await retire_field_key("k1"))
    with pytest.raises(SettingsInvalid, match="k1 was retired"):
        await installation.start(keys(K2, K1))
    cards = {card.name: card for card in await field_key_cards()}
    assert (cards["k1"].is_retired, cards["k1"].sealed, cards["k2"].is_writing) == (True, {}, True)
    assert cards["k2"].sealed["evidence"] == 2


async def test_no_process_starts_on_a_ring_that_does_not_fit(installation: Installation) -> None:
    built = bootstrap(installation.settings(keys(K3)))
    with pytest.raises(SettingsInvalid, match="FIELD_KEYS lacks k1"):
        await built.start()


@pytest.mark.parametrize("dies_at", ["put", "put_done", "delete"])
async def test_a_photograph_is_whole_whenever_the_work_on_it_ends(installation: Installation, dies_at: str) -> None:
    """Fails when the old file goes before the row names the new one: tried."""
    resealing = await installation.start(keys(K2, K1))
    dying = replace(resealing.evidence, storage=Dying(installation.directory / "pictures", dies_at))
    with pytest.raises(StorageUnavailable):
        await dying.reseal(5)
    await readable(resealing)
    later = replace(resealing.evidence, clock=lambda: utc_now() + timedelta(minutes=11))
    assert await later.reseal(5) == (1 if dies_at == "delete" else 2)
    await readable(resealing)
    kept = {str(p.relative_to(installation.directory / "pictures")) for p in installation.directory.rglob("*.bin")}
    assert kept == {
        each["stored_key"] for each in await rows("SELECT stored_key FROM evidence WHERE spare_key IS NULL")
    }
    assert {each["sealed_by"] for each in await rows("SELECT sealed_by FROM evidence")} == {"k2"}


class Dying(FolderStorage):
    """A storage whose client ends in the middle."""

    def __init__(self, directory: Path, dies_at: str) -> None:
        super().__init__(directory)
        object.__setattr__(self, "dies_at", dies_at)

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        if self.dies_at != "put":  # type: ignore[attr-defined]
            await super().put(key, content, content_type)
        if self.dies_at in ("put", "put_done"):  # type: ignore[attr-defined]
            raise StorageUnavailable()

    async def delete(self, keys: Sequence[str]) -> None:
        raise StorageUnavailable()


async def test_a_row_that_stays_is_sealed_anew_and_nothing_else(installation: Installation) -> None:
    """Fails when the trigger lets any change of a sealed column pass: tried."""
    ring = (await installation.start(keys(K2, K1))).ring
    async with household_rights():
        code = await scalar("SELECT code FROM household_member")
    place = f"household_member|name|{code}"
    old = key_ring(installation.settings(keys(K1)))
    for changes, values in (
        ("name_cipher = $1", (old.encrypt("示例别人", place),)),  # by the same key
        ("name_cipher = $1, birth_year = 1980", (ring.encrypt("示例长子", place),)),
        ("name_cipher = $1", (None,)),
    ):
        with pytest.raises(OperationalError, match=r"only be ended|permission denied"):
            async with household_rights():
                await execute(f"UPDATE household_member SET {changes}", *values)
    async with household_rights():
        assert await execute("UPDATE household_member SET name_cipher = $1", ring.encrypt("示例长子", place)) == 1

"""The address book: sealed, limited, one default, and nobody else's."""

import asyncio

import pytest

from kit.database import execute, rows, scalar
from kit.encryption import FieldUnreadable
from logistics.addresses import MAX_ADDRESSES, Address, AddressBook
from logistics.errors import AddressBookFull, AddressUnknown, RegionInvalid
from tests.accounts.people import throwaway_cipher
from tests.poverty_alleviation.damage import damage
from tests.statements import counted_statements

HERE = Address(
    recipient="示例收货人",
    phone="19900000001",
    region="533124",
    region_name="云南省 德宏州 陇川县",
    street="示例路 1 号",
)


@pytest.fixture
def book(database: str) -> AddressBook:
    return AddressBook(throwaway_cipher())


async def defaults(owner: str) -> list[str]:
    found = await rows("SELECT number FROM delivery_address WHERE owner = $1 AND is_default", owner)
    return [each["number"] for each in found]


async def test_who_phone_and_street_are_sealed_and_bound_to_their_place(book: AddressBook) -> None:
    first, second = await book.add("C1", HERE), await book.add("C1", HERE)
    kept = str(await rows("SELECT * FROM delivery_address"))
    for text in (HERE.recipient, HERE.phone, HERE.street):
        assert text not in kept
        assert str(text.encode()) not in kept
    assert await book.resolve("C1", first) == HERE
    await execute(
        "UPDATE delivery_address SET phone = (SELECT phone FROM delivery_address WHERE number = $1) WHERE number = $2",
        first,
        second,
    )
    with pytest.raises(FieldUnreadable):
        await book.resolve("C1", second)


async def test_a_damaged_field_hides_itself_alone_in_the_book_and_nothing_is_sent_there(book: AddressBook) -> None:
    """Fails when the list opens fields without asking what becomes of a damaged one: tried."""
    first, second = await book.add("C1", HERE), await book.add("C1", HERE)
    await damage("delivery_address", "phone", where=f"number = '{first}'")
    found = {each.number: each for each in await book.addresses("C1")}
    assert (found[first].address.phone, found[first].unreadable) == ("", ["phone"])
    assert (found[first].address.recipient, found[second].unreadable) == (HERE.recipient, [])
    assert found[second].address == HERE
    with pytest.raises(FieldUnreadable):
        await book.resolve("C1", first)


async def test_r8_somebody_elses_address_does_not_exist(book: AddressBook) -> None:
    """Regression R8; fails when the owner is left out of any of the four conditions: tried."""
    number = await book.add("C1", HERE)
    before = await rows("SELECT md5(d::text) FROM delivery_address d")
    for attempt in (
        book.resolve("C2", number),
        book.change("C2", number, HERE),
        book.make_default("C2", number),
        book.remove("C2", number),
    ):
        with pytest.raises(AddressUnknown):
            await attempt
    assert await book.addresses("C2") == []
    assert await rows("SELECT md5(d::text) FROM delivery_address d") == before


async def test_there_is_one_default_as_long_as_there_is_an_address(book: AddressBook) -> None:
    first = await book.add("C1", HERE)
    assert await defaults("C1") == [first]
    second = await book.add("C1", HERE, is_default=True)
    third = await book.add("C1", HERE)
    assert await defaults("C1") == [second]
    await book.make_default("C1", first)
    assert [each.number for each in await book.addresses("C1")] == [first, third, second]
    with pytest.raises(AddressUnknown):
        await book.make_default("C1", "ANOBODY")
    assert await defaults("C1") == [first], "a refusal leaves the default where it was"
    await book.remove("C1", first)
    assert await defaults("C1") == [third]
    await book.remove("C1", third)
    await book.remove("C1", second)
    assert await scalar("SELECT count(*) FROM delivery_address") == 0, "what was removed is forgotten"


async def test_at_most_thirty_also_when_they_come_at_once(book: AddressBook) -> None:
    done = await asyncio.gather(
        *(book.add("C1", HERE, is_default=n % 3 == 0) for n in range(MAX_ADDRESSES + 8)), return_exceptions=True
    )
    assert sum(isinstance(each, AddressBookFull) for each in done) == 8
    assert len(await book.addresses("C1")) == MAX_ADDRESSES
    assert len(await defaults("C1")) == 1
    await book.add("C2", HERE)


async def test_a_change_replaces_everything_and_a_wrong_region_nothing(book: AddressBook) -> None:
    number = await book.add("C1", HERE)
    other = Address(
        recipient="另一位", phone="19900000002", region="110105", region_name="北京市 朝阳区", street="示例街 2 号"
    )
    await book.change("C1", number, other)
    assert await book.resolve("C1", number) == other
    wrong = Address(recipient="另", phone="199", region="110000", region_name="北京市", street="街")
    with pytest.raises(RegionInvalid):
        await book.change("C1", number, wrong)
    with pytest.raises(RegionInvalid):
        await book.add("C1", wrong)
    assert [each.address for each in await book.addresses("C1")] == [other]


async def test_the_list_is_one_statement(book: AddressBook) -> None:
    for _ in range(5):
        await book.add("C1", HERE)
    with counted_statements() as sent:
        assert len(await book.addresses("C1")) == 5
    assert len(sent) == 1, sent

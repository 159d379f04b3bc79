"""A consumer applies, is refused, corrects it, sells and gets a place at the console, with no administrator."""

from datetime import date

import pytest

from accounts.actors import CountyOfficer
from accounts.clerks import Clerks, clerks_of
from accounts.errors import PurposeMissing
from accounts.models import ConsumerAccount
from accounts.service import AccessLogs
from kit.clock import utc_now
from kit.database import row, scalar
from merchants.applications import Application, Applications, LegalPersons, Person
from merchants.errors import (
    ApplicationOpen,
    LeadPresent,
    LegalPersonUnknown,
    LicenceUnchecked,
    MerchantNotMovable,
    MerchantUnknown,
    PhoneNeeded,
    SubMerchantTaken,
)
from merchants.licences import Licence, LicenceKind
from merchants.papers import Paper, PaperKind, Papers
from merchants.queries import ShopContact, application_of, history, merchant, shop_contact, shop_front
from merchants.service import Merchants
from tests.accounts.people import PASSWORD, quick_passwords, throwaway_cipher
from tests.products.shelf import TOWNSHIP, open_county

BY = "staff:officer"
OFFICER = CountyOfficer(caller=BY, id=1, number="U1", name="示例干部")
PERSON = Person(name="示例经营者", id_number="53312419900101001X", phone="19900000001")


def application(licence: str = "DEMO-APPLIED-1", name: str = "示例农庄") -> Application:
    return Application(
        name=name,
        licence=Licence(kind=LicenceKind.INDIVIDUAL, number=licence, valid_from=date(2020, 1, 1)),
        township=TOWNSHIP,
        person=PERSON,
    )


async def consumer(number: str, *, phone: bool = True) -> str:
    sealed = b"x" if phone else None
    await ConsumerAccount.create(
        number=number, appid="wxdemo", openid=f"openid-{number}", created_at=utc_now(), last_login_at=utc_now(),
        phone_cipher=sealed, phone_index=sealed,
    )  # fmt: skip
    return number


async def show_licence(number: str, document: str = "DEMO-APPLIED-1") -> None:
    """The applicant's licence, handed in and accepted."""
    paper = Paper(kind=PaperKind.BUSINESS_LICENCE, document_number=document, valid_from=date(2020, 1, 1))
    await Papers().accept(await Papers().submit(number, paper, BY), BY)


def desk() -> Applications:
    clerks = Clerks(quick_passwords())
    return Applications(Merchants(), LegalPersons(throwaway_cipher(), AccessLogs()), clerks)


async def test_from_the_application_to_the_console(database: str) -> None:
    await open_county()
    one, other = await consumer("C1"), await consumer("C2")
    applications, county = desk(), Merchants()
    number = await applications.apply(one, application())
    with pytest.raises(ApplicationOpen):
        await applications.apply(one, application("DEMO-APPLIED-2"))
    with pytest.raises(MerchantNotMovable):
        await applications.correct(one, number, application())
    await county.refuse(number, "执照照片不清", BY)
    with pytest.raises(MerchantUnknown):
        await applications.correct(other, number, application())
    await applications.correct(one, number, application("DEMO-APPLIED-3", "示例新农庄"))
    with pytest.raises(MerchantNotMovable):
        await applications.enter_console(one, number)
    with pytest.raises(LicenceUnchecked):
        await county.approve(number, BY)
    await show_licence(number, "DEMO-APPLIED-3")
    await county.approve(number, BY)
    with pytest.raises(MerchantUnknown):
        await applications.enter_console(other, number)
    invited = await applications.enter_console(one, number)
    await applications.clerks.accept(invited.code, "owner", "示例负责人", PASSWORD)
    with pytest.raises(LeadPresent):
        await applications.enter_console(one, number)
    assert [clerk.duties for clerk in await clerks_of(number)] == [[]]
    assert [(step.state, step.reason) for step in await history(number)] == [
        ("applied", None), ("refused", "执照照片不清"), ("applied", None), ("approved", None),
    ]  # fmt: skip
    card = await application_of(one)
    assert card is not None
    assert (card.number, card.name, card.licence_number) == (number, "示例新农庄", "DEMO-APPLIED-3")
    assert await application_of(other) is None
    await applications.apply(one, application("DEMO-APPLIED-4"))  # the first one is decided


async def test_without_a_checked_phone_number_nobody_applies(database: str) -> None:
    await open_county()
    with pytest.raises(PhoneNeeded):
        await desk().apply(await consumer("C1", phone=False), application())
    assert await scalar("SELECT count(*) FROM merchant") == 0


async def test_a_refused_application_does_not_block_who_really_holds_the_licence(database: str) -> None:
    await open_county()
    squatter, owner = await consumer("C1"), await consumer("C2")
    number = await desk().apply(squatter, application())
    with pytest.raises(SubMerchantTaken):
        await desk().apply(owner, application())
    await Merchants().refuse(number, "冒用执照", BY)
    await desk().apply(owner, application())
    with pytest.raises(SubMerchantTaken):
        await desk().correct(squatter, number, application())
    assert (await merchant(number)).state == "refused"


async def test_the_legal_person_is_sealed_and_every_look_is_recorded(database: str) -> None:
    await open_county()
    persons = desk().persons
    number = await desk().apply(await consumer("C1"), application())
    stored = await row("SELECT name_cipher, id_number_cipher, phone_cipher FROM legal_person")
    assert stored is not None
    for text in (PERSON.name, PERSON.id_number, PERSON.phone):
        assert all(text.encode() not in bytes(sealed) for sealed in stored.values())
    assert await persons.show(number, OFFICER, "核对执照") == PERSON
    with pytest.raises(PurposeMissing):
        await persons.show(number, OFFICER, " ")
    newer = Person(name="示例新经营者", id_number="533124199001010028", phone="19900000002")
    await persons.enter(number, newer, BY)
    assert await persons.show(number, OFFICER, "核对变更") == newer
    assert await scalar("SELECT count(*) FROM access_log WHERE subject = $1", f"merchant:{number}") == 2
    licence = Licence(kind=LicenceKind.COMPANY, number="DEMO-C-1", valid_from=date(2020, 1, 1))
    county = await Merchants().enter("示例公司", licence, TOWNSHIP, None, BY)
    with pytest.raises(LegalPersonUnknown):
        await persons.show(county, OFFICER, "核对执照")


async def test_contact_payee_and_the_public_page(database: str) -> None:
    await open_county()
    county = Merchants()
    number = await desk().apply(await consumer("C1"), application())
    with pytest.raises(MerchantUnknown):
        await shop_front(number)
    await show_licence(number)
    await county.approve(number, BY)
    assert await shop_contact(number) is None
    contact = ShopContact(
        service_phone="0692-7170000", return_recipient="示例仓库", return_phone="19900000003", return_region="533124",
        return_street="章凤镇示例路 2 号",
    )  # fmt: skip
    await county.set_contact(number, contact)
    assert await shop_contact(number) == contact
    await county.set_payee(number, "1900000077")
    front = await shop_front(number)
    assert (front.licence_number, front.service_phone) == ("DEMO-APPLIED-1", "0692-7170000")
    assert PERSON.name not in str(front)
    with pytest.raises(MerchantUnknown):
        await shop_contact("MNOBODY")

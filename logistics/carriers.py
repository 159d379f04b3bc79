"""Carriers by our own codes, and merchants' contracts with them for electronic waybills."""

from dataclasses import dataclass

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar
from kit.encryption import FieldCipher
from logistics.errors import CarrierAccountMissing, CarrierUnknown
from logistics.ports import Party


class CarrierRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier, and what WeChat (``get_delivery_list``) and Kuaidi100 call it."""

    code: str
    name: str
    wechat_id: str
    kuaidi100_code: str
    asks_phone: bool
    is_active: bool


class CarrierContract(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier gave the merchant to print waybills with, and who sends."""

    partner_id: str
    partner_key: str
    sender: Party


async def carriers() -> list[CarrierRecord]:
    """Every carrier, by code. One query."""
    found = await rows("SELECT code, name, wechat_id, kuaidi100_code, asks_phone, is_active FROM carrier ORDER BY code")
    return [CarrierRecord(**each) for each in found]


async def check_carrier(code: str) -> None:
    """Raises :class:`CarrierUnknown` for a carrier that is not known or not used."""
    if not await scalar("SELECT 1 FROM carrier WHERE code = $1 AND is_active", code):
        raise CarrierUnknown(carrier=code)


@dataclass(frozen=True)
class Carriers:
    """The county's list of carriers, and each merchant's contracts."""

    cipher: FieldCipher
    clock: Clock = utc_now

    async def enter(self, record: CarrierRecord) -> None:
        """A new carrier, or new particulars of one."""
        await row(
            "INSERT INTO carrier (code, name, wechat_id, kuaidi100_code, asks_phone, is_active)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (code) DO UPDATE SET name = $2, wechat_id = $3,"
            " kuaidi100_code = $4, asks_phone = $5, is_active = $6 RETURNING id",
            record.code,
            record.name,
            record.wechat_id,
            record.kuaidi100_code,
            record.asks_phone,
            record.is_active,
        )

    async def sign(self, merchant: str, carrier: str, contract: CarrierContract, by: str) -> None:
        """The merchant prints this carrier's waybills from now on. Raises CarrierUnknown."""
        await check_carrier(carrier)
        sealed = self.cipher.encrypt(msgspec.json.encode(contract).decode(), contract_place(merchant, carrier))
        await row(
            "INSERT INTO carrier_account (merchant, carrier, contract, changed_at, changed_by)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (merchant, carrier) DO UPDATE SET contract = $3,"
            " changed_at = $4, changed_by = $5 RETURNING id",
            merchant,
            carrier,
            sealed,
            self.clock(),
            by,
        )

    async def end(self, merchant: str, carrier: str) -> None:
        """No more waybills of this carrier. Raises CarrierAccountMissing."""
        if not await execute("DELETE FROM carrier_account WHERE merchant = $1 AND carrier = $2", merchant, carrier):
            raise CarrierAccountMissing(carrier=carrier)

    async def contract(self, merchant: str, carrier: str) -> CarrierContract:
        """The merchant's contract. Raises CarrierAccountMissing."""
        sealed = await scalar(
            "SELECT contract FROM carrier_account WHERE merchant = $1 AND carrier = $2", merchant, carrier
        )
        if sealed is None:
            raise CarrierAccountMissing(carrier=carrier)
        text = self.cipher.decrypt(bytes(sealed), contract_place(merchant, carrier))
        return msgspec.json.decode(text, type=CarrierContract)


async def accounts_of(merchant: str) -> list[str]:
    """The carriers with which a merchant has a contract."""
    found = await rows("SELECT carrier FROM carrier_account WHERE merchant = $1 ORDER BY carrier", merchant)
    return [each["carrier"] for each in found]


def contract_place(merchant: str, carrier: str) -> str:
    """What a sealed contract with a carrier is bound to."""
    return f"carrier_account|contract|{merchant}-{carrier}"

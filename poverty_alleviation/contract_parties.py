"""Who may stand in which role of a contract's chain (P05: exactly two chains, and every household in one)."""

from collections.abc import Mapping, Sequence

from kit.database import rows
from merchants.licences import LicenceKind
from merchants.queries import licence_kinds
from places.models import SiteLevel
from places.queries import site_levels
from poverty_alleviation.errors import ContractInvalid, PartyUnknown
from poverty_alleviation.models import CHAIN_ROLES, ChainTemplate
from traceability.models import SupplierKind
from traceability.queries import supplier_kinds


async def check_parties(template: ChainTemplate, merchant: str, parties: Mapping[str, Sequence[str]]) -> None:
    """Each role of the chain has a party or more, each is what its role says, and nobody stands in two.

    A centre and a station are sites, an enterprise is a merchant, a cooperative a merchant or a supplier that is one.
    A household is one that stands.
    In the chain of an enterprise the merchant that promises is one of those two. Inside the household's rights. Raises
    :class:`ContractInvalid` and :class:`PartyUnknown` (``role``, and ``parties`` that are not what it says).
    """
    if set(parties) != set(CHAIN_ROLES[template]) or not all(parties.values()):
        raise ContractInvalid(roles=list(CHAIN_ROLES[template]))
    named = {role: set(given) for role, given in parties.items()}
    if sum(map(len, named.values())) != len(set().union(*named.values())):
        raise ContractInvalid(reason="party in two roles")
    every = sorted(set().union(*named.values()))
    known = await (_of_sites(every) if "centre" in named else _of_traders(every))
    found = await rows(
        "SELECT code FROM household WHERE code = ANY($1::text[]) AND merged_on IS NULL", sorted(named["household"])
    )
    known["household"] = {each["code"] for each in found}
    for role in CHAIN_ROLES[template]:
        if unknown := named[role] - known[role]:
            raise PartyUnknown(role=role, parties=sorted(unknown)[:20])
    if "enterprise" in named and merchant not in named["enterprise"] | named["cooperative"]:
        raise ContractInvalid(reason="merchant")


async def _of_sites(codes: Sequence[str]) -> dict[str, set[str]]:
    levels = await site_levels(codes)
    centres = {code for code, level in levels.items() if level is SiteLevel.CENTRE}
    return {"centre": centres, "station": levels.keys() - centres}


async def _of_traders(numbers: Sequence[str]) -> dict[str, set[str]]:
    licences, suppliers = await licence_kinds(numbers), await supplier_kinds(numbers)
    cooperatives = {number for number, kind in licences.items() if kind is LicenceKind.COOPERATIVE}
    cooperatives |= {number for number, kind in suppliers.items() if kind is SupplierKind.COOPERATIVE}
    return {"enterprise": set(licences), "cooperative": cooperatives}

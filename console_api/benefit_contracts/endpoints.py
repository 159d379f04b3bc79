"""Benefit contracts and rules: written by one account of the poverty office, decided by another, read by auditors."""

import msgspec

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.benefit_contracts.schemas import (
    ContractDrafted,
    ContractEndInput,
    ContractInput,
    ContractsQuery,
    ContractsView,
    RuleInput,
    RuleProposed,
)
from console_api.corrections.schemas import DecisionInput
from poverty_alleviation.contract_cards import ContractCard, contract_card, contract_cards
from poverty_alleviation.contracts import Contracts, ContractTerms, RuleTerms


@door.post("/poverty/contracts")
async def draft_contract(
    actor: PovertyOfficer, body: ContractInput, key: IdempotencyKey, contracts: Contracts
) -> ContractDrafted:
    """起草联农带农合同；当事方须与所选链条相符。"""
    terms = msgspec.convert(body, ContractTerms, from_attributes=True)
    return ContractDrafted(await contracts.draft(terms, actor.caller))


@door.get("/poverty/contracts")
async def list_contracts(actor: PovertyOfficer | Auditor, query: ContractsQuery) -> ContractsView:
    """联农带农合同与规则，可按商户或农户查询。"""
    return ContractsView(await contract_cards(query.merchant, query.household))


@door.get("/poverty/contracts/<number:str>")
async def show_contract(actor: PovertyOfficer | Auditor, number: str) -> ContractCard:
    """一份合同。"""
    return await contract_card(number)


@door.put("/poverty/contracts/<number:str>/submission")
async def submit_contract(actor: PovertyOfficer, number: str, contracts: Contracts) -> ContractCard:
    """提交审核。"""
    await contracts.submit(number)
    return await contract_card(number)


@door.put("/poverty/contracts/<number:str>/decision")
async def decide_contract(
    actor: PovertyOfficer, number: str, body: DecisionInput, contracts: Contracts
) -> ContractCard:
    """审核合同及其所列规则；起草人不得自批，只能撤回。"""
    await contracts.decide(number, actor.caller, body.note, is_approved=body.is_approved)
    return await contract_card(number)


@door.put("/poverty/contracts/<number:str>/end")
async def end_contract(
    actor: PovertyOfficer, number: str, body: ContractEndInput, contracts: Contracts
) -> ContractCard:
    """自某日起终止合同，最早为次日。"""
    await contracts.end(number, body.valid_until, body.document, actor.caller)
    return await contract_card(number)


@door.post("/poverty/contracts/<number:str>/rules")
async def add_benefit_rule(
    actor: PovertyOfficer, number: str, body: RuleInput, key: IdempotencyKey, contracts: Contracts
) -> RuleProposed:
    """提出收益规则：随合同草案，或在合同有效期内另行审核。"""
    terms = msgspec.convert(body, RuleTerms, from_attributes=True)
    return RuleProposed(*await contracts.add_rule(number, terms, actor.caller))


@door.post("/poverty/contracts/<number:str>/rules/<rule:str>/versions")
async def change_benefit_rule(
    actor: PovertyOfficer, number: str, rule: str, body: RuleInput, key: IdempotencyKey, contracts: Contracts
) -> RuleProposed:
    """提出收益规则的新版本；已装箱的订单行不受影响。"""
    terms = msgspec.convert(body, RuleTerms, from_attributes=True)
    return RuleProposed(*await contracts.change_rule(number, rule, terms, actor.caller))


@door.put("/poverty/contracts/<number:str>/rules/<rule:str>/decision")
async def decide_benefit_rule(
    actor: PovertyOfficer, number: str, rule: str, body: DecisionInput, contracts: Contracts
) -> ContractCard:
    """审核待审的规则版本；提出人不得自批，只能撤回。"""
    await contracts.decide_rule(number, rule, actor.caller, body.note, is_approved=body.is_approved)
    return await contract_card(number)

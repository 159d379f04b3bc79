"""What nobody but the poverty office may learn of a household: the catalogue that sweep and scan are generated from.

Each class of field says which roles may read it and in which tables it may stand in clear (domain reference 5). A new
column of a household's own tables belongs to a class here, or to ``PLAIN`` with the reason why it is no secret
(``test_classes.py``).
"""

from dataclasses import dataclass

from poverty_alleviation.register.incomes import IncomeFigures

OFFICE = frozenset({"poverty_officer"})
BOOKS = OFFICE | {"auditor"}
"""Auditors read masked, and figures by code alone."""

UNMASKING = frozenset(
    {
        "console.show_household_identity",
        "console.show_member_identity",
        "console.show_account_number",
        "console.show_helper_identity",
    }
)
"""The routes that unmask, with a purpose that is on record before the answer."""


@dataclass(frozen=True)
class FieldClass:
    """One class of fields.

    ``columns`` hold it, sealed or in clear; ``tables`` may hold it in clear. ``routes``: the only endpoints that show
    it to the roles; empty for any of theirs. ``members`` are the JSON names that appear in no answer to others; a name
    that other people's views have too (``id_number`` of a legal person, ``phone`` of a buyer) cannot be one.
    """

    name: str
    columns: frozenset[str]
    readers: frozenset[str]
    tables: frozenset[str] = frozenset()
    routes: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()


SIGNATORIES = dict.fromkeys(
    (
        "console.show_ledger_period",
        "console.show_period_certificate",
        "console.begin_period_close",
        "console.sign_period",
    ),
    frozenset({"county_officer"}),
)
"""The operator signs the county's sums of a month, so it reads them: members of sums, never a word of a household."""
CLASSES = (
    FieldClass(
        "alarm",
        frozenset({"household_alarm.facts", "household_alarm.key", "household_alarm_step.note"}),
        BOOKS,
        members=frozenset({"alarm"}),
    ),
    FieldClass(
        "name",
        frozenset(
            {"household.name_cipher", "household_member.name_cipher", "household_account.holder_cipher",
             "helper.name_cipher"}
        ),
        OFFICE,
        routes=UNMASKING,
    ),
    FieldClass(
        "id_number",
        frozenset(
            {"household.id_number_cipher", "household.id_number_index",
             "household_member.id_number_cipher", "household_member.id_number_index",
             "supplier_identity.id_number_index", "assisted_share_person.mark"}
        ),
        OFFICE,
        routes=UNMASKING,
    ),
    FieldClass(
        "phone",
        frozenset(
            {"household.phone_cipher", "household_member.phone_cipher", "household_member.phone_index",
             "helper.phone_cipher", "supplier_identity.phone_index"}
        ),
        OFFICE,
        routes=UNMASKING,
    ),
    FieldClass("health", frozenset({"household_member.health_cipher"}), OFFICE, routes=UNMASKING),
    FieldClass(
        "account",
        frozenset(
            {"household_account.number_cipher", "household_account.number_index", "household_wallet.payee_cipher",
             "household_wallet.payee_index"}
        ),
        OFFICE,
        routes=UNMASKING,
    ),
    FieldClass("masked", frozenset(), BOOKS, members=frozenset({"name_masked", "holder_masked", "number_masked"})),
    FieldClass(
        "member",
        frozenset(
            {"household_member.code", "household_member.relation", "household_member.sex",
             "household_member.birth_year", "household_member.is_minor", "household_member.ethnic_group",
             "household_member.education", "household_member.schooling", "household_member.skill",
             "household_member.document", "household_account.code", "household_account.member",
             "household_account.holder_relation", "household_account.bank", "household_account.document",
             "household_wallet.code", "household_wallet.member", "household_wallet.document"}
        ),
        BOOKS,
        tables=frozenset({"household_member", "household_account", "household_wallet"}),
        members=frozenset({"wallets", "is_minor", "holder_relation", "ethnic_group", "schooling"}),
    ),
    FieldClass(
        "year",
        frozenset(
            {"household_year.year", "household_year.persons", "household_year.attribute", "household_year.cause",
             "household_year.exit_mark", "household_year.monitored", "household_year.net_income_per_person_fen",
             "household_year.list_number_index", "household_year.document"}
        ),
        BOOKS,
        tables=frozenset({"household_year"}),
        members=frozenset({"exit_mark", "net_income_per_person_fen"}),
    ),
    FieldClass(
        "year_income",
        frozenset(
            f"household_income.{name}" for name in (*IncomeFigures.__struct_fields__, "year", "persons", "document")
        ),
        BOOKS,
        tables=frozenset({"household_income"}),
        members=frozenset({"production_cost_fen", "low_income_allowance_fen", "net_per_person_fen", "counted_net_fen"}),
    ),
    FieldClass(
        "list",
        frozenset({"register_import.document", "register_import.report", "register_import.file_hash"}),
        BOOKS,
        # The answer is kept under its Idempotency-Key: counts, rows and columns.
        tables=frozenset(
            {"register_import", "household_member", "household_year", "household_income", "idempotency_claim"}
        ),
        members=frozenset({"households_known", "members_of_age"}),
    ),
    FieldClass(
        "code",
        frozenset(
            {"household.code", "contract_party.party", "correction.lots", "correction.income",
             "demonstration.named", "ledger_account.owner",
             "disputed_row.household_code", "payout_part.household_code"}
        ),
        BOOKS,
        # ``access_log`` says whose identity was looked at. ``idempotency_claim`` keeps the code of what was made.
        tables=frozenset(
            {"household", "contract_party", "ledger_account", "line_basis", "access_log", "idempotency_claim",
             "disputed_row", "correction", "household_alarm"}
        ),
        members=frozenset({"household", "households", "household_code"}),
    ),
    # That there is such a village is no secret.
    FieldClass(
        "village",
        frozenset({"household.village", "supplier_identity.village"}),
        BOOKS,
        tables=frozenset({"household", "division", "supplier_identity"}),
    ),
    # What a household came from and became: by codes, with the paper under which it was changed.
    FieldClass(
        "lineage",
        frozenset(
            {"household_change.document", "household_change.other", "household_change.plan",
             "contract_succession.party", "contract_succession.successor"}
        ),
        BOOKS,
        tables=frozenset({"household_change", "household_member"}),
        members=frozenset({"lineage", "counted_as", "successions"}),
    ),
    FieldClass(
        "status",
        frozenset({"household_status.status", "household_status.document", "household_change.status"}),
        BOOKS,
        tables=frozenset({"household_status"}),
        members=frozenset({"statuses", "assistance_status", "is_registered", "is_poor", "labels_of_household"}),
    ),
    FieldClass(
        "link",
        frozenset({"supplier_link.supplier", "supplier_link.document"}),
        BOOKS,
        tables=frozenset({"supplier_link"}),
        members=frozenset({"supplier_links", "is_linked"}),
    ),
    # Which supplier might be which household is the office's work until it is decided.
    FieldClass(
        "match",
        frozenset(
            {"supplier_identity.supplier", "match_proposal.supplier", "match_proposal.grounds",
             "match_proposal.reason"}
        ),
        OFFICE,
        tables=frozenset({"match_proposal"}),
        members=frozenset({"grounds"}),
    ),
    FieldClass(
        "agreement",
        frozenset(
            {"household_agreement.about", "household_agreement.member", "household_agreement.shares",
             "household_agreement.rent_fen", "household_agreement.document", "attendance.half_days",
             "attendance.pieces", "attendance.document"}
        ),
        BOOKS,
        tables=frozenset({"household_agreement", "attendance"}),
        members=frozenset({"rent_fen", "half_days"}),
    ),
    FieldClass(
        "income",
        frozenset(
            {"payout.bank_voucher", "payout.amount_fen", "income_confirmation.evidence", "household_statement.text",
             "disputed_row.amount_fen", "payout_line.amount_fen", "payout_part.amount_fen",
             "correction.evidence", "clawback.amount_fen", "clawback.fault", "clawback.finding",
             "clawback.decision_note", "clawback_offset.amount_fen", "income_sheet.slip", "income_sheet.document",
             "payout_transfer.amount_fen",
             "income_sheet.total_fen", "income_line.amount_fen", "income_line.weight"}
        ),
        BOOKS,
        # The note of a journal, hashed with it, names the proof.
        tables=frozenset({"payout", "income_confirmation", "income_sheet", "ledger_journal"}),
        members=frozenset(
            {
                "attributed_sales_fen", "provisional_sales_fen", "income_paid_fen", "income_confirmed_fen",
                "income_earned_fen", "income_accrued_fen", "income_by_category", "held_rows",
            }
        ),
    ),
    FieldClass(
        "help",
        frozenset(
            {"help_span.document", "household_visit.document", "help_measure.kind", "help_measure.risk",
             "help_measure.about", "help_measure.funds_fen", "help_measure.funds_source", "help_measure.document",
             "help_measure.result", "household_need.kind"}
        ),
        BOOKS,
        tables=frozenset({"help_span", "household_visit", "help_measure", "household_need"}),
        members=frozenset({"helpers", "visits", "needs", "funds_fen"}),
    ),
    FieldClass(
        "retention",
        frozenset(
            {"household_hold.document", "household_hold.release_document", "household_erasure.document",
             "household_erasure.ground", "household_erasure.decision_note", "household_erasure.report"}
        ),
        BOOKS,
        tables=frozenset({"household_hold", "household_erasure"}),
        members=frozenset({"last_matter", "release_document"}),
    ),
    # Who is in a public story, by code, and what was agreed to on paper.
    FieldClass(
        "story",
        frozenset(
            {"story_person.member", "story_person.supplier", "story_consent.guardian", "story_consent.channels",
             "story_consent.naming", "story_consent.surname_chars", "story_consent.document"}
        ),
        OFFICE,
        tables=frozenset({"story_person", "story_consent"}),
        members=frozenset({"story_persons", "guardian", "naming", "surname_chars"}),
    ),
    # What a household said and was told, and what was seen there, in free words.
    FieldClass(
        "word",
        frozenset(
            {"statement_call.script", "statement_call.note", "statement_sheet.note", "earlier_filing.note",
             "income_dispute.reason",
             "income_dispute.answer", "income_dispute.verdict", "household_visit.seen", "household_need.said",
             "need_step.note"}
        ),
        OFFICE,
        tables=frozenset(
            {"statement_call", "statement_sheet", "earlier_filing", "income_dispute", "household_visit",
             "household_need", "need_step"}
        ),
    ),
)  # fmt: skip

EVERYWHERE = {
    "id": "a number of the table's own",
    "household_id": "the same",
    "contract_id": "the same",
    "agreement_id": "the same",
    "sheet_id": "the same",
    "statement_id": "the same",
    "dispute_id": "the same",
    "line_id": "the same",
    "run_id": "the same",
    "clawback_id": "the same",
    "alarm_id": "the same",
    "helper_id": "the same",
    "visit_id": "the same",
    "measure_id": "the same",
    "need_id": "the same",
    "person_id": "the same",
    "change_id": "the same",
    "share_id": "the same",
    "merged_into_id": "the same",
    "valid_from": "a day",
    "valid_until": "a day",
}
"""Columns that are no secret in whatever table, with the reason."""

PLAIN = {
    "assisted_share.number": "a public number of its own",
    "assisted_share.circle": "staff or trainees",
    "assisted_share.day": "a day",
    "assisted_share.persons": "a count of the county's",
    "assisted_share.assisted": "a count, which others read when it is not small (decision 0074)",
    "assisted_share.is_shown": "whether they do",
    "assisted_share.state": "how far it has come",
    "assisted_share.decision_note": "of one officer to another, about a count",
    "match_proposal.number": "a public number of its own",
    "match_proposal.state": "how far it has come",
    "household.township": "of nine divisions; every supplier has one",
    "household.merged_on": "a day",
    "household_change.number": "a public number of its own",
    "household_change.kind": "split, merge or head",
    "household_change.state": "how far it has come",
    "household_change.day": "a day",
    "household_change.decision_note": "of one officer to another, about a change",
    "household_hold.number": "a public number of its own",
    "household_erasure.number": "a public number of its own",
    "household_erasure.state": "how far it has come",
    "story_person.number": "a public number of its own",
    "story_person.story": "the public number of a story",
    "story_consent.number": "a public number of its own",
    "story_consent.text_digest": "a hash of what is read in public",
    "payout.number": "a public number of its own",
    "payout.merchant": "who pays",
    "payout.taken_back": "a count",
    "payout.paid_on": "a day",
    "contract_party.role": "of a chain",
    "income_confirmation.source_type": "payout, intake or line of a sheet",
    "income_confirmation.source_id": "the public number of that",
    "income_confirmation.step": "a count",
    "income_confirmation.kind": "how it was confirmed",
    "correction.number": "a public number of its own",
    "correction.state": "how far it has come",
    "correction.kind": "what is corrected",
    "correction.target": "the public number of that",
    "correction.as_of": "a day",
    "correction.rules": "versions of a merchant's promises",
    "correction.basis_was": "a hash",
    "correction.reason": "one of six words",
    "clawback.number": "a public number of its own",
    "clawback.state": "how far it has come",
    "clawback.order_line": "the reference of a line",
    "clawback.merchant": "whose reserve bore it",
    "clawback_offset.position": "a count",
    "correction.decision_note": "of one officer to another, about a correction",
    "demonstration.number": "a public number of its own",
    "demonstration.kind": "enterprise or household",
    "demonstration.state": "how far it has come",
    "demonstration.criteria": "of the county plan, for all",
    "demonstration.document": "the paper of a public notice",
    "demonstration.decision_note": "of one officer to another, about a paper",
    "helper.code": "opaque",
    "helper.unit": "an office",
    "helper.post": "in that office",
    "household_visit.number": "a public number of its own",
    "household_visit.visited_on": "a day",
    "help_measure.number": "a public number of its own",
    "household_need.number": "a public number of its own",
    "household_need.state": "how far it has come",
    "household_need.raised_on": "a day",
    "need_step.state": "how far it has come",
    "household_agreement.number": "a public number of its own",
    "household_agreement.kind": "work, shares or a lease",
    "household_agreement.payer": "who pays",
    "household_agreement.workshop": "the public number of one",
    "household_agreement.every_months": "a count",
    "household_agreement.agreed_from": "a day",
    "attendance.period": "a month",
    "income_sheet.number": "a public number of its own",
    "income_sheet.kind": "what it pays",
    "income_sheet.state": "how far it has come",
    "income_sheet.payer": "who pays",
    "income_sheet.period": "a month",
    "income_sheet.category": "of four",
    "income_sheet.rule": "a version of a merchant's promise",
    "income_sheet.as_of": "a day",
    "income_sheet.paid_on": "a day",
    "income_sheet.decision_note": "of one officer to another, about a sheet",
    "income_line.number": "a public number of its own",
    "income_line.reference": "the public number of an agreement, or a rule's",
    "register_import.number": "a public number of its own",
    "register_import.layout": "one of two",
    "register_import.year": "the list's",
    "household_statement.number": "a public number of its own",
    "household_statement.quarter": "of a year",
    "household_statement.digest": "stands in the vault beside its text",
    "household_statement.page_hash": "of a random token",
    "household_statement.attempts": "a count",
    "household_statement.blocked_until": "a moment",
    "statement_call.number": "a public number of its own",
    "statement_call.answer": "one of three",
    "statement_sheet.number": "of its evidence",
    "statement_sheet.state": "of four",
    "statement_sheet.signed_on": "a day",
    "statement_sheet.unfiled": "of three",
    "statement_sheet.filings": "a count",
    "earlier_filing.place": "a count",
    "earlier_filing.state": "of four",
    "earlier_filing.signed_on": "a day",
    "income_dispute.number": "a public number of its own",
    "income_dispute.state": "of four",
    "income_dispute.correction": "the public number of one",
    "disputed_row.kind": "of five",
    "payout_run.number": "a public number of its own",
    "payout_run.merchant": "who pays",
    "payout_run.state": "of five",
    "payout_run.note": "about the run, of many households",
    "payout_run.exports": "a count",
    "payout_run.way": "of two",
    "payout_transfer.number": "a public number of its own",
    "payout_transfer.payer": "who pays",
    "payout_transfer.state": "of five",
    "payout_transfer.attempts": "a count",
    "payout_transfer.refusal": "a word of the channel's",
    "payout_transfer.package": "for the payee's own phone",
    "payout_transfer.bill": "the channel's number of it",
    "payout_line.position": "a count",
    "payout_line.state": "of five",
    "payout_line.account": "the opaque code of one",
    "payout_line.is_own_account": "of that account",
    "payout_line.reason": "of the bank or of who decided",
    "payout_line.payout": "the public number of one",
    "payout_part.order_line": "the reference of a line",
    "payout_part.category": "of four",
    "payout_part.rule": "the code of one",
    "payout_part.contribution": "the number of a delivery",
    "disputed_row.source_id": "the public number of that",
    "household_alarm.number": "a public number of its own",
    "household_alarm.rule": "of a few words",
    "household_alarm.state": "of the work list",
    "household_alarm.assignee": "the officer",
    "household_alarm.digest": "stands in the vault beside its facts",
    "household_alarm_step.state": "of the work list",
    "household_alarm_step.assignee": "the officer",
}
"""Columns of one table that are no secret, with the reason. Beside them only moments and who acted (``*_at, *_by``)."""


def is_plain(column: str) -> bool:
    """Whether ``table.column`` is no secret."""
    name = column.partition(".")[2]
    return column in PLAIN or name in EVERYWHERE or name.endswith(("_at", "_by"))

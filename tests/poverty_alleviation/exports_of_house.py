"""Exports and templates of a house, entered through its door."""

import secrets

from tests.doors.belongings import Owner
from tests.poverty_alleviation.templates import LIST, SUMS, template

AT = "/v1/console/poverty"
FIGURES = {
    "kind": "household_figures", "quarter": "2026-Q4", "purpose": "audit_request", "document": "示例函 1 号",
    "format": "csv",
}  # fmt: skip
CELLS = {
    "cells": [
        {"sheet": SUMS, "at": "B3", "item": "sum.income_paid", "unit": "wan"},
        {"sheet": LIST, "at": "A3:A59", "item": "household.code"},
    ]
}


async def asked(owner: Owner) -> str:
    """An export that the officer has asked for."""
    return str((await owner.ask("poverty_officer", "POST", f"{AT}/exports", FIGURES))["number"])


async def taken_template(owner: Owner) -> str:
    """A template without a mapping."""
    headers = owner.house.headers("poverty_officer") | {"content-type": "application/octet-stream"}
    reply = await owner.http.post(
        f"{AT}/export-templates", params={"name": "示例模板"}, content=template(secrets.token_hex(4)), headers=headers
    )
    return str(reply.raise_for_status().json()["template"]["number"])

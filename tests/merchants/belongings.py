"""What merchants and applicants have in this room."""

from tests.doors.belongings import Owner
from tests.products.shelf import TOWNSHIP


async def give(owner: Owner) -> None:
    """The merchant itself with a clerk and an invitation, and a buyer's application to become one."""
    merchant = owner.house.merchant
    at = f"/v1/console/merchants/{merchant}"
    invited = await owner.ask("county_officer", "POST", f"{at}/clerk-invitations", {"duties": ["orders"]})
    clerks = await owner.ask("county_officer", "GET", f"{at}/clerks")
    names = {"number": merchant, "clerk": clerks["clerks"][0]["number"], "invitation": invited["number"]}
    owner.found.by_pattern["/v1/console/merchants/"] = names
    owner.found.private["merchant_clerk"] |= {merchant}
    if owner.turn > 1:  # an applicant has one open application
        return
    paper = {
        "name": "示例农家", "licence": {"kind": "individual", "number": "DEMO-APPLICANT-1", "valid_from": "2026-01-01"},
        "township": TOWNSHIP, "person": {"name": "示例负责人", "id_number": "X0000000", "phone": "19900000001"},
    }  # fmt: skip
    await owner.house.bind_phone("consumer")
    application = (await owner.ask("consumer", "POST", "/v1/miniapp/merchant-applications", paper))["merchant"][
        "number"
    ]
    owner.found.by_pattern["/v1/miniapp/merchant-applications/"] = {"number": application}
    owner.found.private["consumer"] |= {application}

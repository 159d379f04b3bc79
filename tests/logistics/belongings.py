"""What buyers and merchants have in this room."""

from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """An address, and a freight template."""
    home = {
        "recipient": "示例收货人", "phone": "19900000001", "region": "533124",
        "region_name": "云南省 德宏州 陇川县", "street": "章凤镇示例路 1 号",
    }  # fmt: skip
    address = (await owner.ask("consumer", "POST", "/v1/miniapp/addresses", home))["number"]
    terms = {"name": "示例运费", "unit": "piece", "rules": [{"first": 1, "first_fen": 800, "further": 1,
                                                     "further_fen": 200}]}  # fmt: skip
    template = (await owner.ask("merchant_clerk", "POST", "/v1/console/freight-templates", terms))["code"]
    owner.found.by_pattern["/v1/miniapp/addresses/"] = {"number": address}
    owner.found.by_pattern["/v1/console/freight-templates/"] = {"code": template}
    owner.found.bodies["miniapp.change_address"] = home
    owner.found.private["consumer"] |= {address}
    owner.found.private["merchant_clerk"] |= {template}

"""The demo merchants as WeChat Pay knows them: names and sub-merchant numbers, without anything of the product."""

YEAR_PAYEES = tuple(f"19000002{serial:02d}" for serial in range(20))
"""Of the merchants that ``scripts/seed`` adds, in their order."""
PAYEES = {
    "章凤示例红糖专业合作社": "1900000001",
    "陇把示例蚕桑有限公司": "1900000002",
    "户撒示例手工专业合作社": "1900000003",
    "护国示例茶业有限公司": "1900000004",
    "勐约示例咖啡专业合作社": "1900000005",
    "城子示例家庭农场": "1900000006",
}

"""Staff accounts with passwords of this installation alone, and the consumers whom WeChat knows."""

import secrets
from dataclasses import dataclass

from accounts.roles import Role
from accounts.staff import GrantedRole, StaffAccounts

BY = "demo-county"
CONSUMERS = tuple(f"demo-openid-{n:02d}" for n in range(1, 13))
KEEPERS = ("533124101", "533124102", "533124201", "533124205")


@dataclass(frozen=True)
class Post:
    """One staff account to make: login name, shown name, role, and what limits it."""

    login: str
    name: str
    role: Role
    merchant: str | None = None
    township: str | None = None


def posts(merchants: list[str]) -> list[Post]:
    """Everybody who works with the console."""
    return [
        Post("admin", "示例系统管理员", Role.ADMINISTRATOR),
        Post("county", "示例商务干部", Role.COUNTY_OFFICER),
        Post("poverty", "示例扶贫干部", Role.POVERTY_OFFICER),
        Post("poverty2", "示例扶贫干部二", Role.POVERTY_OFFICER),
        Post("auditor", "示例审计员", Role.AUDITOR),
        Post("host1", "示例主播一", Role.HOST),
        Post("host2", "示例主播二", Role.HOST),
        *(
            Post(f"clerk{n}", f"示例商户员工{n}", Role.MERCHANT_CLERK, merchant=number)
            for n, number in enumerate(merchants, 1)
        ),
        *(
            Post(f"keeper{n}", f"示例站长{n}", Role.STATION_KEEPER, township=township)
            for n, township in enumerate(KEEPERS, 1)
        ),
    ]


async def enter_staff(staff: StaffAccounts, merchants: list[str]) -> list[dict[str, str]]:
    """Make the accounts; answers login, password, role and scope of each. No password is kept elsewhere."""
    made = []
    for post in posts(merchants):
        password = f"Lc-{secrets.token_urlsafe(12)}"
        granted = GrantedRole(post.role, post.merchant or post.township or "")
        await staff.create(post.login, post.name, password, (granted,), BY)
        account = {"role": post.role.value, "login": post.login, "password": password}
        if post.merchant:
            account["merchant"] = post.merchant
        if post.township:
            account["township"] = post.township
        made.append(account)
    return made

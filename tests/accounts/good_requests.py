"""Requests of logging in and of keeping staff that succeed."""

import secrets

import httpx

from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good

PASSWORD = "a-Long-Password-of-a-test-7"  # pragma: allowlist secret


async def code_of(owner: Owner, kind: str, openid: str) -> str:
    """What the phone of a person hands to the mini-program: a ``login`` or a ``phone`` code."""
    sandbox = owner.house.environment["WECHAT_API_BASE"]
    async with httpx.AsyncClient(base_url=f"{sandbox}/sandbox", trust_env=False) as wechat:
        return str((await wechat.post(f"/{kind}-codes", json={"openid": openid})).json()["code"])


async def person(owner: Owner) -> str:
    """Somebody who has WeChat; answers the openid."""
    sandbox = owner.house.environment["WECHAT_API_BASE"]
    async with httpx.AsyncClient(base_url=f"{sandbox}/sandbox", trust_env=False) as wechat:
        return str((await wechat.post("/people", json={})).json()["people"][0]["openid"])


async def newcomer(owner: Owner, *, with_phone: bool = False) -> str:
    """A consumer who has logged in for the first time; answers the token."""
    openid = await person(owner)
    session = {"code": await code_of(owner, "login", openid)}
    token = str((await owner.ask("anonymous", "POST", "/v1/miniapp/session", session))["token"])
    if with_phone:
        bearer = {"authorization": f"Bearer {token}"}
        body = {"code": await code_of(owner, "phone", openid)}
        reply = await owner.http.put("/v1/miniapp/me/phone", headers=bearer, json=body)
        assert reply.status_code == 200, reply.text
    return token


@good("miniapp.log_in")
async def log_in(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"code": await code_of(owner, "login", "openid-consumer")})


@good("miniapp.bind_phone")
async def bind_phone(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"code": await code_of(owner, "phone", "openid-consumer")})


def new_staff(role: str = "host") -> dict[str, object]:
    """Somebody with a login that nobody has."""
    return {"login": f"s{secrets.token_hex(6)}", "name": "示例职员", "password": PASSWORD, "roles": [{"role": role}]}


async def member(owner: Owner) -> tuple[str, str]:
    """A host; answers the number and the login."""
    body = new_staff()
    made = await owner.ask("administrator", "POST", "/v1/console/staff", body)
    return str(made["number"]), str(body["login"])


async def token_of(owner: Owner, login: str) -> str:
    """A session of a member of staff."""
    body = {"login": login, "password": PASSWORD}
    return str((await owner.ask("anonymous", "POST", "/v1/console/session", body))["token"])


@good("console.create_staff")
async def create(owner: Owner) -> GoodRequest:
    return GoodRequest(body=new_staff())


@good("console.disable_staff")
async def disable(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await member(owner))[0]})


@good("console.grant_role")
async def grant(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await member(owner))[0]}, body={"role": "county_officer"})


@good("console.revoke_role")
async def revoke(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await member(owner))[0], "role": "host"})


@good("console.staff_log_in")
async def staff_log_in(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"login": (await member(owner))[1], "password": PASSWORD})


@good("console.staff_log_out")
async def staff_log_out(owner: Owner) -> GoodRequest:
    return GoodRequest(token=await token_of(owner, (await member(owner))[1]))


@good("console.change_password")
async def change_password(owner: Owner) -> GoodRequest:
    body = {"old": PASSWORD, "new": f"{PASSWORD}-another"}
    return GoodRequest(token=await token_of(owner, (await member(owner))[1]), body=body)

"""The control API under ``/sandbox``.

People, codes, faults, notices, keys, money, the journal, the cashier.

No such path exists at WeChat. It is for tests, the story and the phone page; it has no login and listens
where the sandbox listens, which is the loopback unless its starter says otherwise.
"""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

from scripts.wechat_sandbox.cashier import Cashier, PaymentRequest
from scripts.wechat_sandbox.content_checks import ContentChecks
from scripts.wechat_sandbox.faults import Flavour, Rule
from scripts.wechat_sandbox.message_push import MessagePush, PushOrder
from scripts.wechat_sandbox.miniprogram import MiniProgram
from scripts.wechat_sandbox.notices import NoticeDesk
from scripts.wechat_sandbox.pay import PayDesk
from scripts.wechat_sandbox.records import Notice, Person, SubMerchant, new_openid, random_digits
from scripts.wechat_sandbox.world import World

T = TypeVar("T")


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A message in which no unknown field is borne."""


class NewPerson(Strict):
    """``POST /sandbox/people``; what is left out is made up. ``count`` makes several at once."""

    openid: Annotated[str, msgspec.Meta(min_length=8, max_length=128)] | None = None
    nickname: str | None = None
    phone: str | None = None
    unionid: str = ""
    is_high_risk: bool = False
    sub_openids: dict[str, str] = {}
    real_name: str = ""
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class NewSubMerchant(Strict):
    """``POST /sandbox/sub-merchants``; registering again replaces."""

    sub_mchid: Annotated[str, msgspec.Meta(pattern=r"^19\d{8}$")]
    name: str = ""
    sub_appids: list[str] = []
    is_authorised: bool = True


class ForPerson(Strict):
    """Names one person."""

    openid: str


class Spoil(Strict):
    """``POST /sandbox/tokens/spoilings``."""

    state: Literal["killed", "expired"] = "killed"


class Consent(Strict):
    """``POST /sandbox/subscriptions``."""

    openid: str
    template_id: str
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class Forgery(Strict):
    """``POST /sandbox/notices/forgeries``.

    A spoiled copy of an order's newest notice (or of ``notice_id``).
    """

    out_trade_no: str = ""
    notice_id: str = ""
    flavour: Flavour = "signature"


class Withdrawal(Strict):
    """``POST /sandbox/withdrawals``."""

    account: str
    amount_fen: Annotated[int, msgspec.Meta(ge=1)]


class PushVerification(Strict):
    """``POST /sandbox/push/verifications``."""

    url: str = ""


def answer(content: object, status: int = 200) -> HTTPResponse:
    """A JSON answer."""
    return raw(msgspec.json.encode(content), status=status, content_type="application/json; charset=utf-8")


def not_found(what: str) -> HTTPResponse:
    """A JSON 404."""
    return answer({"error": f"{what} is not known"}, 404)


def read(request: Request, kind: type[T]) -> T:
    """The body as a struct; an empty body counts as ``{}``."""
    return msgspec.json.decode(request.body or b"{}", type=kind)


Handler = Callable[..., Coroutine[Any, Any, HTTPResponse]]


def guarded(handler: Handler) -> Handler:
    """Answer 422 with the reason where a body is not what it must be."""

    async def guard(request: Request, **arguments: str) -> HTTPResponse:
        try:
            return await handler(request, **arguments)
        except ValueError as error:  # msgspec, UTF-8 and numbers alike
            return answer({"error": str(error)}, 422)

    return guard


@dataclass
class Control:
    """The control API."""

    world: World
    program: MiniProgram
    checks: ContentChecks
    pay: PayDesk
    notices: NoticeDesk
    cashier: Cashier
    message_push: MessagePush

    def mount(self, app: Sanic[Any, Any]) -> None:
        """Add every control path."""
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/health", self.health),
            ("GET", "/settings", self.show_settings),
            ("PATCH", "/settings", self.change_settings),
            ("GET", "/people", self.list_people),
            ("POST", "/people", self.add_people),
            ("GET", "/sub-merchants", self.list_sub_merchants),
            ("POST", "/sub-merchants", self.add_sub_merchant),
            ("POST", "/login-codes", self.mint_login_code),
            ("POST", "/phone-codes", self.mint_phone_code),
            ("POST", "/tokens/spoilings", self.spoil_tokens),
            ("POST", "/subscriptions", self.agree),
            ("GET", "/messages", self.list_messages),
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.remove_faults),
            ("DELETE", "/faults/<rule_id:str>", self.remove_faults),
            ("POST", "/standstills", self.stand_still),
            ("GET", "/journal", self.show_journal),
            ("GET", "/orders", self.list_orders),
            ("GET", "/orders/<number:str>", self.show_order),
            ("GET", "/funds/<account:str>", self.show_funds),
            ("POST", "/withdrawals", self.withdraw),
            ("GET", "/notices", self.list_notices),
            ("GET", "/notices/<notice_id:str>", self.show_notice),
            ("POST", "/notices/<notice_id:str>/repeats", self.repeat_notice),
            ("POST", "/notices/forgeries", self.forge_notice),
            ("GET", "/keys", self.show_keys),
            ("POST", "/keys/certificates", self.add_certificate),
            ("POST", "/push", self.push),
            ("POST", "/push/verifications", self.verify_push),
            ("POST", "/cashier/show", self.show_cashier),
            ("POST", "/cashier/pay", self.pay_at_cashier),
        ]
        for method, path, handler in routes:
            name = re.sub(r"\W", "_", f"control_{method}_{path}")
            app.add_route(guarded(handler), "/sandbox" + path, methods=[method], name=name)

    async def health(self, request: Request) -> HTTPResponse:
        """Up, and for which merchant."""
        return answer({"status": "up", "mchid": self.world.settings.mchid, "appid": self.world.settings.appid})

    async def show_settings(self, request: Request) -> HTTPResponse:
        """The conditions in force."""
        return answer(self.world.conditions)

    async def change_settings(self, request: Request) -> HTTPResponse:
        """Change single conditions."""
        return answer(self.world.change_conditions(read(request, dict[str, Any])))

    async def list_people(self, request: Request) -> HTTPResponse:
        """All people."""
        return answer({"people": list(self.world.people)})

    async def add_people(self, request: Request) -> HTTPResponse:
        """Bring people into the world."""
        asked = read(request, NewPerson)
        people = []
        with self.world.store.transaction():
            for _ in range(asked.count):
                person = Person(
                    openid=(asked.openid if asked.count == 1 else None) or new_openid(),
                    nickname=asked.nickname or "示例·顾客" + random_digits(4),
                    phone=asked.phone or "100" + random_digits(8),
                    unionid=asked.unionid,
                    is_high_risk=asked.is_high_risk,
                    sub_openids=asked.sub_openids,
                    real_name=asked.real_name,
                )
                people.append(self.world.people.put(person.openid, person))
        return answer({"people": people}, 201)

    async def list_sub_merchants(self, request: Request) -> HTTPResponse:
        """All sub-merchants."""
        return answer({"sub_merchants": list(self.world.sub_merchants)})

    async def add_sub_merchant(self, request: Request) -> HTTPResponse:
        """Register a sub-merchant under the service provider."""
        asked = read(request, NewSubMerchant)
        sub_merchant = SubMerchant(**msgspec.structs.asdict(asked))
        return answer(self.world.sub_merchants.put(asked.sub_mchid, sub_merchant), 201)

    async def mint_login_code(self, request: Request) -> HTTPResponse:
        """What ``wx.login`` gives on this person's phone."""
        return self._mint(request, "login")

    async def mint_phone_code(self, request: Request) -> HTTPResponse:
        """What the phone number button gives on this person's phone."""
        return self._mint(request, "phone")

    def _mint(self, request: Request, kind: Literal["login", "phone"]) -> HTTPResponse:
        openid = read(request, ForPerson).openid
        if self.world.people.get(openid) is None:
            return not_found("this person")
        return answer({"code": self.program.mint_code(openid, kind)}, 201)

    async def spoil_tokens(self, request: Request) -> HTTPResponse:
        """Kill every access token, or let it expire."""
        return answer({"spoiled": self.program.spoil_tokens(read(request, Spoil).state)})

    async def agree(self, request: Request) -> HTTPResponse:
        """A person agrees to messages of a template."""
        asked = read(request, Consent)
        return answer(self.checks.agree(asked.openid, asked.template_id, asked.count), 201)

    async def list_messages(self, request: Request) -> HTTPResponse:
        """Subscribe messages that arrived."""
        return answer({"messages": self.checks.messages(request.args.get("openid", ""))})

    async def list_faults(self, request: Request) -> HTTPResponse:
        """The fault rules in force."""
        return answer({"faults": self.world.faults.rules()})

    async def add_fault(self, request: Request) -> HTTPResponse:
        """Order a fault."""
        return answer(self.world.faults.add(read(request, Rule)), 201)

    async def remove_faults(self, request: Request, rule_id: str = "") -> HTTPResponse:
        """Lift one fault or all."""
        self.world.faults.remove(rule_id)
        return answer({"faults": self.world.faults.rules()})

    async def stand_still(self, request: Request) -> HTTPResponse:
        """Nothing is on its way any more: refunds and splits settle now, notices that wait are given up."""
        self.notices.give_up()
        await self.world.timers.hurry()
        self.notices.give_up()  # of what has just settled
        return answer({"status": "still"})

    async def show_journal(self, request: Request) -> HTTPResponse:
        """What happened; filter by kind, operation, out_trade_no and after."""
        entries = self.world.journal.select(
            kind=request.args.get("kind", ""),
            operation=request.args.get("operation", ""),
            out_trade_no=request.args.get("out_trade_no", ""),
            after=int(request.args.get("after", "0")),
        )
        return answer({"entries": entries})

    async def list_orders(self, request: Request) -> HTTPResponse:
        """Every order as WeChat sees it."""
        return answer({"orders": [self.pay.view(order) for order in self.world.orders]})

    async def show_order(self, request: Request, number: str) -> HTTPResponse:
        """One order with its refunds."""
        order = self.world.orders.get(number)
        if order is None:
            return not_found("this order")
        refunds = [
            {"out_refund_no": refund.out_refund_no, "status": refund.state, "refund": refund.refund}
            for refund in self.world.refunds_for(number)
        ]
        return answer({"order": self.pay.view(order), "refunds": refunds})

    async def show_funds(self, request: Request, account: str) -> HTTPResponse:
        """The sums of a merchant's account, in fen."""
        entries = self.world.funds.entries(account)
        sums: dict[str, int] = {}
        for entry in entries:
            sums[entry.kind] = sums.get(entry.kind, 0) + entry.amount
        return answer({"account": account, "balance_fen": self.world.funds.balance(account), "sums_fen": sums})

    async def withdraw(self, request: Request) -> HTTPResponse:
        """A merchant takes money out."""
        asked = read(request, Withdrawal)
        free = self.world.funds.balance(asked.account) - self.world.frozen(asked.account)
        if free < asked.amount_fen:
            return answer({"error": "the balance is smaller"}, 409)
        return answer(self.world.funds.withdraw(asked.account, asked.amount_fen), 201)

    async def list_notices(self, request: Request) -> HTTPResponse:
        """Notices with their attempts; filter by out_trade_no and state."""
        number, state = request.args.get("out_trade_no", ""), request.args.get("state", "")
        found = [
            notice
            for notice in sorted(self.world.notices, key=lambda notice: notice.created_at)
            if number in ("", notice.out_trade_no) and state in ("", notice.state)
        ]
        return answer({"notices": found})

    async def show_notice(self, request: Request, notice_id: str) -> HTTPResponse:
        """One notice."""
        notice = self.world.notices.get(notice_id)
        return answer(notice) if notice else not_found("this notice")

    async def repeat_notice(self, request: Request, notice_id: str) -> HTTPResponse:
        """Send a genuine copy now; the answer is what came back."""
        notice = self.world.notices.get(notice_id)
        if notice is None:
            return not_found("this notice")
        return answer(await self.notices.send_now(notice, "duplicate"))

    async def forge_notice(self, request: Request) -> HTTPResponse:
        """Send a forged copy now; the answer is what came back."""
        asked = read(request, Forgery)
        notice = self._newest_notice(asked)
        if notice is None:
            return not_found("a notice for this order")
        return answer(await self.notices.send_now(notice, asked.flavour))

    def _newest_notice(self, asked: Forgery) -> Notice | None:
        if asked.notice_id:
            return self.world.notices.get(asked.notice_id)
        found = [notice for notice in self.world.notices if notice.out_trade_no == asked.out_trade_no]
        return max(found, key=lambda notice: notice.created_at) if found else None

    async def show_keys(self, request: Request) -> HTTPResponse:
        """The serials that may sign just now, and the public halves."""
        return answer(
            {
                "public_key_id": self.world.keys.public_key_id,
                "certificates": [
                    {"serial": certificate.serial, "pem": certificate.certificate_pem}
                    for certificate in self.world.keys.certificates()
                ],
            }
        )

    async def add_certificate(self, request: Request) -> HTTPResponse:
        """Roll over to a new platform certificate."""
        certificate = self.world.keys.add_certificate()
        return answer({"serial": certificate.serial, "pem": certificate.certificate_pem}, 201)

    async def push(self, request: Request) -> HTTPResponse:
        """Push a message to the product now."""
        return answer({"tries": await self.message_push.push(read(request, PushOrder))})

    async def verify_push(self, request: Request) -> HTTPResponse:
        """Ask the product to echo."""
        return answer(await self.message_push.verify(read(request, PushVerification).url))

    async def show_cashier(self, request: Request) -> HTTPResponse:
        """What the cashier shows; pays nothing."""
        return answer(self.cashier.show(read(request, PaymentRequest)))

    async def pay_at_cashier(self, request: Request) -> HTTPResponse:
        """Pay, cancel or fail."""
        return answer(self.cashier.pay(read(request, PaymentRequest)))

"""Requests about message templates, and WeChat's own pushes, that succeed."""

import hashlib

from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.integrations.test_wechat_push import EVENT, sealed
from tests.payments.sandbox import PUSH_TOKEN


@good("console.set_message_template")
async def template(owner: Owner) -> GoodRequest:
    body = {"template": "示例模板", "page": "pages/order", "fields_by_name": {"character_string1": "number"}}
    return GoodRequest(names={"moment": "order_shipped"}, body=body)


@good("webhook.verify_wechat_push")
async def probe(owner: Owner) -> GoodRequest:
    query, _ = sealed(EVENT)
    signature = hashlib.sha1("".join(sorted([PUSH_TOKEN, query.timestamp, query.nonce])).encode()).hexdigest()
    return GoodRequest(
        query={"timestamp": query.timestamp, "nonce": query.nonce, "signature": signature, "echostr": "1"}
    )


@good("webhook.receive_wechat_push")
async def push(owner: Owner) -> GoodRequest:
    query, raw = sealed(EVENT)
    told = {name: str(getattr(query, name)) for name in ("timestamp", "nonce", "msg_signature", "encrypt_type")}
    return GoodRequest(query=told, body=raw, headers={"content-type": "text/xml"})

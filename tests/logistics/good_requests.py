"""Requests about addresses, freight and tracks that succeed."""

from urllib.parse import urlencode

from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.logistics.kuaidi100_stand_in import push_form
from tests.orders.good_requests import made_parcel, waybill


@good("miniapp.add_address")
async def add(owner: Owner) -> GoodRequest:
    return GoodRequest(body=owner.found.bodies["miniapp.change_address"])


@good("miniapp.add_wechat_address")
async def add_from_wechat(owner: Owner) -> GoodRequest:
    body = {
        "userName": "示例收货人", "telNumber": "19900000001", "nationalCode": "533124", "provinceName": "云南省",
        "cityName": "德宏傣族景颇族自治州", "countyName": "陇川县", "detailInfo": "章凤镇示例路 1 号",
    }  # fmt: skip
    return GoodRequest(body=body)


@good("miniapp.show_freight")
async def freight(owner: Owner) -> GoodRequest:
    return GoodRequest(query={"region": "533124", "quantity": "2"})


@good("webhook.receive_tracks")
async def tracks(owner: Owner) -> GoodRequest:
    """The carrier has taken a parcel that has left."""
    sent = waybill()
    parcel = await made_parcel(owner, number=sent)
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/parcels/{parcel}/handover")
    step = {"time": "2026-11-20 10:00:00", "ftime": "2026-11-20 10:00:00", "context": "已揽收", "status": "揽收"}
    told = push_form({"nu": sent, "com": "shunfeng", "state": "1", "ischeck": "0", "data": [step]})
    form = {"content-type": "application/x-www-form-urlencoded"}
    return GoodRequest(body=urlencode(told).encode(), headers=form)

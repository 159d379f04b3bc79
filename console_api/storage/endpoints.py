"""Cold rooms, the devices that read in them, and the lots that stand there."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.storage.schemas import (
    ColdRoomInput,
    ColdRoomOpenedView,
    ColdRoomsView,
    EpisodesQuery,
    EpisodesView,
    PlacementInput,
    PlacementsView,
    ReadingsView,
    RemovalInput,
    SensorDeviceInput,
    SensorDeviceView,
    SensorKeyView,
    StorageQuery,
)
from traceability.storage.queries import cold_rooms, placements, room_readings, sensor_episodes
from traceability.storage.rooms import ColdRooms, RoomTerms


@door.post("/cold-rooms")
async def open_cold_room(
    actor: MerchantClerk, body: ColdRoomInput, key: IdempotencyKey, register: ColdRooms
) -> ColdRoomOpenedView:
    """登记冷库及其温湿度范围；范围变更时另行登记。"""
    terms = msgspec.convert(body, RoomTerms, from_attributes=True)
    return ColdRoomOpenedView(await register.open(actor.merchant, terms, actor.caller))


@door.get("/cold-rooms")
async def list_cold_rooms(actor: MerchantClerk | CountyOfficer | Auditor, query: StorageQuery) -> ColdRoomsView:
    """冷库、在用设备、在库批次数与当前是否超限，最新在前。"""
    return ColdRoomsView(*await cold_rooms(own_merchant(actor), query.cursor, query.limit))


@door.put("/cold-rooms/<number:str>/closure", status=204)
async def close_cold_room(actor: MerchantClerk, number: str, register: ColdRooms) -> None:
    """停用空置的冷库及其设备。"""
    await register.close(actor.merchant, number, actor.caller)


@door.post("/cold-rooms/<number:str>/devices")
async def install_sensor_device(
    actor: MerchantClerk, number: str, body: SensorDeviceInput, key: IdempotencyKey, register: ColdRooms
) -> SensorDeviceView:
    """登记冷库内的采集设备；密钥另行生成。"""
    return SensorDeviceView(await register.install(actor.merchant, number, body.name, actor.caller))


@door.put("/sensor-devices/<number:str>/key")
async def renew_sensor_key(actor: MerchantClerk, number: str, register: ColdRooms) -> SensorKeyView:
    """生成设备的新密钥，仅显示这一次；旧密钥随即失效。"""
    return SensorKeyView(number, await register.renew_key(actor.merchant, number))


@door.put("/sensor-devices/<number:str>/revocation", status=204)
async def revoke_sensor_device(actor: MerchantClerk, number: str, register: ColdRooms) -> None:
    """停用设备；已有读数保留。"""
    await register.revoke(actor.merchant, number, actor.caller)


@door.get("/cold-rooms/<number:str>/readings")
async def list_room_readings(
    actor: MerchantClerk | CountyOfficer | Auditor, number: str, query: StorageQuery
) -> ReadingsView:
    """冷库读数，按到达先后，最新在前。"""
    return ReadingsView(*await room_readings(own_merchant(actor), number, query.cursor, query.limit))


@door.get("/sensor-episodes")
async def list_sensor_episodes(actor: MerchantClerk | CountyOfficer | Auditor, query: EpisodesQuery) -> EpisodesView:
    """超限时段及期间在库的批次，最新在前；可只看仍在持续的。"""
    return EpisodesView(*await sensor_episodes(own_merchant(actor), query.going_on, query.cursor, query.limit))


@door.put("/lots/<number:str>/placement", status=204)
async def place_lot(actor: MerchantClerk, number: str, body: PlacementInput, register: ColdRooms) -> None:
    """批次入冷库。"""
    await register.place(actor.merchant, number, body.room, body.placed_at, actor.caller)


@door.put("/lots/<number:str>/removal", status=204)
async def remove_lot(actor: MerchantClerk, number: str, body: RemovalInput, register: ColdRooms) -> None:
    """批次出冷库。"""
    await register.remove(actor.merchant, number, body.removed_at, actor.caller)


@door.get("/lots/<number:str>/placements")
async def list_lot_placements(actor: MerchantClerk | CountyOfficer | Auditor, number: str) -> PlacementsView:
    """批次的冷藏经过：冷库、起止时间与期间最低、最高温度。"""
    return PlacementsView(await placements(own_merchant(actor), number))

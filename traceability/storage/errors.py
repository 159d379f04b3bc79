"""What is refused about cold rooms, devices and readings."""

from kit.errors import Conflict, Invalid, NotFound, NotPermitted


class ColdRoomUnknown(NotFound):
    """There is no such cold room of this merchant, or it is closed."""

    code = "cold_room_unknown"
    title = "冷库不存在或已停用"
    title_en = "No such open cold room"


class ColdRoomInvalid(Invalid):
    """A cold room has a span of temperature, perhaps one of humidity, and stands at a known site; see ``members``."""

    code = "cold_room_invalid"
    title = "冷库信息有误"
    title_en = "The cold room is not valid"


class ColdRoomInUse(Conflict):
    """Lots stand in the cold room."""

    code = "cold_room_in_use"
    title = "冷库内还有批次"
    title_en = "Lots stand in the cold room"


class SensorDeviceUnknown(NotFound):
    """There is no such device of this merchant, or it was taken out of use."""

    code = "sensor_device_unknown"
    title = "设备不存在或已停用"
    title_en = "No such device in use"


class ReadingsForged(NotPermitted):
    """The readings are not signed with the key of a device in use."""

    code = "readings_forged"
    title = "读数签名无效"
    title_en = "The readings are not signed by the device"


class ReadingsMalformed(Invalid):
    """The body is not a list of 1 to 500 readings, each with ``client_id``, ``kind``, ``at`` and ``value_milli``."""

    code = "readings_malformed"
    title = "读数格式有误"
    title_en = "The readings cannot be read"


class LotPlaced(Conflict):
    """The lot stands in a cold room already."""

    code = "lot_placed"
    title = "该批次已在冷库中"
    title_en = "The lot stands in a cold room already"


class LotNotPlaced(Conflict):
    """The lot stands in no cold room."""

    code = "lot_not_placed"
    title = "该批次不在冷库中"
    title_en = "The lot stands in no cold room"


class PlacementInvalid(Invalid):
    """Lots come in and go out by now, one after the other."""

    code = "placement_invalid"
    title = "入库或出库时间有误"
    title_en = "The time of coming in or going out is not valid"

"""What files and orders of other channels refuse."""

from kit.errors import Conflict, Invalid, NotFound


class RefundedElsewhere(Conflict):
    """The order was sold on another ``channel``, which pays its refunds; they come by that channel's file."""

    code = "refunded_elsewhere"
    title = "其他渠道的订单由该渠道退款，请在该渠道处理后导入退款文件"
    title_en = "The other channel refunds this order"


class ChannelFileRefused(Invalid):
    """Rows of a channel's file are wrong; ``faults`` names them with column and sentence, and nothing was taken in."""

    code = "channel_file_refused"
    title = "文件中有错误，未导入任何内容"
    title_en = "Rows of the file are wrong; nothing was taken in"


class ChannelUnknown(NotFound):
    """There is no such sales channel, or no such kind of file."""

    code = "channel_unknown"
    title = "没有该销售渠道或文件类型"
    title_en = "No such sales channel or kind of file"

"""Why a demonstration is refused."""

from kit.errors import Conflict, NotFound


class DemonstrationUnknown(NotFound):
    """No demonstration with this number, or none that goes on."""

    code = "demonstration_unknown"
    title = "示范认定不存在或已终止"
    title_en = "No such demonstration, or it has ended"


class DemonstrationOverlaps(Conflict):
    """The enterprise or household is a demonstration on some of those days, or is proposed already."""

    code = "demonstration_overlaps"
    title = "该主体已是示范或正在审核"
    title_en = "It is a demonstration already, or waits for a decision"


class DemonstrationDecided(Conflict):
    """It was decided before; ``state`` is how."""

    code = "demonstration_decided"
    title = "示范认定已审结"
    title_en = "The demonstration has been decided"

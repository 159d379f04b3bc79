"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound


class EventsRefused(Invalid):
    """The file or the event cannot be taken in; ``findings`` say where and why."""

    code = "epcis_events_refused"
    title = "事件文件有误，未接收"
    title_en = "The events cannot be taken in"


class BehaviourUnknown(Invalid):
    """``GS1-Capture-Error-Behaviour`` is neither rollback nor proceed."""

    code = "epcis_behaviour_unknown"
    title = "出错处理方式只能是 rollback 或 proceed"
    title_en = "The error behaviour is rollback or proceed"


class CaptureUnknown(NotFound):
    """There is no such capture job, or it is another's."""

    code = "epcis_capture_unknown"
    title = "没有该次接收"
    title_en = "No such capture"


class EventUnknown(NotFound):
    """There is no such event, or it is of another's goods."""

    code = "epcis_event_unknown"
    title = "没有该事件"
    title_en = "No such event"


class EventDeclaredWrong(Conflict):
    """The event has been declared wrong already."""

    code = "epcis_event_declared_wrong"
    title = "该事件已声明有误"
    title_en = "The event has been declared wrong already"


class CorrectionInvalid(Invalid):
    """A corrective event is unknown, or the event itself; ``event`` names it."""

    code = "epcis_correction_invalid"
    title = "更正事件有误"
    title_en = "A corrective event is not valid"


class ExportTooLarge(Conflict):
    """The lot has more events than one file holds; ``limit`` is how many."""

    code = "epcis_export_too_large"
    title = "该批次事件过多，无法导出为一个文件"
    title_en = "The lot has more events than one file holds"

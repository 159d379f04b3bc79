"""The wire of a host's own record."""

from api_kit.schemas import View
from county.erasures import PersonErasureCard
from live.readiness.queries import HostVerification
from live.roster.queries import HostRecord, OwnBlacklisting


class OwnHostRecordView(View):
    """Everything that is kept about a host: the record, what was decided about the blacklist, when the identity was
    verified for which session (the latest 100), and erasures that were asked for.
    """

    record: HostRecord
    blacklistings: list[OwnBlacklisting]
    verifications: list[HostVerification]
    erasures: list[PersonErasureCard]

"""How long hosts are kept on record, and their erasure by two accounts of the county."""

from dataclasses import dataclass

from county.erasures import ErasedKind, PeopleRetention
from kit.clock import Clock, utc_now
from kit.database import Row
from live.roster.errors import HostUnknown
from live.roster.forgetting import LAST_MATTER, STANDING, forget_host, live_records
from poverty_alleviation.retention.models import RetentionClass


@dataclass(frozen=True)
class HostRetention(PeopleRetention):
    """Of hosts; a person is named by the number of the staff account.

    ``record_days`` is how long the law has records of live sessions kept: nobody is erased on request before.
    """

    record_days: int = 1096
    clock: Clock = utc_now

    @property
    def kind(self) -> ErasedKind:
        """Hosts."""
        return ErasedKind(
            table="live_host",
            column="host_id",
            prefixes=("ZH", "ZE"),
            kept=RetentionClass.HOSTS,
            unknown=HostUnknown,
            last_matter=LAST_MATTER,
            standing=STANDING,
            requested={"live_records": live_records(self.record_days)},
        )

    async def destroy(self, person: Row) -> None:
        """As :func:`live.roster.forgetting.forget_host` says."""
        await forget_host(person["id"], person["number"], self.clock())

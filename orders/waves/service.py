"""Proposing waves and packing them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.errors import DomainError
from kit.numbers import public_number
from orders.errors import WaveEmpty, WaveUnknown
from orders.fulfilment import Fulfilment
from orders.models import OrderState
from orders.waves.proposals import DueLine, propose
from traceability.errors import (
    LotNotSealed,
    LotOfAnotherProduct,
    LotPastBestBefore,
    LotShort,
    LotUnknown,
    LotYoungerThanParcel,
)
from traceability.queries import lots_on_hand

MAX_ORDERS = 100
"""Orders of one wave: what one person picks in a round, and what one request packs."""

# Without such a lot the line ships all the same and is unattributed. A lot on hold is not among them, nor one without
# the certificate that it needs: its goods are not to leave, and the order waits for a later wave.
_LOT_REFUSALS = (
    LotNotSealed,
    LotOfAnotherProduct,
    LotPastBestBefore,
    LotShort,
    LotUnknown,
    LotYoungerThanParcel,
)
_WAITING = "w.packed_at IS NULL AND w.refused_code IS NULL"
# What is to be sent now: paid, its group formed, no claim open, not waiting in another wave.
_DUE = f"""
SELECT o.id FROM customer_order o WHERE o.merchant = $1 AND o.state = 'paid' AND o.delivery_kind <> 'voucher'
   AND ($2::text[] IS NULL OR o.number = ANY($2))
   AND (o.group_id IS NULL OR EXISTS (SELECT 1 FROM buying_group g WHERE g.id = o.group_id AND g.state = 'formed'))
   AND NOT EXISTS (SELECT 1 FROM after_sales_case c WHERE c.order_id = o.id
                      AND c.state NOT IN ('refunded', 'completed', 'closed', 'refused'))
   AND NOT EXISTS (SELECT 1 FROM packing_wave_order w WHERE w.order_id = o.id AND {_WAITING})
   AND EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.id AND l.refunded_quantity < l.quantity)
 ORDER BY o.id LIMIT $3"""


@dataclass(frozen=True)
class PackingWaves:
    """A merchant's waves."""

    fulfilment: Fulfilment
    clock: Clock = utc_now

    async def propose(self, merchant: str, orders: Sequence[str] | None, by: str) -> str:
        """Make a wave of the oldest due orders, or of those among ``orders`` that are due; answers its number.

        Lots are proposed first expired, first out (best-before day, then age, then number); what other waves are about
        to take is left for them. Nothing is reserved: lots move when the wave is packed. Waves of one merchant are made
        one after the other. Raises WaveEmpty.
        """
        async with transaction():
            now = self.clock()
            await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"packing_wave|{merchant}")
            due = await rows(_DUE, merchant, list(orders) if orders is not None else None, MAX_ORDERS)
            if not due:
                raise WaveEmpty()
            number = public_number(now, "W")
            await execute(
                "WITH wave AS (INSERT INTO packing_wave (number, merchant, made_by, made_at) VALUES ($1, $2, $3, $4)"
                " RETURNING id)"
                " INSERT INTO packing_wave_order (wave_id, order_id)"
                " SELECT wave.id, o FROM wave, unnest($5::bigint[]) o ORDER BY o",
                number,
                merchant,
                by,
                now,
                [order["id"] for order in due],
            )
            await self._write(await self._lines(number), merchant)
        return number

    async def pack(self, merchant: str, number: str, actor: str) -> None:
        """Pack every order of a wave that still waits, each in a transaction of its own.

        A lot that cannot be taken any more costs its lines their lots, never the parcel: they ship unattributed. What
        may not be packed (a claim was opened, the buyer has his money back, a certificate is missing) is refused with
        its code and leaves the wave; the others go on. Repeating it packs what is left. Raises WaveUnknown.
        """
        wave = await row("SELECT id FROM packing_wave WHERE number = $1 AND merchant = $2", number, merchant)
        if wave is None:
            raise WaveUnknown()
        waiting = await rows(
            f"SELECT w.id FROM packing_wave_order w WHERE w.wave_id = $1 AND {_WAITING} ORDER BY w.order_id", wave["id"]
        )
        for each in waiting:
            async with transaction():
                await self._pack(merchant, each["id"], actor)
        await execute(
            "UPDATE packing_wave SET confirmed_at = $2, confirmed_by = $3 WHERE id = $1 AND confirmed_at IS NULL",
            wave["id"],
            self.clock(),
            actor,
        )

    async def _lines(self, number: str) -> list[DueLine]:
        found = await rows(
            "SELECT w.id AS wave_order, l.reference AS line, l.product, l.quantity - l.refunded_quantity AS pieces,"
            " l.mass_gram FROM packing_wave v JOIN packing_wave_order w ON w.wave_id = v.id"
            " JOIN order_line l ON l.order_id = w.order_id WHERE v.number = $1 AND l.refunded_quantity < l.quantity"
            " ORDER BY w.order_id, l.position",
            number,
        )
        return [DueLine(**line) for line in found]

    async def _write(self, lines: list[DueLine], merchant: str) -> None:
        promised = await rows(
            "SELECT t.lot, sum(t.mass_gram)::bigint AS gram FROM packing_wave v"
            " JOIN packing_wave_order w ON w.wave_id = v.id JOIN packing_wave_lot t ON t.wave_order_id = w.id"
            f" WHERE v.merchant = $1 AND {_WAITING} GROUP BY t.lot",
            merchant,
        )
        products = sorted({line.product for line in lines})
        lots = await lots_on_hand(merchant, products, china_day(self.clock()))
        takes = propose(lines, lots, {each["lot"]: each["gram"] for each in promised})
        await execute(
            "INSERT INTO packing_wave_lot (wave_order_id, line, lot, quantity, mass_gram)"
            " SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::bigint[])",
            *([take[i] for take in takes] for i in range(5)),
        )

    async def _pack(self, merchant: str, wave_order: int, actor: str) -> None:
        held = await row(
            f"SELECT w.order_id FROM packing_wave_order w WHERE w.id = $1 AND {_WAITING} FOR UPDATE", wave_order
        )
        if held is None:
            return
        order = await row(
            "SELECT number, state, packed_at FROM customer_order WHERE id = $1 FOR UPDATE", held["order_id"]
        )
        assert order is not None  # a foreign key says so
        packed_at, refused = order["packed_at"], None
        if order["state"] == OrderState.PAID:
            packed_at, refused = await self._pack_from_lots(merchant, wave_order, order["number"], actor)
        elif packed_at is None:
            refused = "order_state_conflict"
        await execute(
            "UPDATE packing_wave_order SET packed_at = $2, refused_code = $3 WHERE id = $1",
            wave_order,
            None if refused else packed_at,
            refused,
        )

    async def _pack_from_lots(
        self, merchant: str, wave_order: int, number: str, actor: str
    ) -> tuple[datetime | None, str | None]:
        """Pack an order from what was proposed; answers when it was packed, or the code of why it was not."""
        chosen = await self._chosen(wave_order)
        while True:
            try:
                await self.fulfilment.pack(merchant, number, chosen, actor)
            except _LOT_REFUSALS as refusal:
                chosen = {line: lots for line, lots in chosen.items() if refusal.facts["lot"] not in lots}
            except DomainError as refusal:
                return None, refusal.code
            else:
                return self.clock(), None

    async def _chosen(self, wave_order: int) -> Mapping[str, Mapping[str, int]]:
        """What was proposed, less the pieces that were refunded since: the lots to be used last give way first."""
        proposed = await rows(
            "SELECT t.line, t.lot, t.quantity, l.quantity - l.refunded_quantity AS pieces FROM packing_wave_lot t"
            " JOIN order_line l ON l.reference = t.line WHERE t.wave_order_id = $1 ORDER BY t.id",
            wave_order,
        )
        chosen: dict[str, dict[str, int]] = {}
        for take in proposed:
            lots = chosen.setdefault(take["line"], {})
            if pieces := min(take["quantity"], take["pieces"] - sum(lots.values())):
                lots[take["lot"]] = pieces
        return {line: lots for line, lots in chosen.items() if lots}

"""What a SKU costs and how many there are at a moment, as SQL for every read that shows it.

On the day ``$1`` and at the moment ``$2`` of the statement; the tables are ``p`` product, ``s`` sku, ``g`` category and
``e`` catalogue_entry. While a flash offer runs, its SKU is sold at its price and out of its pieces or not at all
(decision 0024); booked services have places of days instead of stock (decision 0034).
"""

FLASH = """LEFT JOIN LATERAL (
       SELECT o.number, o.price_fen, o.limit_per_buyer, o.starts_at, o.ends_at, $2 >= o.starts_at AS runs,
              (SELECT sum(available)::bigint FROM flash_bucket WHERE offer_id = o.id) AS pieces
         FROM flash_offer o
        WHERE o.sku_id = s.id AND o.kind = 'flash' AND o.state = 'open' AND $2 < o.ends_at) f ON true"""
"""The flash offer of a SKU that runs (``f.runs``) or is announced."""

FREE_DAYS = "FROM calendar_day d WHERE d.sku_id = s.id AND d.is_open AND d.taken < d.capacity AND d.day >= $1"
_FREE_DAYS_OF_PRODUCT = FREE_DAYS.replace("d.sku_id = s.id", "d.sku_id IN (SELECT id FROM sku WHERE product_id = p.id)")

HOLDS = "e.listed AND e.holds_from <= $2 AND $2 < e.holds_until"
"""Of the entries of a product the one that holds now."""

IN_STOCK = f"(e.in_stock OR g.product_class = 'voucher' AND EXISTS (SELECT 1 {_FREE_DAYS_OF_PRODUCT}))"

# The flags keep what most products do not have out of the way of those.
AVAILABLE = f"""CASE WHEN g.product_class = 'voucher' THEN
            (SELECT COALESCE(sum(d.capacity - d.taken), 0)::bigint {_FREE_DAYS_OF_PRODUCT})
       WHEN e.on_offer THEN
            (SELECT sum(CASE WHEN f.runs THEN f.pieces ELSE s.available END)::bigint
               FROM sku s {FLASH} WHERE s.product_id = p.id AND s.active)
       ELSE (SELECT sum(available)::bigint FROM sku WHERE product_id = p.id AND active) END"""

PRICE_FROM = f"""CASE WHEN g.product_class = 'voucher' THEN
            COALESCE((SELECT min(d.price_fen) {_FREE_DAYS_OF_PRODUCT}), e.price_from_fen)
       ELSE e.price_from_fen END"""

SKU_PRICE = f"""CASE WHEN f.runs THEN f.price_fen WHEN g.product_class = 'voucher' THEN
            COALESCE((SELECT min(d.price_fen) {FREE_DAYS}), s.price_fen) ELSE s.price_fen END"""

SKU_AVAILABLE = f"""CASE WHEN f.runs THEN f.pieces WHEN g.product_class = 'voucher' THEN
            (SELECT COALESCE(sum(d.capacity - d.taken), 0)::bigint {FREE_DAYS}) ELSE s.available END"""

CALENDAR = """CASE WHEN g.product_class = 'voucher' THEN (
            SELECT json_build_object('sku', s.code, 'terms', json_build_object('kind', r.kind, 'cancel_hours',
                   r.cancel_hours, 'late_refund_bp', r.late_refund_bp, 'grace_days', r.grace_days, 'on_expiry',
                   r.on_expiry), 'days', (
                   SELECT COALESCE(json_agg(json_build_object('day', d.day, 'left', d.capacity - d.taken,
                          'price_fen', d.price_fen) ORDER BY d.day), '[]') FROM calendar_day d
                    WHERE d.sku_id = s.id AND d.is_open AND d.day BETWEEN $1 AND $1 + 30))
              FROM booking_rule r WHERE r.sku_id = s.id) END"""
"""The open days of a month and how they are booked, as JSON of :class:`products.calendars.Calendar`."""

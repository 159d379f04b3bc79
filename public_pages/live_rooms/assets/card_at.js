// The card in the picture that a viewer sees, out of the room's events; the server's rule is live/shop/timeline.py.
// Pure: no clock, no page. docs/live-cards.md tells how a client knows its place.

// events: [{kind: "pin" | "unpin" | "price", code, offset_ms, title, price_fen}], in the order in which they were told.
export function cardAt(events, offsetMs) {
  const due = events.filter((event) => event.offset_ms <= offsetMs).map((event, at) => ({ event, at }))
    .sort((a, b) => a.event.offset_ms - b.event.offset_ms || a.at - b.at);
  let card = null;
  for (const { event } of due) {
    if (event.kind === "pin") card = { code: event.code, title: event.title, price_fen: event.price_fen };
    else if (!card || card.code !== event.code) continue;
    else if (event.kind === "unpin") card = null;
    else card = { ...card, price_fen: event.price_fen };
  }
  return card;
}

// The viewer's place on air: what the room had when it told its time, what has passed since, less how late the picture is.
export function placeOnAir({ mediaMs, toldAt }, now, lateMs) {
  return Math.max(0, Math.round(mediaMs + (now - toldAt) - lateMs));
}

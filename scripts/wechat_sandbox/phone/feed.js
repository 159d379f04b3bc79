// A live room's feed: one snapshot or a resume, then frames; after a break it goes on where it stood.

import { feedUrl } from "./api.js";

export class Feed {
  constructor(number, place, handlers) {
    this.number = number;
    this.place = place; // {epoch, offset} or null
    this.handlers = handlers; // snapshot(frame), messages(list), state(view), link(isUp)
    this.wait = 500;
    this.closed = false;
    this.open();
  }

  open() {
    const query = this.place ? `?epoch=${encodeURIComponent(this.place.epoch)}&offset=${this.place.offset}` : "";
    this.socket = new WebSocket(feedUrl(this.number, query));
    this.socket.onopen = () => { this.wait = 500; this.handlers.link(true); };
    this.socket.onmessage = (event) => this.take(JSON.parse(event.data));
    this.socket.onclose = () => {
      this.handlers.link(false);
      if (!this.closed) this.timer = setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(this.wait * 2, 8000);
    };
  }

  take(frame) {
    if (frame.type === "snapshot") {
      this.place = { epoch: frame.epoch, offset: frame.offset };
      this.handlers.snapshot(frame);
      return;
    }
    if (!this.place || frame.epoch !== this.place.epoch || frame.from > this.place.offset) {
      this.place = null; // a hole: ask for a snapshot
      this.socket.close();
      return;
    }
    const fresh = (frame.messages || []).filter((message) => message.offset > this.place.offset);
    this.place = { epoch: frame.epoch, offset: Math.max(frame.to, this.place.offset) };
    if (fresh.length) this.handlers.messages(fresh);
    if (frame.state) this.handlers.state(frame.state);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket.close();
  }
}

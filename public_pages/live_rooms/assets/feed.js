// A live room's feed: one snapshot or a resume, then frames; after a break it goes on where it stood.

const PUT_OUT = 4410;

export class Feed {
  // address(query): where the room's socket is.
  constructor(address, place, handlers) {
    this.address = address;
    this.place = place; // {epoch, offset} or null
    this.handlers = handlers; // snapshot(frame), messages(list), state(view), link(isUp), pass(), out()
    this.wait = 500;
    this.closed = false;
    this.likes = 0;
    this.telling = setInterval(() => this.tellLikes(), 1100);
    this.open();
  }

  open() {
    const place = this.place ? `&epoch=${encodeURIComponent(this.place.epoch)}&offset=${this.place.offset}` : "";
    this.socket = new WebSocket(this.address(`?viewer_pass=${encodeURIComponent(this.handlers.pass())}${place}`));
    this.socket.onopen = () => { this.wait = 500; this.handlers.link(true); };
    this.socket.onmessage = (event) => this.take(JSON.parse(event.data));
    this.socket.onclose = (event) => {
      this.handlers.link(false);
      if (event.code === PUT_OUT) {
        this.close();
        this.handlers.out();
      }
      // Spread, so that not all who lost their sockets at once come back at once; a full process says after how long.
      const told = /retry-after=(\d+)/.exec(event.reason);
      const wait = Math.max(this.wait, told ? told[1] * 1000 : 0) * (1 + Math.random() / 2);
      if (!this.closed) this.timer = setTimeout(() => this.open(), wait);
      this.wait = Math.min(this.wait * 2, 8000);
    };
  }

  like() {
    this.likes += 1;
  }

  tellLikes() {
    if (!this.likes || this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ likes: Math.min(this.likes, 1000) }));
    this.likes = 0;
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
    clearInterval(this.telling);
    this.socket.close();
  }
}

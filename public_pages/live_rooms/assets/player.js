// Pictures of a room: HTTP-FLV while it is on air, HLS otherwise or where FLV does not play.

// HLS begins so many target durations before the end of the list: 2.2 s where a segment has one second, and with it what
// plays until the next one is there, should the list be asked for twice in vain. Who has stalled stands one further back.
// docs/decisions/0086.
const HLS_BEHIND = 2.2;
// Who has fallen behind plays so much faster until the place is reached again, while a second is in store.
const HLS_CATCH_UP = 1.1;

export class Player {
  constructor(video, onState) {
    this.video = video;
    this.onState = (state) => { this.state = state; onState(state); }; // playing | waiting | failed
    this.engine = null;
    this.plan = null;
    video.muted = true;
    video.playsInline = true;
    video.addEventListener("playing", () => this.onState("playing"));
    video.addEventListener("waiting", () => this.onState("waiting"));
  }

  // Plays a plan {flv_url, hls_url}. The same pictures under a newer signature go on where they are: a viewer of the
  // replay keeps the place.
  play(plan) {
    // A player belongs to one room, and signatures stand in the path: the kind alone tells whether it is the same.
    const source = plan ? (plan.flv_url ? "flv" : "hls") : null;
    if (source === this.source && (!plan || this.state === "playing")) return;
    this.stop();
    this.onState("waiting"); // whatever played before says nothing about the new source
    this.source = source;
    this.plan = plan;
    if (!plan) return;
    if (plan.flv_url && window.mpegts && mpegts.isSupported()) this.playFlv(plan.flv_url);
    else this.playHls(plan.hls_url);
  }

  playFlv(url) {
    mpegts.LoggingControl.enableAll = false;
    const player = mpegts.createPlayer({ type: "flv", isLive: true, url }, { enableStashBuffer: false, liveBufferLatencyChasing: true });
    this.engine = player;
    player.on(mpegts.Events.ERROR, () => { if (this.engine === player) this.fallBack(); });
    player.attachMediaElement(this.video);
    player.load();
    this.start();
  }

  playHls(url) {
    if (!url) { this.onState("failed"); return; }
    if (window.Hls && Hls.isSupported()) {
      // hls.js catches up in its mode of low latency alone; the rest of that is about parts, of which we have none.
      const player = new Hls({
        lowLatencyMode: true, liveSyncDurationCount: HLS_BEHIND, maxLiveSyncPlaybackRate: HLS_CATCH_UP, enableWorker: false,
      });
      this.engine = player;
      player.on(Hls.Events.ERROR, (_event, told) => { if (told.fatal && this.engine === player) this.retry(url); });
      player.loadSource(url);
      player.attachMedia(this.video);
    } else {
      this.video.src = url;
    }
    this.start();
  }

  fallBack() {
    const url = this.plan.hls_url;
    this.release();
    this.playHls(url);
  }

  retry(url) {
    this.release();
    this.onState("failed");
    this.timer = setTimeout(() => this.playHls(url), 3000);
  }

  start() { this.video.play().catch(() => this.onState("waiting")); }

  seek(seconds) {
    const go = () => { this.video.currentTime = seconds; this.start(); };
    if (this.video.readyState > 0) go();
    else this.video.addEventListener("loadedmetadata", go, { once: true });
  }

  // How far the picture is behind what has been received, and half a second for the way.
  lateMs() {
    const { buffered, currentTime } = this.video;
    return 500 + (buffered.length ? Math.max(0, buffered.end(buffered.length - 1) - currentTime) * 1000 : 0);
  }

  release() {
    clearTimeout(this.timer);
    if (this.engine) this.engine.destroy();
    this.engine = null;
    this.video.removeAttribute("src");
  }

  stop() { this.release(); this.video.load(); this.source = null; }
}

// One live room: pictures, the pinned card, the shelf, the chat, and buying without leaving.

import { call, callOnce, feedUrl, newKey, session } from "./api.js";
import { closeSheet, countdown, h, icon, marks, picture, price, replace, sheet, toast, yuan } from "./dom.js";
import { buySheet } from "./buying.js";
import { cardAt, placeOnAir } from "./room/card_at.js";
import { Feed } from "./room/feed.js";
import { Player } from "./room/player.js";
import { STATES, stateTag } from "./screen_rooms.js";
import { shareSheet } from "./screen_shared.js";
import { requestSubscribeMessage } from "./weixin.js";

const KEPT_MESSAGES = 60;
const ON_AIR = new Set(["live", "interrupted"]);
const CARD_KINDS = new Set(["pin", "unpin", "price"]);

class Room {
  constructor(frame, view) {
    this.frame = frame;
    this.number = view.number;
    this.view = view;
    this.state = view; // until the feed tells: the room has all that its state has
    this.keepTime(view);
    this.build();
    this.player = new Player(this.video, (state) => { this.stage.dataset.player = state; });
    this.player.play(view.playback);
    this.drawState();
    this.add(view.messages);
    this.drawChapters(view.chapters);
    this.feed = new Feed((query) => feedUrl(view.number, query), { epoch: view.epoch, offset: view.offset }, {
      // What was missed may have changed the card: the timeline comes with the room itself.
      snapshot: (snapshot) => { this.chat.replaceChildren(); this.add(snapshot.messages); this.take(snapshot.state); this.refresh().catch(() => {}); },
      messages: (list) => {
        this.events.push(...list.filter(({ kind }) => CARD_KINDS.has(kind)).map(({ kind, payload }) => ({ kind, ...payload })));
        this.add(list);
      },
      pass: () => this.view.viewer_pass,
      out: () => { toast("您已被移出直播间"); location.hash = "#/rooms"; },
      state: (state) => this.take(state),
      link: (isUp) => { this.stage.dataset.link = isUp ? "up" : "down"; },
    });
    this.ticking = setInterval(() => { this.drawCard(); this.drawBeginning(); }, 500);
  }

  keepTime(view) {
    this.events = view.timeline;
    this.clock = { mediaMs: view.media_ms, toldAt: Date.now(), serverAhead: Date.parse(view.server_time) - Date.now() };
  }

  // Where the viewer's own picture stands, in ms of the session's pictures.
  position() {
    if (this.state.state === "live") return placeOnAir(this.clock, Date.now(), this.player.lateMs());
    return ON_AIR.has(this.state.state) ? this.clock.mediaMs : Math.round(this.video.currentTime * 1000);
  }

  build() {
    this.video = h("video", { playsinline: true, muted: true, autoplay: true, "data-testid": "video" });
    this.tag = h("span");
    this.viewers = h("small", { "data-testid": "viewers" });
    this.chat = h("ol", { class: "chat", "data-testid": "chat", "aria-live": "polite" });
    this.card = h("div", { class: "pinned", "data-testid": "pinned" });
    this.chapters = h("div", { class: "chapters" });
    this.poster = h("div", { class: "poster" });
    this.beginning = h("p", { "data-testid": "countdown" });
    this.remind = h("button", { class: "primary", "data-testid": "remind", onclick: () => this.askReminder() });
    this.notice = h("p", { class: "announcement", "data-testid": "announcement" });
    this.coupons = h("div", { class: "coupons", "data-testid": "coupons" });
    const input = this.input = h("input", { type: "text", maxlength: 100, placeholder: "说点什么…", "aria-label": "说点什么", "data-testid": "chat-input" });
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); this.say(input); } },
      input, h("button", { type: "submit", "data-testid": "chat-send" }, "发送"));
    this.bag = h("button", { class: "bag", "aria-label": "货架", "data-testid": "shelf", onclick: () => this.showShelf() }, icon("bag"), h("b", {}));
    this.heart = h("button", { class: "bag", "aria-label": "点赞", "data-testid": "like", onclick: () => this.feed.like() }, "♡", h("b", { "data-testid": "likes" }));
    this.share = h("button", { class: "sound", "aria-label": "分享", "data-testid": "share", onclick: () => shareSheet(this.number).catch((problem) => toast(problem.message)) }, "↗");
    this.sound = h("button", { class: "sound", "aria-label": "声音", onclick: () => this.toggleSound() }, icon("silent"));
    this.stage = h("section", { class: "stage", "data-player": "waiting", "data-testid": "stage" },
      this.poster, this.video,
      h("div", { class: "host" }, picture(this.view.title, "", "avatar"), h("span", {}, h("b", {}, this.view.title), this.viewers), this.tag, this.share, this.sound),
      h("p", { class: "broken" }, "网络断开，正在重新连接…"),
      h("div", { class: "below" }, this.remind, this.notice, this.coupons, this.chapters, this.chat, this.card, h("div", { class: "bar" }, form, this.heart, this.bag)));
    replace(this.frame.screen, this.stage);
  }

  take(state) {
    const before = this.state.state;
    this.state = state;
    this.drawState();
    if (before !== state.state) this.refresh().catch(() => {});
  }

  // A change of state changes the pictures: their addresses and the chapters come with the room itself.
  async refresh() {
    const view = await call("GET", `/live/sessions/${encodeURIComponent(this.number)}`);
    if (!this.frame.isCurrent()) return;
    this.view = view;
    this.keepTime(view);
    this.player.play(view.playback);
    this.drawChapters(view.chapters);
  }

  drawState() {
    replace(this.tag, stateTag(this.state.state));
    this.viewers.textContent = `${this.state.viewers} 人在看`;
    this.heart.querySelector("b").textContent = this.state.likes || "";
    this.input.disabled = Boolean(this.state.comments_closed);
    this.input.placeholder = this.state.comments_closed ? "主播已关闭评论" : this.state.slow_mode_s ? `每 ${this.state.slow_mode_s} 秒说一句…` : "说点什么…";
    this.stage.dataset.state = this.state.state;
    const [word] = STATES[this.state.state] || [this.state.state];
    replace(this.poster, picture(this.view.title, "", "cover"), h("p", {}, this.state.state === "live" ? "正在连接画面…" : word), this.beginning);
    this.notice.textContent = this.state.announcement ? `公告：${this.state.announcement}` : "";
    this.notice.hidden = !this.state.announcement;
    replace(this.coupons, (this.state.coupons || []).map((coupon) => this.coupon(coupon)));
    this.drawBeginning();
    const count = this.bag.querySelector("b");
    count.textContent = this.state.shelf.length || "";
    this.drawCard();
  }

  // How long until the planned time, by the server's clock.
  drawBeginning() {
    const isBefore = this.state.state === "scheduled" || this.state.state === "ready";
    const left = Date.parse(this.view.planned_at) - Date.now() - this.clock.serverAhead;
    this.beginning.textContent = !isBefore ? "" : left > 0 ? `距开播 ${countdown(left)}` : "即将开播";
    this.remind.hidden = !isBefore;
    this.remind.textContent = this.view.reminded ? "已预约，点此取消" : "开播提醒我";
  }

  // The wish first, then WeChat's question: who allows nothing is told nothing, so the wish goes again.
  async askReminder() {
    const path = `/live/sessions/${encodeURIComponent(this.number)}/reminder`;
    try {
      if (this.view.reminded) {
        await call("DELETE", path);
      } else {
        const { templates } = await call("PUT", path);
        const answers = templates.length ? await requestSubscribeMessage(templates) : {};
        if (templates.some((template) => answers[template] === "accept")) toast("开播或取消时会通知你");
        else { await call("DELETE", path); toast(templates.length ? "你没有允许通知" : "县里还没有设置提醒模板"); }
      }
      await this.refresh();
      this.drawBeginning();
    } catch (problem) { toast(problem.message); }
  }

  coupon(coupon) {
    const off = coupon.off_fen ? `减 ${yuan(coupon.off_fen)} 元` : `${(10000 - coupon.off_bp) / 1000} 折`;
    const text = coupon.threshold_fen ? `满 ${yuan(coupon.threshold_fen)} 元${off}` : off;
    return h("button", { type: "button", class: "coupon", "data-testid": "coupon", "data-campaign": coupon.campaign, disabled: coupon.left < 1, onclick: () => this.claim(coupon) },
      h("b", {}, text), coupon.left < 1 ? "已领完" : "领取");
  }

  async claim(coupon) {
    const path = `/live/sessions/${encodeURIComponent(this.number)}/coupons/${encodeURIComponent(coupon.campaign)}`;
    try {
      await callOnce(path, { attribution: this.view.attribution });
      toast("优惠券已到卡包");
    } catch (problem) { toast(problem.message); }
  }

  // The card follows the viewer's picture; stock, and what is charged, are the server's now.
  drawCard() {
    const shown = cardAt(this.events, this.position());
    const item = shown && this.state.shelf.find((each) => each.code === shown.code);
    const left = item && item.offer ? countdown(Date.parse(item.offer.ends_at) - Date.now() - this.clock.serverAhead) : "";
    const drawn = item ? JSON.stringify([shown, item.stock, left]) : "";
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    replace(this.card, item ? this.product({ ...item, price_fen: shown.price_fen }, left ? `限时 ${left}` : "讲解中") : null);
    this.card.hidden = !item;
    this.card.dataset.code = item ? item.code : "";
  }

  product(item, label) {
    const isGone = item.stock < 1;
    return h("article", { class: "product", "data-code": item.code },
      picture(item.title, item.image), label ? h("em", { class: "label" }, label) : null,
      h("div", {}, h("b", {}, item.title), h("small", {}, item.spec, " ", marks(item.marks)),
        h("p", {}, price(item.price_fen), h("small", { "data-testid": "stock" }, isGone ? "已售罄" : `剩 ${item.stock} 件`))),
      h("button", { class: "buy", disabled: isGone, "data-testid": "buy", onclick: () => this.buy(item) }, isGone ? "抢光了" : "去抢购"));
  }

  showShelf() {
    sheet(h("h3", {}, `货架 · ${this.state.shelf.length} 件`),
      h("div", { class: "shelf" }, this.state.shelf.length ? this.state.shelf.map((item) => this.product(item, item.code === this.state.pinned ? "讲解中" : ""))
        : h("p", { class: "fine" }, "货架还是空的")));
  }

  buy(item) {
    closeSheet();
    const shared = (this.view.attributions || []).find((each) => each.merchant === item.merchant);
    const attribution = shared ? shared.attribution : this.view.attribution;
    buySheet(item, { attribution, position_ms: this.position() });
  }

  add(messages) {
    for (const message of messages) {
      const said = this.sentence(message);
      if (said) this.chat.append(said);
    }
    while (this.chat.children.length > KEPT_MESSAGES) this.chat.firstElementChild.remove();
    this.chat.scrollTop = this.chat.scrollHeight;
  }

  sentence({ kind, payload, offset }) {
    const put = (className, ...words) => h("li", { class: className, "data-offset": offset }, ...words);
    if (kind === "chat_removed") {
      this.chat.querySelector(`.said[data-offset="${payload.offset}"]`)?.remove();
      return null;
    }
    if (kind === "chat" && payload.removed) return null;
    if (kind === "chat") return put("said", h("b", {}, payload.name), payload.text);
    if (kind === "sold") return put("told sold", `${payload.name || "有人"} 买走「${payload.title || "商品"}${payload.spec ? ` ${payload.spec}` : ""}」${payload.quantity} 件`);
    if (kind === "pin") return put("told", `主播开始讲解「${payload.title}」`);
    if (kind === "state" && STATES[payload.state]) return put("told", STATES[payload.state][0]);
    return null;
  }

  async say(input) {
    const text = input.value.trim();
    if (!text) return;
    try {
      await call("POST", `/live/sessions/${encodeURIComponent(this.number)}/messages`, { text, client_key: newKey() });
      input.value = "";
    } catch (problem) { toast(problem.message); }
  }

  drawChapters(chapters) {
    const isReplay = !ON_AIR.has(this.state.state) && chapters.length > 0;
    replace(this.chapters, isReplay ? chapters.map((chapter) => h("button", { class: "chapter", "data-testid": "chapter", onclick: () => this.player.seek(chapter.offset_ms / 1000) },
      h("b", {}, chapter.title), price(chapter.price_fen))) : null);
  }

  toggleSound() {
    this.video.muted = !this.video.muted;
    replace(this.sound, icon(this.video.muted ? "silent" : "loud"));
  }

  close() {
    clearInterval(this.ticking);
    this.feed.close();
    this.player.stop();
  }
}

export async function roomScreen(frame, number) {
  frame.title("直播间", "#/rooms");
  frame.tabs(null);
  const view = await call("GET", `/live/sessions/${encodeURIComponent(number)}`);
  if (!frame.isCurrent() || !session.get()) return;
  const room = new Room(frame, view);
  frame.onLeave(() => room.close());
}

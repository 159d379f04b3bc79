// A room in one tab: pictures, what is explained in them, the shelf and the feed. Text always goes in as text.

import { cardAt, placeOnAir } from "./card_at.js";
import { Feed } from "./feed.js";
import { Player } from "./player.js";

const STATES = {
  scheduled: "预告", ready: "即将开播", live: "直播中", interrupted: "主播暂离", ended: "已结束", replay_ready: "回放",
  cancelled: "已取消", banned: "已封停",
};
const ON_AIR = new Set(["live", "interrupted"]);
const CARD_KINDS = new Set(["pin", "unpin", "price"]);
const KEPT_MESSAGES = 100;
const SNAPSHOT_SPREAD_MS = 2000;

const number = document.body.dataset.number;
const BASE = `/v1/miniapp/live/sessions/${encodeURIComponent(number)}`;
const part = (id) => document.getElementById(id);
const stage = part("stage");
const video = stage.querySelector("video");
const player = new Player(video, (state) => { stage.dataset.player = state; });
const yuan = (fen) => `¥${(fen / 100).toFixed(2)}`;

let view = null; // the room as it was last asked for
let state = null; // its last values
let events = [];
let asking = 0;
let told = { mediaMs: 0, toldAt: 0, serverAhead: 0 };

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function show(id, text) {
  const box = part(id);
  box.hidden = !text;
  if (box.textContent !== text) box.textContent = text;
}

function clock(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((each) => String(Math.floor(each)).padStart(2, "0")).join(":");
}

// An address that ends in #t=<seconds> opens the replay there: so an order line leads to the moment of its purchase.
function openAtPlace() {
  const place = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  if (place && !ON_AIR.has(state.state)) player.seek(Number(place[1]));
}

function drawChapters() {
  const isReplay = state.state === "replay_ready";
  part("chapters").replaceChildren(...(isReplay ? view.chapters : []).map((each) => {
    const link = element("a", "", `${each.title} ${yuan(each.price_fen)}`);
    link.href = `#t=${each.offset_ms / 1000}`;
    link.addEventListener("click", () => player.seek(each.offset_ms / 1000)); // also when it is the address already
    return element("li", "", element("b", "", clock(each.offset_ms)), link);
  }));
}

// Where the picture in this tab stands, in ms of the session's pictures (docs/live-cards.md).
function position() {
  if (state.state === "live") return placeOnAir(told, Date.now(), player.lateMs());
  return ON_AIR.has(state.state) ? told.mediaMs : Math.round(video.currentTime * 1000);
}

function draw() {
  if (!state) return;
  const now = Date.now() + told.serverAhead;
  const isBefore = state.state === "scheduled" || state.state === "ready";
  const left = Date.parse(view.planned_at) - now;
  show("countdown", isBefore ? (left > 0 ? `距开播 ${clock(left)}` : "即将开播") : "");
  show("announcement", state.announcement ? `公告：${state.announcement}` : "");
  show("coupons", state.coupons.map((each) => `券：${each.title}（余 ${each.left}）`).join("；"));
  const shown = cardAt(events, position());
  const item = shown && state.shelf.find((each) => each.code === shown.code);
  const isItsPrice = item && item.offer && item.price_fen === shown.price_fen; // else the picture shows another one still
  const ends = isItsPrice ? Date.parse(item.offer.ends_at) - now : 0;
  show("card", shown ? `讲解中：${shown.title} ${yuan(shown.price_fen)}${item ? ` 剩 ${item.stock} 件` : ""}${ends > 0 ? ` 限时 ${clock(ends)}` : ""}` : "");
  part("card").dataset.code = shown ? shown.code : "";
}

function take(next) {
  const before = state && state.state;
  state = next;
  const sign = part("state");
  sign.textContent = STATES[state.state] || state.state;
  sign.dataset.state = state.state;
  part("viewers").textContent = `${state.viewers} 人在看`;
  part("likes").textContent = `${state.likes} 赞`;
  part("shelf").replaceChildren(...state.shelf.map((each) => {
    const row = element("li", "item", `${each.title} ${each.spec} `, element("span", "price", yuan(each.price_fen)), ` 剩 ${each.stock} 件`);
    row.dataset.code = each.code;
    return row;
  }));
  draw();
  if (before && before !== state.state) refresh().catch(() => {});
}

function sentence({ kind, payload, offset }) {
  const chat = part("chat");
  let said = null;
  if (kind === "chat_removed") chat.querySelector(`[data-offset="${Number(payload.offset)}"]`)?.remove();
  else if (kind === "chat" && !payload.removed) said = element("li", "said", element("b", "", payload.name), payload.text);
  else if (kind === "sold") said = element("li", "told sold", `${payload.name || "有人"} 买走「${payload.title || "商品"}${payload.spec ? ` ${payload.spec}` : ""}」${payload.quantity} 件`);
  else if (kind === "pin") said = element("li", "told", `主播开始讲解「${payload.title}」`);
  else if (kind === "state" && STATES[payload.state]) said = element("li", "told", STATES[payload.state]);
  if (!said) return;
  said.dataset.offset = offset;
  chat.append(said);
  while (chat.children.length > KEPT_MESSAGES) chat.firstElementChild.remove();
  chat.scrollTop = chat.scrollHeight;
}

// A change of state changes the pictures' addresses and the timeline: they come with the room itself.
async function refresh() {
  const answer = await fetch(BASE, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  view = await answer.json();
  events = view.timeline;
  told = { mediaMs: view.media_ms, toldAt: Date.now(), serverAhead: Date.parse(view.server_time) - Date.now() };
  player.play(view.playback);
  const away = view.replay_away;
  show("away", away ? (away.is_returning ? "回放正在取回，请稍候" : away.refusal.text) : "");
  if (away && away.is_returning) setTimeout(() => refresh().catch(() => {}), away.retry_after_s * 1000);
  draw();
  if (state) drawChapters();
}

await refresh();
take(view);
drawChapters();
openAtPlace();
window.addEventListener("hashchange", openAtPlace);
view.messages.forEach(sentence);
new Feed((query) => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${BASE}/feed${query}`,
  { epoch: view.epoch, offset: view.offset },
  {
    snapshot: (frame) => {
      part("chat").replaceChildren();
      frame.messages.forEach(sentence);
      take(frame.state);
      // Not at once: who has got a snapshot has it with all others whom the room could not give what they lacked.
      clearTimeout(asking);
      asking = setTimeout(() => refresh().catch(() => {}), Math.random() * SNAPSHOT_SPREAD_MS);
    },
    messages: (list) => {
      events.push(...list.filter(({ kind }) => CARD_KINDS.has(kind)).map(({ kind, payload }) => ({ kind, ...payload })));
      list.forEach(sentence);
    },
    state: take,
    pass: () => view.viewer_pass,
    link: (isUp) => { stage.dataset.link = isUp ? "up" : "down"; },
    out: () => { stage.dataset.link = "out"; },
  });
setInterval(draw, 500);

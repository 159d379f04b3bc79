// Which screen is shown: #/login, #/rooms, #/rooms/<number>, #/shared/<scene>, #/mall, #/orders, #/orders/<number>,
// #/me, #/messages.

import { session, wanted } from "./api.js";
import { closeSheet, h, icon, replace } from "./dom.js";
import { loginScreen } from "./screen_login.js";
import { mallScreen } from "./screen_mall.js";
import { meScreen } from "./screen_me.js";
import { messagesScreen } from "./screen_messages.js";
import { orderScreen, ordersScreen } from "./screen_orders.js";
import { roomScreen } from "./screen_room.js";
import { roomsScreen } from "./screen_rooms.js";
import { sharedScreen } from "./screen_shared.js";

const TABS = [["#/rooms", "直播", "live"], ["#/mall", "商城", "bag"], ["#/orders", "订单", "orders"], ["#/me", "我的", "me"]];
let leave = null;
let turn = 0;

function title(text, back) {
  replace(document.getElementById("nav"),
    back ? h("a", { class: "back", href: back, "aria-label": "返回" }, "‹") : h("span"),
    h("strong", {}, text), h("span", { class: "capsule", "aria-hidden": "true" }, h("i", {}, "•••"), h("i", {}, "◎")));
}

function tabs(current) {
  const bar = document.getElementById("tabs");
  bar.hidden = !current;
  replace(bar, TABS.map(([href, text, sign]) =>
    h("a", { href, "aria-current": href === current ? "page" : null }, icon(sign), text)));
}

async function show() {
  const mine = ++turn;
  if (leave) leave();
  leave = null;
  closeSheet();
  const path = location.hash.slice(1) || "/rooms";
  if (!session.get() && path !== "/login") { wanted.set(path); location.hash = "#/login"; return; }
  const screen = document.getElementById("screen");
  const phone = document.getElementById("phone");
  const [, name, argument] = path.split("/").map(decodeURIComponent);
  phone.dataset.screen = name === "rooms" && argument ? "room" : name;
  screen.scrollTop = 0;
  const frame = { screen, title, tabs, isCurrent: () => mine === turn, onLeave: (act) => { if (mine === turn) leave = act; else act(); } };
  replace(screen, h("p", { class: "loading" }, "正在打开…"));
  try {
    if (name === "login") await loginScreen(frame);
    else if (name === "orders" && argument) await orderScreen(frame, argument);
    else if (name === "orders") await ordersScreen(frame);
    else if (name === "mall") await mallScreen(frame);
    else if (name === "me") await meScreen(frame);
    else if (name === "messages") await messagesScreen(frame);
    else if (name === "shared" && argument) await sharedScreen(frame, argument);
    else if (argument) await roomScreen(frame, argument);
    else await roomsScreen(frame);
  } catch (problem) {
    if (mine !== turn) return;
    replace(screen, h("div", { class: "empty" }, h("b", {}, "打不开"), h("p", {}, problem.message),
      h("button", { class: "quiet", onclick: show }, "再试一次")));
  }
}

function tick() {
  document.getElementById("clock").textContent = new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
}

addEventListener("hashchange", show);
tick();
setInterval(tick, 10000);
show();

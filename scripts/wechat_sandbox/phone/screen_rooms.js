// The list of live rooms: on air first, then what comes and what can be seen again.

import { call } from "./api.js";
import { h, moment, picture, replace } from "./dom.js";
import { scanSheet } from "./screen_shared.js";

export const STATES = {
  scheduled: ["预告", "soon"], ready: ["即将开播", "soon"], live: ["直播中", "live"], interrupted: ["主播暂离", "live"],
  ended: ["已结束", "past"], replay_ready: ["回放", "past"], cancelled: ["已取消", "past"],
};
export const stateTag = (state, other = "") => {
  const [text, kind] = STATES[state] || [state, "past"];
  return h("em", { class: `state ${kind}`, "data-state": state }, other || text);
};

function line(room) {
  const when = room.started_at ? `${moment(room.started_at)} 开播` : `${moment(room.planned_at)} 开播`;
  return h("a", { class: "room", href: `#/rooms/${encodeURIComponent(room.number)}`, "data-testid": "room", "data-number": room.number },
    picture(room.title, "", "cover"), stateTag(room.state, room.state === "ended" ? "回放准备中" : ""),
    h("div", { class: "caption" }, h("b", {}, room.title), h("small", {}, when, room.viewers ? ` · ${room.viewers} 人在看` : "")));
}

export async function roomsScreen(frame) {
  frame.title("陇川直播");
  frame.tabs("#/rooms");
  const draw = async () => {
    const { sessions } = await call("GET", "/live/sessions?limit=30");
    if (!frame.isCurrent()) return;
    replace(frame.screen,
      h("section", { class: "banner" }, h("b", {}, "甘蔗甜、稻米香"), h("small", {}, "产地直播，现挖现发"),
        h("button", { class: "scan", "data-testid": "scan", onclick: scanSheet }, "扫一扫")),
      sessions.length ? h("section", { class: "rooms" }, sessions.map(line))
        : h("div", { class: "empty" }, h("b", {}, "还没有直播"), h("p", {}, "主播排好场次后，这里会自动出现。")));
  };
  await draw();
  const timer = setInterval(() => draw().catch(() => {}), 5000);
  frame.onLeave(() => clearInterval(timer));
}

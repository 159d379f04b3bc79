// Whose phone it is: pick a demo person and log in to the mall with a fresh wx.login code.

import { call, session, wanted } from "./api.js";
import { h, picture, replace, toast } from "./dom.js";
import { login, newPerson, people } from "./weixin.js";

async function enter(person) {
  try {
    const code = await login(person.openid);
    const opened = await call("POST", "/session", { code });
    session.set({ token: opened.token, openid: person.openid, nickname: person.nickname, number: opened.consumer.number });
    location.hash = `#${wanted.take() || "/rooms"}`;
  } catch (problem) {
    toast(problem.message);
  }
}

export async function loginScreen(frame) {
  frame.title("微信登录");
  frame.tabs(null);
  const list = (await people()).slice(0, 12);
  if (!frame.isCurrent()) return;
  replace(frame.screen,
    h("section", { class: "welcome" },
      h("div", { class: "seal", "aria-hidden": "true" }, "陇川"),
      h("h2", {}, "陇川好物"),
      h("p", {}, "云南德宏 · 陇川县公共品牌商城与直播中心")),
    h("section", { class: "people" },
      h("h3", {}, "用哪位示例顾客登录？"),
      list.map((person) => h("button", { class: "person", "data-testid": "person", onclick: () => enter(person) },
        picture(person.nickname.replace("示例·", ""), "", "avatar"),
        h("span", {}, h("b", {}, person.nickname), h("small", {}, `${person.phone.slice(0, 3)}****${person.phone.slice(-4)}`)),
        h("i", {}, "微信一键登录"))),
      h("button", { class: "quiet", "data-testid": "new-person", onclick: async () => enter(await newPerson()) }, "换一位新的示例顾客")),
    h("p", { class: "fine" }, "登录即表示同意《用户服务协议》和《隐私保护指引》（示例）"));
}

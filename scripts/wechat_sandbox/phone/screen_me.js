// The own account: bind the phone number by WeChat's button, log out.

import { call, session } from "./api.js";
import { h, picture, replace, toast } from "./dom.js";
import { phoneCode } from "./weixin.js";

export async function meScreen(frame) {
  frame.title("我的");
  frame.tabs("#/me");
  const me = await call("GET", "/me");
  if (!frame.isCurrent()) return;
  const current = session.get();
  const bind = async () => {
    try {
      await call("PUT", "/me/phone", { code: await phoneCode(current.openid) });
      toast("手机号已绑定");
      await meScreen(frame);
    } catch (problem) { toast(problem.message); }
  };
  const leave = async () => {
    try { await call("DELETE", "/session"); } catch { /* the token is forgotten here in any case */ }
    session.set(null);
    location.hash = "#/login";
  };
  replace(frame.screen,
    h("section", { class: "profile" }, picture(current.nickname.replace("示例·", ""), "", "avatar large"),
      h("div", {}, h("b", {}, current.nickname), h("small", {}, `顾客号 ${me.number}`))),
    h("section", { class: "rows" },
      h("div", {}, h("span", {}, "手机号"), me.phone_masked ? h("b", {}, me.phone_masked) : h("button", { class: "small", onclick: bind }, "微信手机号一键绑定")),
      h("a", { href: "#/orders" }, h("span", {}, "我的订单"), h("i", {}, "›")),
      h("a", { href: "#/messages", "data-testid": "messages" }, h("span", {}, "服务通知"), h("i", {}, "›"))),
    h("button", { class: "quiet wide", onclick: leave }, "退出登录"));
}

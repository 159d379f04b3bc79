// Service messages, as WeChat shows them: the newest first, each leads to the page that it names.

import { session } from "./api.js";
import { h, moment, replace, toast } from "./dom.js";
import { messages, pageHash } from "./weixin.js";

function card(message) {
  const open = () => {
    const hash = pageHash(message.page);
    if (hash) location.hash = hash;
    else toast("演示手机没有这一页");
  };
  return h("button", { class: "order message", "data-testid": "message", "data-page": message.page, onclick: open },
    h("header", {}, h("small", {}, moment(message.at)), h("em", {}, "服务通知")),
    Object.values(message.values).map((value) => h("p", {}, value)));
}

export async function messagesScreen(frame) {
  frame.title("服务通知", "#/me");
  frame.tabs("#/me");
  let shown = -1;
  const draw = async () => {
    const list = await messages(session.get().openid);
    if (!frame.isCurrent() || list.length === shown) return;
    shown = list.length;
    replace(frame.screen, shown ? h("section", { class: "orders" }, list.reverse().map(card))
      : h("div", { class: "empty" }, h("b", {}, "还没有通知"), h("p", {}, "预约开播提醒后，开播或取消时会收到一条。")));
  };
  await draw();
  const timer = setInterval(() => draw().catch(() => {}), 2000);
  frame.onLeave(() => clearInterval(timer));
}

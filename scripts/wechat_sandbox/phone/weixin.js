// WeChat's own part of the phone: whose phone it is, wx.login, the phone number button, wx.requestPayment,
// wx.requestSubscribeMessage, service messages, the scanner.

import { closeSheet, h, onSheetClosed, price, replace, sheet } from "./dom.js";
import { session } from "./api.js";

async function sandbox(method, path, body) {
  const answer = await fetch("/sandbox" + path, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  if (!answer.ok) throw new Error("微信沙箱没有应答");
  return answer.json();
}

export const people = async () => (await sandbox("GET", "/people")).people;
export const newPerson = async () => (await sandbox("POST", "/people", {})).people[0];
export const login = async (openid) => (await sandbox("POST", "/login-codes", { openid })).code;
export const phoneCode = async (openid) => (await sandbox("POST", "/phone-codes", { openid })).code;

export const messages = async (openid) => (await sandbox("GET", `/messages?openid=${encodeURIComponent(openid)}`)).messages;

// Asks for messages of some templates; resolves as wx.requestSubscribeMessage does. WeChat tells the product by itself.
export function requestSubscribeMessage(templates) {
  return new Promise((resolve) => {
    const answer = async (said) => {
      onSheetClosed(null);
      closeSheet();
      const answers = Object.fromEntries(templates.map((template) => [template, said]));
      try {
        resolve(await sandbox("POST", "/subscription-popups", { openid: session.get().openid, answers }));
      } catch (error) {
        resolve({ errMsg: `requestSubscribeMessage:fail ${error.message}` });
      }
    };
    sheet(h("div", { class: "consent", "data-testid": "consent" },
      h("p", { class: "badge" }, "陇川好物 申请"), h("h3", {}, "发送一次以下消息"),
      templates.map((template) => h("p", { class: "template" }, `☑ 服务通知（${template}）`)),
      h("div", { class: "foot" },
        h("button", { class: "quiet", "data-testid": "consent-reject", onclick: () => answer("reject") }, "拒绝"),
        h("button", { class: "primary", "data-testid": "consent-accept", onclick: () => answer("accept") }, "允许"))));
    onSheetClosed(() => answer("reject"));
  });
}

// Where a page of the mini-program stands on this phone: a message or a code names it as WeChat does.
export function pageHash(path) {
  const [page, query] = path.split("?");
  const given = new URLSearchParams(query);
  if (page === "pages/live/index" && given.get("scene")) return `#/shared/${encodeURIComponent(given.get("scene"))}`;
  if (page === "pages/live/room" && given.get("number")) return `#/rooms/${encodeURIComponent(given.get("number"))}`;
  return null;
}

let appid = "";
async function readAppid() {
  appid = appid || (await sandbox("GET", "/health")).appid;
  return appid;
}

// Opens the cashier; resolves with errMsg as wx.requestPayment does.
export async function requestPayment(parameters) {
  const request = { ...parameters, appId: await readAppid(), openid: session.get().openid };
  const shown = await sandbox("POST", "/cashier/show", request);
  if (shown.errMsg !== "requestPayment:open") return shown.errMsg;
  return new Promise((resolve) => openCashier(request, shown, resolve));
}

function openCashier(request, shown, resolve) {
  let answered = false;
  const answer = (message) => {
    if (answered) return;
    answered = true;
    closeSheet();
    resolve(message);
  };
  const digits = [];
  const boxes = h("div", { class: "password", "aria-label": "支付密码" });
  const draw = () => replace(boxes, Array.from({ length: 6 }, (_, index) => h("i", { class: index < digits.length ? "filled" : "" })));
  const press = async (key) => {
    if (answered) return;
    if (key === "⌫") digits.pop();
    else if (digits.length < 6) digits.push(key);
    draw();
    if (digits.length < 6) return;
    pad.setAttribute("inert", "");
    boxes.classList.add("busy");
    try {
      answer((await sandbox("POST", "/cashier/pay", { ...request, outcome: "pay" })).errMsg);
    } catch (error) {
      answer(`requestPayment:fail ${error.message}`);
    }
  };
  const keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "", "0", "⌫"];
  const pad = h("div", { class: "keypad" }, keys.map((key) =>
    key ? h("button", { type: "button", "data-key": key, "aria-label": key === "⌫" ? "删除" : key, onclick: () => press(key) }, key)
      : h("span")));
  draw();
  sheet(
    h("div", { class: "cashier", "data-testid": "cashier" },
      h("button", { class: "close", "aria-label": "取消支付", "data-testid": "cashier-cancel", onclick: () => cancel() }, "✕"),
      h("p", { class: "badge" }, "微信支付 · 沙箱"),
      h("p", { class: "payee" }, shown.payee),
      h("p", { class: "total", "data-testid": "cashier-amount" }, price(shown.amount_fen)),
      h("p", { class: "description" }, shown.description),
      shown.parts.length > 1 ? h("dl", { "data-testid": "cashier-parts" }, shown.parts.flatMap((part) => [h("dt", {}, part.payee), h("dd", {}, price(part.amount_fen))])) : null,
      h("dl", {}, h("dt", {}, "付款方式"), h("dd", {}, "示例零钱"), h("dt", {}, "订单号"), h("dd", {}, shown.out_trade_no)),
      h("p", { class: "hint" }, "请输入支付密码（任意六位，不会真的扣款）"),
      boxes, pad,
      h("button", { class: "text", "data-testid": "cashier-fail", onclick: () => fail() }, "模拟银行拒付")));
  const cancel = async () => answer((await sandbox("POST", "/cashier/pay", { ...request, outcome: "cancel" })).errMsg);
  const fail = async () => answer((await sandbox("POST", "/cashier/pay", { ...request, outcome: "fail" })).errMsg);
  onSheetClosed(() => { if (!answered) { answered = true; resolve("requestPayment:fail cancel"); } });
}

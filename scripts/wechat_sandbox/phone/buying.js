// From a card to a paid order: quantity and address, place the order, open the payment, go to the cashier.

import { call, callOnce, newKey } from "./api.js";
import { closeSheet, h, marks, picture, price, replace, sheet, toast } from "./dom.js";
import { requestPayment } from "./weixin.js";

const MOST_PIECES = 20;
const DEMO_ADDRESS = { recipient: "示例收件人", phone: "10000000001", region: "533124", address: "云南省德宏州陇川县章凤镇示例路 1 号" };

// seen: {attribution, position_ms} of the room where it was seen, or nothing; the quote needs it for the room's price.
export function buySheet(item, seen = {}) {
  let quantity = 1;
  let key = newKey(); // one key per intention: a second tap on the same order is the same order
  const total = h("span", { class: "sum" });
  const count = h("output", { "data-testid": "quantity" });
  const draw = () => { replace(total, price(item.price_fen * quantity)); count.textContent = quantity; };
  const step = (by) => { quantity = Math.max(1, Math.min(MOST_PIECES, item.stock, quantity + by)); key = newKey(); draw(); };
  const fields = Object.entries({ recipient: "收件人", phone: "电话", region: "区县代码", address: "地址" }).map(([name, label]) =>
    h("label", {}, h("span", {}, label), h("input", { name, value: DEMO_ADDRESS[name], maxlength: 200, required: true, oninput: () => { key = newKey(); } })));
  const submit = h("button", { class: "primary", type: "submit", "data-testid": "place-order" }, "提交订单");
  const form = h("form", {
    class: "order-form",
    onsubmit: async (event) => {
      event.preventDefault();
      submit.disabled = true;
      const delivery = Object.fromEntries(new FormData(form));
      try {
        const lines = [{ sku: item.code, quantity }];
        const quote = await call("POST", "/quotes", { lines, region: delivery.region, ...seen });
        // What is shown is what is agreed to: another price is refused, shown anew, and submitted again by hand.
        replace(total, price(quote.amount_fen));
        await placeAndPay({ lines, delivery, quote: quote.digest, ...seen }, key);
      } catch (problem) {
        toast(problem.message);
        submit.disabled = false;
      }
    },
  }, ...fields, h("div", { class: "foot" }, h("span", {}, "合计 ", total), submit));
  draw();
  sheet(
    h("div", { class: "chosen" }, picture(item.title, item.image), h("div", {}, h("b", {}, item.title), h("small", {}, item.spec, " ", marks(item.marks)), price(item.price_fen)),
      h("div", { class: "stepper" }, h("button", { type: "button", "aria-label": "减少", onclick: () => step(-1) }, "−"), count, h("button", { type: "button", "aria-label": "增加", "data-testid": "more", onclick: () => step(1) }, "+"))),
    form);
}

async function placeAndPay(order, key) {
  const placed = await callOnce("/orders", order, key);
  closeSheet();
  await payTrade(placed.trade, placed.orders.length === 1 ? placed.orders[0].number : "");
}

// Pays all orders of a trade by one password; shows the order, or the list when there are several.
export async function payTrade(trade, number) {
  try {
    const parameters = await callOnce(`/trades/${encodeURIComponent(trade)}/payment`, undefined);
    const message = await requestPayment(parameters);
    toast(message === "requestPayment:ok" ? "支付完成，正在确认…" : message === "requestPayment:fail cancel" ? "你取消了支付" : message.replace("requestPayment:fail ", "支付失败："));
  } catch (problem) {
    toast(problem.message);
  }
  const target = number ? `#/orders/${encodeURIComponent(number)}` : "#/orders";
  if (location.hash === target) dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = target;
}

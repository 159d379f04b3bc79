// Orders: the list, and one order that follows its own state until nothing more is to come at once.

import { call, callOnce } from "./api.js";
import { payTrade } from "./buying.js";
import { h, marks, moment, picture, price, replace, sheet, toast, closeSheet } from "./dom.js";

const STATES = {
  pending_payment: ["待付款", "请尽快完成支付，超时订单会自动关闭"], paid: ["待发货", "商家正在从批次里给你备货"], packed: ["已装箱", "已确定来自哪一批货"],
  shipped: ["已发货", "正在路上"], received: ["已收货", "感谢你对产地的支持"], closed: ["已关闭", "订单已关闭，未支付的库存已释放"],
};
const words = (state) => STATES[state] || [state, ""];

function orderLine(line) {
  return h("article", { class: "product plain" }, picture(line.title, line.image),
    h("div", {}, h("b", {}, line.title), h("small", {}, line.spec, " ", marks(line.marks)),
      h("p", {}, price(line.unit_price_fen), h("small", {}, `× ${line.quantity}`)),
      line.refunded_fen ? h("p", { class: "refunded" }, `已退 ${line.refunded_quantity} 件 `, price(line.refunded_fen)) : null));
}

export async function ordersScreen(frame) {
  frame.title("我的订单");
  frame.tabs("#/orders");
  const { orders } = await call("GET", "/orders?limit=30");
  if (!frame.isCurrent()) return;
  replace(frame.screen, orders.length ? h("section", { class: "orders" }, orders.map((order) =>
    h("a", { class: "order", href: `#/orders/${encodeURIComponent(order.number)}`, "data-testid": "order" },
      h("header", {}, h("small", {}, moment(order.placed_at)), h("em", {}, words(order.state)[0])),
      order.lines.map(orderLine), h("footer", {}, "实付 ", price(order.amount_fen)))))
    : h("div", { class: "empty" }, h("b", {}, "还没有订单"), h("p", {}, "去直播间看看今天讲什么。"), h("a", { class: "quiet", href: "#/rooms" }, "看直播")));
}

function actions(order, reload) {
  const act = async (work, done) => {
    try { await work(); if (done) toast(done); } catch (problem) { toast(problem.message); }
    await reload();
  };
  const path = `/orders/${encodeURIComponent(order.number)}`;
  if (order.state === "pending_payment") {
    return [h("button", { class: "quiet", onclick: () => act(() => callOnce(`/trades/${encodeURIComponent(order.trade)}/cancellation`, undefined), "正在取消") }, "取消订单"),
      h("button", { class: "primary", "data-testid": "pay", onclick: () => payTrade(order.trade, order.number) }, "立即支付")];
  }
  if (order.state === "shipped") {
    return [h("button", { class: "primary", "data-testid": "receive", onclick: () => act(() => callOnce(`${path}/receipt`, undefined), "已确认收货") }, "确认收货")];
  }
  return [];
}

function askRefund(order, line, reload) {
  const left = line.quantity - line.refunded_quantity;
  const form = h("form", {
    class: "order-form",
    onsubmit: async (event) => {
      event.preventDefault();
      const told = new FormData(form);
      try {
        await callOnce(`/orders/${encodeURIComponent(order.number)}/lines/${encodeURIComponent(line.line)}/after-sales`,
          { quantity: Number(told.get("quantity")), reason: told.get("reason") });
        closeSheet();
        toast("已提交，等待商家处理");
        await reload();
      } catch (problem) { toast(problem.message); }
    },
  },
  h("label", {}, h("span", {}, "件数"), h("input", { name: "quantity", type: "number", min: 1, max: left, value: left, required: true })),
  h("label", {}, h("span", {}, "原因"), h("input", { name: "reason", maxlength: 80, value: "收到时有破损", required: true })),
  h("div", { class: "foot" }, h("span"), h("button", { class: "primary", type: "submit" }, "申请退款")));
  sheet(h("h3", {}, `退款 · ${line.title}`), form);
}

function steps(order) {
  const all = [["下单", order.placed_at], ["付款", order.paid_at], ["发货", order.shipped_at], ["收货", order.received_at]];
  return h("ol", { class: "steps" }, all.map(([name, at]) => h("li", { class: at ? "done" : "" }, h("b", {}, name), h("small", {}, moment(at)))));
}

export async function orderScreen(frame, number) {
  frame.title("订单详情", "#/orders");
  frame.tabs(null);
  let shown = "";
  const load = async () => {
    const order = await call("GET", `/orders/${encodeURIComponent(number)}`);
    const text = JSON.stringify(order);
    if (!frame.isCurrent() || text === shown) return;
    shown = text;
    draw(frame, order, load);
  };
  await load();
  const timer = setInterval(() => load().catch(() => {}), 1000);
  frame.onLeave(() => clearInterval(timer));
}

function draw(frame, order, reload) {
  const [state, hint] = words(order.state);
  const isRefundable = ["paid", "packed", "shipped", "received"].includes(order.state);
  replace(frame.screen,
    h("section", { class: `order-state ${order.state}`, "data-testid": "order-state", "data-state": order.state }, h("b", {}, state), h("small", {}, hint), steps(order)),
    h("section", { class: "panel" }, order.lines.map((line) => h("div", {}, orderLine(line),
      isRefundable && line.refunded_quantity < line.quantity ? h("p", { class: "right" }, h("button", { class: "small", onclick: () => askRefund(order, line, reload) }, "申请退款")) : null)),
    h("dl", { class: "sums" }, h("dt", {}, "商品"), h("dd", {}, price(order.goods_fen)), h("dt", {}, "优惠"), h("dd", {}, price(-order.discount_fen)),
      h("dt", {}, "运费"), h("dd", {}, price(order.freight_fen)), h("dt", {}, "实付"), h("dd", { class: "strong", "data-testid": "amount" }, price(order.amount_fen)))),
    h("section", { class: "panel" }, h("dl", { class: "facts" },
      h("dt", {}, "订单号"), h("dd", { "data-testid": "order-number" }, order.number), h("dt", {}, "下单"), h("dd", {}, moment(order.placed_at)),
      order.source ? [h("dt", {}, "来源"), h("dd", { "data-testid": "source" }, order.source.startsWith("live:") ? `直播间 ${order.source.slice(5)}` : order.source)] : null,
      order.waybill ? [h("dt", {}, "运单"), h("dd", {}, `${order.carrier} ${order.waybill}`)] : null)),
    h("div", { class: "actions" }, actions(order, reload)));
}

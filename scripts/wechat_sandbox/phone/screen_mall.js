// The mall: what is on sale, newest first, and buying without a live room.

import { buySheet } from "./buying.js";
import { call } from "./api.js";
import { closeSheet, h, marks, picture, price, replace, sheet, toast } from "./dom.js";

const AT_ONCE = 20;

function row(image, title, small, sold, fen, code, act) {
  const isGone = sold < 1;
  return h("article", { class: "product", "data-testid": "product", "data-code": code },
    picture(title, image),
    h("div", {}, h("b", {}, title), h("small", {}, ...small), h("p", {}, price(fen), h("small", {}, isGone ? "已售罄" : `剩 ${sold} 件`))),
    h("button", { class: "buy", disabled: isGone, "data-testid": "buy", onclick: act }, isGone ? "售罄" : "选购"));
}

async function choose(code) {
  try {
    const page = await call("GET", `/products/${encodeURIComponent(code)}`);
    const buy = (sku) => buySheet({ code: sku.code, title: page.title, spec: sku.spec, image: page.image, marks: page.marks, price_fen: sku.price_fen, stock: sku.available }, "");
    if (page.skus.length === 1) { buy(page.skus[0]); return; }
    sheet(h("h3", {}, page.title),
      h("div", { class: "shelf" }, page.skus.map((sku) =>
        row(page.image, sku.spec, [page.merchant_name], sku.available, sku.price_fen, sku.code, () => { closeSheet(); buy(sku); }))));
  } catch (problem) { toast(problem.message); }
}

export async function mallScreen(frame) {
  frame.title("陇川好物");
  frame.tabs("#/mall");
  const shelf = h("section", { class: "shelf" });
  const more = h("button", { class: "quiet wide", hidden: true }, "更多");
  let cursor = "";
  const draw = async () => {
    const { products, next_cursor: next } = await call("GET", `/products?limit=${AT_ONCE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (!frame.isCurrent()) return;
    shelf.append(...products.map((card) =>
      row(card.image, card.title, [card.township_name, " · ", card.subtitle, " ", marks(card.marks)].flat(), card.available, card.price_from_fen, card.code, () => choose(card.code))));
    cursor = next || "";
    more.hidden = !cursor;
  };
  more.addEventListener("click", () => draw().catch((problem) => toast(problem.message)));
  await draw();
  if (!frame.isCurrent()) return;
  replace(frame.screen, shelf.children.length ? shelf : h("div", { class: "empty" }, h("b", {}, "还没有商品")), more);
}

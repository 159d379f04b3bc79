// Small things for building the page: elements, money, moments. Text always goes in as text, never as markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function replace(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
}

// Icons as drawn paths: no font on the machine need have them.
const ICONS = {
  bag: "M6 8h12l1 13H5L6 8Zm3 0V6a3 3 0 0 1 6 0v2",
  silent: "M4 9v6h4l5 4V5L8 9H4Zm12 0 5 6m0-6-5 6",
  loud: "M4 9v6h4l5 4V5L8 9H4Zm12-1a5 5 0 0 1 0 8m2.5-11a9 9 0 0 1 0 14",
  live: "M4 7h11v10H4zM15 11l5-3v8l-5-3",
  orders: "M6 3h12v18l-3-2-3 2-3-2-3 2V3Zm3 5h6M9 12h6",
  me: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 8c1-4 4-5 7-5s6 1 7 5",
};
const SVG = "http://www.w3.org/2000/svg";
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

// Whole fen to yuan, without a float.
export function yuan(fen) {
  const sign = fen < 0 ? "-" : "";
  const digits = String(Math.abs(fen)).padStart(3, "0");
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function price(fen, className = "price") {
  const [whole, part] = yuan(fen).split(".");
  return h("span", { class: className, "aria-label": `${whole}.${part} 元` },
    h("small", {}, "¥"), whole, h("small", {}, "." + part));
}

const formatter = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false,
});
export const moment = (text) => (text ? formatter.format(new Date(text)) : "");

// A drawn picture where there is none: the first character on one of five local colours.
export function picture(title, image, className = "picture") {
  const hue = [...title].reduce((sum, character) => sum + character.codePointAt(0), 0) % 5;
  const box = h("span", { class: `${className} tone${hue}`, "aria-hidden": "true" }, [...title][0] || "陇");
  if (/^https?:\/\//.test(image || "")) {
    const img = h("img", { src: image, alt: "", loading: "lazy", onerror: () => img.remove() });
    box.append(img);
  }
  return box;
}

const MARKS = { public_brand: "陇川公共品牌", poverty_product: "帮扶产品" };
export const marks = (names) => (names || []).map((name) => h("em", { class: "mark " + name }, MARKS[name] || name));

// Hours, minutes and seconds that are left.
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((each) => String(Math.floor(each)).padStart(2, "0")).join(":");
}

let hiding = 0;
export function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => box.classList.remove("shown"), 2600);
}

export function sheet(...children) {
  const overlay = document.getElementById("overlay");
  const panel = h("section", { class: "sheet", role: "dialog", "aria-modal": "true" }, ...children);
  replace(overlay, h("button", { class: "shade", "aria-label": "关闭", onclick: closeSheet }), panel);
  overlay.classList.add("open");
  return panel;
}

let afterClose = null;
export function onSheetClosed(act) { afterClose = act; }
export function closeSheet() {
  const overlay = document.getElementById("overlay");
  overlay.classList.remove("open");
  overlay.replaceChildren();
  const act = afterClose;
  afterClose = null;
  if (act) act();
}

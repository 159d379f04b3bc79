// What a share code leads to: opening it counts for whoever handed it on, then the room is shown.

import { call, drawn } from "./api.js";
import { h, sheet, toast } from "./dom.js";
import { pageHash } from "./weixin.js";

export async function sharedScreen(frame, scene) {
  frame.title("正在打开分享", "#/rooms");
  const found = await call("GET", `/live/share-codes/${encodeURIComponent(scene)}`);
  if (frame.isCurrent()) location.replace(`#/rooms/${encodeURIComponent(found.session)}`);
}

// The scanner: what stands in the code is typed or pasted here, because a browser tab has no camera that it may open.
export function scanSheet() {
  const input = h("input", { name: "scanned", maxlength: 200, required: true, placeholder: "pages/live/index?scene=…", "data-testid": "scanned" });
  sheet(h("form", {
    class: "order-form",
    onsubmit: (event) => {
      event.preventDefault();
      const hash = pageHash(input.value.trim());
      if (hash) location.hash = hash;
      else toast("这个码打不开");
    },
  }, h("h3", {}, "扫一扫"), h("label", {}, h("span", {}, "码中内容"), input),
  h("button", { class: "primary", type: "submit", "data-testid": "open-scanned" }, "打开")));
}

// The own code of a room: its picture as WeChat draws it, and what stands in it.
export async function shareSheet(number) {
  const made = await call("PUT", `/live/sessions/${encodeURIComponent(number)}/share-code`);
  const picture = await drawn(`/live/share-codes/${encodeURIComponent(made.code)}/file`);
  sheet(h("div", { class: "share" }, h("h3", {}, "分享直播间"),
    picture ? h("img", { src: picture, alt: "小程序码", width: 200, height: 200, "data-testid": "share-picture" }) : null,
    h("p", { class: "fine" }, "让别人扫这个码，或转发这一页"),
    h("output", { "data-testid": "share-path" }, made.path)));
}

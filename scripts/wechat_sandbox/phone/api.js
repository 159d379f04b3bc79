// The consumer's public API of the product, reached under /product on this host.

const BASE = "/product/v1/miniapp";
const KEY = "phone.session";

export class Problem extends Error {
  constructor(status, body) {
    super((body && (body.title || body.detail)) || (status ? `请求失败（${status}）` : "网络不可用"));
    this.status = status;
    this.code = (body && body.code) || "";
  }
}

export const session = {
  get: () => JSON.parse(sessionStorage.getItem(KEY) || "null"),
  set: (value) => (value ? sessionStorage.setItem(KEY, JSON.stringify(value)) : sessionStorage.removeItem(KEY)),
};

// What was to be opened when nobody had logged in.
const WANTED = "phone.wanted";
export const wanted = {
  set: (path) => sessionStorage.setItem(WANTED, path),
  take: () => { const path = sessionStorage.getItem(WANTED); sessionStorage.removeItem(WANTED); return path; },
};

export async function call(method, path, body, idempotencyKey) {
  const headers = { Accept: "application/json" };
  const current = session.get();
  if (current) headers.Authorization = `Bearer ${current.token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  let answer;
  try {
    answer = await fetch(BASE + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(0, null);
  }
  const text = await answer.text();
  let content = null;
  try { content = text ? JSON.parse(text) : null; } catch { content = null; }
  if (answer.status === 401 && current) {
    session.set(null);
    location.hash = "#/login";
  }
  if (!answer.ok) throw new Problem(answer.status, content);
  return content;
}

// A picture that only its owner may fetch, as an address for <img>; null when it cannot be had.
export async function drawn(path) {
  try {
    const answer = await fetch(BASE + path, { headers: { Authorization: `Bearer ${session.get().token}` } });
    if (!answer.ok) return null;
    const reader = new FileReader();
    const read = new Promise((resolve) => { reader.onload = () => resolve(reader.result); });
    reader.readAsDataURL(await answer.blob());
    return await read;
  } catch {
    return null;
  }
}

// crypto.randomUUID is absent outside secure contexts, and a phone on the local network is one.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A POST whose answer may be lost is sent again with the same key: it happens once.
export async function callOnce(path, body, key = newKey()) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call("POST", path, body, key);
    } catch (problem) {
      const worthwhile = problem.status === 0 || problem.status === 502 || problem.status === 503;
      if (!worthwhile || attempt >= 3) throw problem;
      await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** attempt));
    }
  }
}

export const feedUrl = (number, query) =>
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${BASE}/live/sessions/${encodeURIComponent(number)}/feed${query}`;

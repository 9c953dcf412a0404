// Builds what is shown. Text from anywhere is set as text, never read as markup.

const SENDERS = { you: "Bạn", bot: "Trợ lý", staff: "Cán bộ" };
const STATES = { sending: "Đang gửi…", waiting: "Chờ gửi…", failed: "Chưa gửi được. Bấm để gửi lại" };
const ADDRESS = /https?:\/\/[^\s<>"'“”]+/g;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const shape = document.createElementNS(space, "path");
  for (const [name, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"]]) {
    svg.setAttribute(name, value);
  }
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

// An address that may be linked to, or "".
function safeAddress(text, schemes) {
  try {
    const url = new URL(text);
    return schemes.includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

function linked(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const shown = found[0].replace(/[.,;:!?)\]}»…]+$/, "");
    const address = safeAddress(shown, ["http:", "https:"]);
    if (!address) continue;
    parts.push(text.slice(from, found.index), outside(address, shown));
    from = found.index + shown.length;
  }
  return [...parts, text.slice(from)];
}

function outside(address, ...children) {
  return make("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

function whenOf(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const time = at.toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === new Date().toDateString()) return time;
  return `${time} ${at.toLocaleDateString("vi-VN")}`;
}

// data: {from, kind, text, buttons, image, at}; on: {tap(button), save(data), again()}
function bubble(data, on) {
  const item = make("div", { class: `message ${data.from}` });
  const body = make("div", { class: "bubble" });
  body.append(make("span", { class: "hidden" }, `${SENDERS[data.from] || ""}: `));
  if (data.from === "staff") body.append(make("span", { class: "who" }, "Cán bộ trả lời"));
  const image = safeAddress(data.image || "", ["http:", "https:"]);
  if (image) {
    const picture = make("img", { src: image, alt: "Hình ảnh trợ lý gửi, bấm để xem lớn" });
    picture.loading = "lazy";
    body.append(outside(image, picture));
  }
  if (data.kind === "location") body.append(make("p", {}, "📍 Vị trí của bạn"));
  if (data.text) body.append(make("p", {}, ...linked(data.text)));
  if (data.file) {
    const save = make("button", { type: "button", onclick: () => on.save(data) }, `Tải tệp: ${data.file}`);
    body.append(make("div", { class: "actions" }, save));
  }
  const actions = (data.buttons || []).map((button) => action(button, on)).filter(Boolean);
  if (actions.length) body.append(make("div", { class: "actions" }, ...actions));
  item.append(body, make("p", { class: "when" }, whenOf(data.at)));
  return item;
}

function action(button, on) {
  if (button.type === "url") {
    const address = safeAddress(button.payload, ["http:", "https:"]);
    return address && outside(address, button.title);
  }
  if (button.type === "phone") {
    const address = safeAddress(`tel:${button.payload}`, ["tel:"]);
    return address && make("a", { href: address }, button.title);
  }
  return make("button", { type: "button", onclick: () => on.tap(button) }, button.title);
}

// Shows how far the visitor's own message has come: "sending", "waiting", "failed" or "sent".
function setState(item, state, on, why = "") {
  const when = item.querySelector(".when");
  item.classList.toggle("unsent", state !== "sent");
  if (state === "failed") {
    const text = why || STATES.failed;
    const again = make("button", { type: "button", class: "again", onclick: () => on.again() }, text);
    if (why) again.append(" Bấm để gửi lại.");
    when.replaceChildren(again);
  } else if (state === "refused") {
    when.replaceChildren(make("span", { class: "refused", role: "alert" }, why));
  } else if (state === "sent") {
    when.replaceChildren(whenOf(item.dataset.at));
  } else {
    when.replaceChildren(STATES[state]);
  }
}

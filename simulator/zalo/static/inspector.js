// The panel that shows the signed event and the send call behind a message.

import { get } from "./api.js";
import { element } from "./bubbles.js";

const panel = document.querySelector(".inspector");
const content = panel.querySelector(".inspected");
const toggle = document.querySelector(".inspector-toggle");
let opener = toggle;
let latest = 0;

export function setUpInspector() {
  toggle.addEventListener("click", () => show(panel.hidden, toggle));
  panel.querySelector(".close").addEventListener("click", () => show(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) show(false);
  });
}

export async function inspect(userId, message) {
  const turn = ++latest;
  show(true, document.activeElement);
  let found;
  try {
    found = await get(`/chat/inspect/${userId}/${message.id}`);
  } catch (error) {
    content.replaceChildren(element("p", "hint", "Không còn lưu gói tin của tin nhắn này."));
    return;
  }
  if (turn !== latest) return;
  content.replaceChildren(...found.sends.flatMap(drawSend), ...found.events.flatMap(drawEvent));
  panel.querySelector(".close").focus();
}

function show(open, from) {
  panel.hidden = !open;
  document.body.classList.toggle("inspecting", open);
  toggle.setAttribute("aria-expanded", String(open));
  if (open && from) opener = from;
  if (!open && opener && opener.isConnected) opener.focus();
}

function drawSend(send) {
  return [
    element("h3", "", `Lời gọi gửi tin: POST ${send.path}`),
    block("Tiêu đề", headers(send.headers)),
    block("Yêu cầu", JSON.stringify(send.request, null, 2)),
    block("Trả lời", JSON.stringify(send.response, null, 2)),
  ];
}

function drawEvent(event) {
  const tries = element("ul", "tries");
  for (const each of event.attempts) {
    const words = each.status ? `HTTP ${each.status}` : each.error;
    const nth = each.num_retry ? `Gửi lại lần ${each.num_retry}` : "Gửi lần đầu";
    tries.append(element("li", each.status === 200 ? "ok" : "bad", `${nth}: ${words}, ${each.took_ms} ms`));
  }
  if (!event.attempts.length) tries.append(element("li", "", "Chưa gửi tới webhook"));
  return [
    element("h3", "", `Sự kiện: ${event.event_name}`),
    tries,
    block("Tiêu đề", headers(event.headers)),
    block("Thân nguyên văn", event.body),
  ];
}

const headers = (pairs) => Object.entries(pairs).map(([name, value]) => `${name}: ${value}`).join("\n");

function block(title, text) {
  const figure = element("figure");
  const code = element("pre", "", text);
  code.tabIndex = 0;
  code.setAttribute("aria-label", title);
  figure.append(element("figcaption", "", title), code);
  return figure;
}

// Starts the phones, keeps them up to date, and switches between them on a narrow screen.

import { get, listen, post } from "./api.js";
import { setUpInspector } from "./inspector.js";
import { Phone } from "./phone.js";

const alertBox = document.querySelector(".alert");
const phones = new Map();
let waiting = [];
let loading = false;

function complain(text, action) {
  alertBox.hidden = !text;
  alertBox.querySelector("span").textContent = text;
  alertBox.querySelector("button").hidden = !action;
}

async function load() {
  loading = true;
  waiting = [];
  try {
    const state = await get("/chat/state");
    for (const citizen of state.citizens) phones.get(citizen.user_id).load(citizen);
    showWebhook(state.subscribed);
  } finally {
    loading = false;
    waiting.forEach(change);
  }
}

function change(what) {
  if (loading) return waiting.push(what);
  if (what.type === "reload") return load();
  if (what.type === "webhook") return showWebhook(what.subscribed);
  const phone = phones.get(what.user_id || what.citizen.user_id);
  if (!phone) return;
  if (what.type === "message") phone.add(what.message);
  else if (what.type === "status") phone.setStatus(what.id, what.status);
  else if (what.type === "citizen") phone.updateCitizen(what.citizen);
}

function showWebhook(subscribed) {
  if (subscribed) return complain("");
  complain("Zalo đã ngừng gửi sự kiện vì webhook không trả lời sau nhiều lần gửi lại.", true);
}

function choose(tab) {
  for (const each of document.querySelectorAll(".switcher button")) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    document.getElementById(each.getAttribute("aria-controls")).classList.toggle("chosen", chosen);
  }
  const phone = phones.get(document.getElementById(tab.getAttribute("aria-controls")).dataset.userId);
  phone.scrollToEnd();
  phone.markSeen();
}

function setUpSwitcher() {
  const tabs = [...document.querySelectorAll(".switcher button")];
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      choose(next);
      next.focus();
    });
  });
  choose(tabs[0]);
}

document.querySelectorAll(".phone").forEach((root) => {
  const phone = new Phone(root, complain);
  phones.set(phone.userId, phone);
});
setUpInspector();
setUpSwitcher();
alertBox.querySelector("button").addEventListener("click", () => post("/chat/webhook", { subscribed: true }));
document.addEventListener("visibilitychange", () => phones.forEach((phone) => phone.markSeen()));
listen(change, load, () => complain("Mất kết nối với máy mô phỏng, đang nối lại…"));

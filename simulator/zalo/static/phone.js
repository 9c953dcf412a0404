// One citizen's phone: messages, composer, pickers, receipts.

import { act, post } from "./api.js";
import { drawMessage, drawStatus, element } from "./bubbles.js";
import { inspect } from "./inspector.js";

const STICKERS = [["cuoi", "Cười"], ["buon", "Buồn"], ["cam-on", "Cảm ơn"], ["dong-y", "Đồng ý"]];
const IMAGES = [
  ["giay-hen.jpg", "Ảnh giấy hẹn có mã QR"],
  ["giay-to.png", "Ảnh giấy tờ mẫu"],
  ["bien-nhan.png", "Ảnh giấy biên nhận mẫu"],
];
const PLACES = [
  ["Phường Kinh Bắc", 21.1861, 106.0763],
  ["Phường Bắc Giang", 21.2731, 106.1946],
  ["Phường Từ Sơn", 21.1189, 105.9606],
  ["Phường Việt Yên", 21.2714, 106.1019],
];
const TYPING_MS = 20000;
const NEAR_END_PX = 80;

export class Phone {
  constructor(root, complain) {
    this.root = root;
    this.userId = root.dataset.userId;
    this.complain = complain;
    this.messages = new Map();
    this.list = root.querySelector(".messages");
    this.box = root.querySelector(".composer textarea");
    this.picker = root.querySelector(".picker");
    this.typing = root.querySelector(".typing");
    this.toEnd = root.querySelector(".to-end");
    this.unread = 0;
    this.listenToPeople();
  }

  load(citizen) {
    this.list.querySelectorAll(".message").forEach((node) => node.remove());
    this.messages.clear();
    this.updateCitizen(citizen);
    const batch = document.createDocumentFragment();
    for (const message of citizen.messages) batch.append(this.draw(message));
    this.list.append(batch);
    this.changed();
    this.scrollToEnd();
    this.markSeen();
  }

  add(message) {
    if (this.messages.has(message.id)) return;
    const follow = message.side === "citizen" || this.atEnd();
    this.list.append(this.draw(message));
    if (message.side === "oa" && !this.visible()) this.countUnread(this.unread + 1);
    this.changed(message);
    if (follow) this.scrollToEnd();
    else this.toEnd.hidden = false;
    this.markSeen();
  }

  setStatus(id, status) {
    const message = this.messages.get(id);
    if (!message) return;
    message.status = status;
    const node = this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (node) drawStatus(node, message);
    if (status === "failed") this.showTyping(false);
  }

  updateCitizen(citizen) {
    const button = this.root.querySelector(".follow");
    button.setAttribute("aria-pressed", String(citizen.follows));
    button.textContent = citizen.follows ? "Đã quan tâm" : "Quan tâm";
  }

  visible() {
    return document.visibilityState === "visible" && this.root.offsetParent !== null;
  }

  markSeen() {
    if (!this.visible()) return;
    this.countUnread(0);
    const fresh = [...this.messages.values()].filter((m) => m.side === "oa" && m.status !== "seen" && !m.told);
    if (!fresh.length) return;
    fresh.forEach((m) => { m.told = true; });
    post("/chat/seen", { user_id: this.userId, message_ids: fresh.map((m) => m.id) }).catch(() => {
      fresh.forEach((m) => { m.told = false; });
    });
  }

  draw(message) {
    this.messages.set(message.id, message);
    if (!message.shown) return document.createDocumentFragment();
    return drawMessage(message, {
      inspect: () => inspect(this.userId, message),
      tap: (button) => this.tap(button),
      share: () => this.share(),
    });
  }

  changed(latest) {
    this.root.classList.toggle("empty", this.messages.size === 0);
    const people = [...this.messages.values()].filter((m) => m.side === "citizen").length;
    this.root.querySelector(".chips").hidden = people > 0;
    if (latest) this.showTyping(latest.side === "citizen");
  }

  showTyping(on) {
    clearTimeout(this.typingEnd);
    const follow = this.atEnd();
    this.typing.hidden = !on;
    if (on) this.typingEnd = setTimeout(() => this.showTyping(false), TYPING_MS);
    if (follow) this.scrollToEnd();
  }

  atEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR_END_PX;
  }

  scrollToEnd() {
    this.list.scrollTop = this.list.scrollHeight;
    this.toEnd.hidden = true;
  }

  countUnread(number) {
    this.unread = number;
    const badge = document.querySelector(`#tab-${this.root.dataset.citizen} .unread`);
    badge.hidden = number === 0;
    badge.textContent = number ? `${number} tin mới` : "";
  }

  async send(what) {
    try {
      await act(this.userId, what);
      return true;
    } catch (error) {
      this.complain(`Không gửi được: ${error.message}`);
      return false;
    }
  }

  tap(button) {
    if (button.type === "oa.query.show") return this.send({ button: button.payload, shown: true });
    if (button.type === "oa.query.hide") return this.send({ button: button.payload });
    if (button.type === "oa.open.url") return window.open(button.payload.url, "_blank", "noopener");
    const scheme = button.type === "oa.open.phone" ? "tel" : "sms";
    const body = button.payload.content ? `?body=${encodeURIComponent(button.payload.content)}` : "";
    window.location.href = `${scheme}:+${button.payload.phone_code}${body}`;
  }

  share() {
    return this.send({
      share_info: {
        name: this.root.dataset.name,
        phone: "",
        full_address: { user_city: "Bắc Ninh", user_ward: "Phường Kinh Bắc", user_address: "" },
      },
    });
  }

  listenToPeople() {
    const form = this.root.querySelector(".composer");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      }
    });
    this.box.addEventListener("input", () => this.fitBox());
    this.root.querySelector(".chips").addEventListener("click", (event) => {
      if (event.target.matches("button")) this.send({ text: event.target.textContent });
    });
    this.root.querySelector(".follow").addEventListener("click", (event) => {
      const follows = event.currentTarget.getAttribute("aria-pressed") === "true";
      this.send(follows ? { unfollow: true } : { follow: true });
    });
    form.querySelectorAll(".tool").forEach((tool) => {
      tool.addEventListener("click", () => this.openPicker(tool));
    });
    this.toEnd.addEventListener("click", () => this.scrollToEnd());
    this.list.addEventListener("scroll", () => {
      if (this.atEnd()) this.toEnd.hidden = true;
    });
    this.list.addEventListener("load", () => { if (this.atEnd()) this.scrollToEnd(); }, true);
  }

  async submit() {
    const text = this.box.value.trim();
    if (!text) return;
    this.box.value = "";
    this.fitBox();
    if (!(await this.send({ text })) && !this.box.value) this.box.value = text;
  }

  fitBox() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, 140)}px`;
  }

  openPicker(tool) {
    const open = tool.getAttribute("aria-expanded") === "true";
    this.closePicker();
    if (open) return;
    tool.setAttribute("aria-expanded", "true");
    this.picker.replaceChildren(...this.choices(tool.dataset.picker));
    this.picker.className = `picker ${tool.dataset.picker}`;
    this.picker.hidden = false;
    this.picker.querySelector("button").focus();
  }

  closePicker() {
    this.picker.hidden = true;
    this.root.querySelectorAll(".tool").forEach((t) => t.setAttribute("aria-expanded", "false"));
  }

  choices(kind) {
    const at = (path) => new URL(path, window.location.href).href;
    if (kind === "sticker") {
      return STICKERS.map(([name, words]) => {
        const url = at(`/static/stickers/${name}.svg`);
        return this.choice(words, { sticker: name, url }, url);
      });
    }
    if (kind === "image") {
      return IMAGES.map(([name, words]) => {
        const url = at(`/static/media/${name}`);
        return this.choice(words, { image: url }, url);
      });
    }
    return PLACES.map(([name, latitude, longitude]) =>
      this.choice(name, { location: { name, latitude, longitude } }));
  }

  choice(words, what, picture) {
    const button = element("button", "", picture ? undefined : words);
    button.type = "button";
    if (picture) {
      const image = element("img");
      image.src = picture;
      image.alt = words;
      button.append(image);
    }
    button.addEventListener("click", () => {
      this.closePicker();
      this.box.focus();
      this.send(what);
    });
    return button;
  }
}

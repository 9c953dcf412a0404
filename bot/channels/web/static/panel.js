// The round button and the panel: what is seen, where the focus is, how it opens and closes.

const ICONS = {
  chat: "M4 4h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H9l-5 4v-4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z",
  close: "M6 4.6 12 10.6 18 4.6 19.4 6 13.4 12 19.4 18 18 19.4 12 13.4 6 19.4 4.6 18 10.6 12 4.6 6z",
  send: "M3 20v-6l8-2-8-2V4l19 8z",
  place: "M12 2a7 7 0 0 1 7 7c0 5-7 13-7 13S5 14 5 9a7 7 0 0 1 7-7zm0 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  bin: "M9 3h6l1 2h4v2H4V5h4zM6 8h12l-1 13H7zm3 2v9h1.6v-9zm4.4 0v9H15v-9z",
};
const EXAMPLES = [
  "Làm khai sinh cho con cần giấy tờ gì?",
  "Đăng ký tạm trú mất bao lâu?",
  "Tra cứu hồ sơ đã nộp",
];

class Panel {
  // on: {say(text), place(), erase(), opened(), closed()}
  constructor(on) {
    this.on = on;
    this.host = make("div", { id: "tro-ly-chat", lang: "vi" });
    this.root = this.host.attachShadow({ mode: "open" });
    this.build();
    this.style();
    document.body.append(this.host);
    this.root.addEventListener("keydown", (event) => this.key(event));
    // A portal's shortcuts can't see that somebody is typing in here.
    for (const name of ["keydown", "keyup", "keypress"]) {
      this.root.addEventListener(name, (event) => event.stopPropagation());
    }
    if (window.visualViewport) {
      window.visualViewport.addEventListener("resize", () => this.fit());
      window.visualViewport.addEventListener("scroll", () => this.fit());
    }
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  get isPhone() {
    return window.matchMedia("(max-width: 480px), (max-height: 480px)").matches;
  }

  open(focus = true) {
    if (this.isOpen) return;
    this.panel.hidden = false;
    this.launch.hidden = true;
    this.panel.setAttribute("aria-modal", String(this.isPhone));
    this.setUnread(0);
    this.fit();
    this.toEnd();
    // On a phone the focus in the field would bring up the keyboard over the conversation.
    const touch = window.matchMedia("(pointer: coarse)").matches;
    if (focus) (touch ? this.title : this.field).focus();
    this.on.opened();
  }

  close() {
    if (!this.isOpen) return;
    this.panel.hidden = true;
    this.launch.hidden = false;
    this.launch.focus();
    this.on.closed();
  }

  setUnread(count) {
    this.badge.hidden = count === 0;
    this.badge.textContent = count > 9 ? "9+" : String(count);
    const more = count ? `, ${count} tin mới` : "";
    this.launch.setAttribute("aria-label", `Mở trò chuyện với trợ lý${more}`);
  }

  setLine(text) {
    if (this.line.textContent !== text) this.line.textContent = text;
    this.line.hidden = !text;
  }

  // What has been said since is read out; what is only shown again is not.
  setQuiet(quiet) {
    this.log.setAttribute("aria-live", quiet ? "off" : "polite");
  }

  setBusy(busy) {
    this.typing.hidden = !busy;
    if (busy) this.toEnd();
  }

  // Adds a message; those of the visitor that are not sent yet stay below all others.
  add(item) {
    const near = this.nearEnd();
    this.empty.hidden = true;
    this.log.insertBefore(item, this.log.querySelector(":scope > .unsent"));
    if (!near) return;
    this.toEnd();
    if (this.isQuiet || item.classList.contains("you")) return;
    // A long answer is read from its beginning.
    const { scrollTop } = this.scroller;
    this.scroller.scrollTop = Math.min(scrollTop, item.offsetTop - this.scroller.offsetTop - 8);
  }

  get isQuiet() {
    return this.log.getAttribute("aria-live") === "off";
  }

  clear() {
    for (const item of this.log.querySelectorAll(":scope > .message")) item.remove();
    this.empty.hidden = false;
    this.setBusy(false);
  }

  toEnd() {
    this.scroller.scrollTop = this.empty.hidden ? this.scroller.scrollHeight : 0;
  }

  nearEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < 120;
  }

  build() {
    this.badge = make("span", { class: "badge", hidden: true });
    this.launch = make("button", { type: "button", class: "launch", onclick: () => this.open() },
      icon(ICONS.chat), this.badge);
    this.title = make("h2", { id: "title", tabindex: "-1" }, "Trợ lý thủ tục");
    this.line = make("p", { class: "line", role: "status", hidden: true });
    this.empty = this.welcome();
    this.log = make("div", { class: "log", role: "log", "aria-live": "off", "aria-label": "Nội dung trò chuyện" });
    this.typing = make("p", { class: "typing", hidden: true }, "Trợ lý đang trả lời…");
    this.scroller = make("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": "Các tin đã nhắn" },
      this.empty, this.log, this.typing);
    this.question = this.confirm();
    this.panel = make("section", { class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true },
      this.head(), this.line, this.scroller, this.question, this.composer());
    this.root.append(this.launch, this.panel);
    this.setUnread(0);
  }

  head() {
    const erase = make("button", { type: "button", class: "plain", title: "Xóa cuộc trò chuyện", "aria-label": "Xóa cuộc trò chuyện", onclick: () => this.ask(true) }, icon(ICONS.bin));
    const close = make("button", { type: "button", class: "plain", title: "Đóng", "aria-label": "Đóng trò chuyện", onclick: () => this.close() }, icon(ICONS.close));
    this.eraser = erase;
    return make("header", {}, make("div", { class: "titles" }, this.title, make("p", {}, `Hành chính công ${ABOUT.province}`)), erase, close);
  }

  welcome() {
    const examples = EXAMPLES.map((text) =>
      make("button", { type: "button", onclick: () => this.on.say(text) }, text));
    return make("div", { class: "empty" },
      make("p", {}, `Chào bạn! Tôi trả lời về thủ tục hành chính ở ${ABOUT.province}: giấy tờ, lệ phí, thời hạn, nơi nộp và tình trạng hồ sơ.`),
      make("p", {}, "Bạn gõ câu hỏi bên dưới, hoặc bấm một câu:"),
      make("div", { class: "actions" }, ...examples),
      make("p", { class: "small" }, `Cần gặp người, bạn nhắn “gặp cán bộ” hoặc gọi ${ABOUT.hotline}.`));
  }

  composer() {
    this.field = make("textarea", { id: "field", rows: "1", maxlength: String(ABOUT.limit), placeholder: "Nhập câu hỏi…", enterkeyhint: "send", autocomplete: "off" });
    this.field.addEventListener("input", () => this.grow());
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    const place = make("button", { type: "button", class: "plain", title: "Gửi vị trí của tôi", "aria-label": "Gửi vị trí của tôi", onclick: () => this.on.place() }, icon(ICONS.place));
    const send = make("button", { type: "submit", class: "send", title: "Gửi", "aria-label": "Gửi" }, icon(ICONS.send));
    place.hidden = !("geolocation" in navigator);
    const label = make("label", { for: "field", class: "hidden" }, "Câu hỏi của bạn");
    return make("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      label, place, this.field, send);
  }

  submit() {
    const text = this.field.value.trim();
    if (!text) return;
    this.field.value = "";
    this.grow();
    this.on.say(text);
    this.field.focus();
  }

  grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 140)}px`;
  }

  confirm() {
    const yes = make("button", { type: "button", class: "danger", onclick: () => { this.ask(false); this.on.erase(); } }, "Xóa hết");
    const no = make("button", { type: "button", onclick: () => this.ask(false) }, "Giữ lại");
    this.no = no;
    return make("div", { class: "question", role: "alertdialog", "aria-labelledby": "question", hidden: true },
      make("p", { id: "question" }, "Xóa cuộc trò chuyện? Mọi tin nhắn của bạn ở đây sẽ bị xóa và không lấy lại được."),
      make("div", { class: "pair" }, yes, no));
  }

  ask(open) {
    this.question.hidden = !open;
    (open ? this.no : this.eraser).focus();
  }

  key(event) {
    if (event.key === "Escape") {
      if (this.question.hidden) this.close();
      else this.ask(false);
    }
    if (event.key === "Tab" && this.isPhone && this.isOpen) this.keepFocus(event);
  }

  // A panel that covers the page must not let the focus go behind it.
  keepFocus(event) {
    const all = this.panel.querySelectorAll("button, a[href], textarea, [tabindex='0']");
    const seen = [...all].filter((e) => e.getClientRects().length);
    const [first, last] = [seen[0], seen[seen.length - 1]];
    const at = this.root.activeElement;
    if (event.shiftKey && (at === first || at === this.title)) {
      event.preventDefault();
      last.focus();
    } else if (!event.shiftKey && at === last) {
      event.preventDefault();
      first.focus();
    }
  }

  // The keyboard of a phone covers the lower half of a page: the panel takes what is left.
  fit() {
    const view = window.visualViewport;
    if (!this.isOpen || !view) return;
    const style = this.panel.style;
    const covered = this.isPhone && view.scale < 1.05;
    style.height = covered ? `${view.height}px` : "";
    style.top = covered ? `${view.offsetTop}px` : "";
    if (covered && this.nearEnd()) this.toEnd();
  }

  // A sheet made here needs no permission of the portal's Content-Security-Policy.
  style() {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      this.root.adoptedStyleSheets = [sheet];
    } catch {
      this.root.append(make("style", {}, CSS)); // browsers from before 2023
    }
  }
}

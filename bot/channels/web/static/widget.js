// Puts the parts together: what the visitor does, what comes in, what is sent again.

class Widget {
  constructor(base) {
    this.shown = new Set(); // ids of the rows that are on the page
    this.own = new Map(); // the visitor's messages by their own id: {item, message}
    this.seen = 0;
    this.busyUntil = 0;
    this.sending = false;
    this.offline = false;
    this.memory = new Memory(base, () => this.startOver());
    this.wire = new Wire(base, this.memory, {
      event: (data) => this.take(data),
      line: (state) => this.setLine(state),
      gone: () => this.gone(),
      erased: () => { this.wipe(); this.wire.listen(); },
    });
    this.panel = new Panel({
      say: (text) => this.say({ text }, text),
      place: () => this.sharePlace(),
      erase: () => this.erase(),
      opened: () => this.opened(),
      closed: () => this.closed(),
    });
    this.pollUnread();
    setInterval(() => this.pollUnread(), 30000);
  }

  opened() {
    remember("open");
    this.showUnsent();
    this.wire.listen();
    this.pump();
  }

  closed() {
    remember("");
    this.wire.stop();
    this.panel.setLine("");
  }

  // What the visitor says. `shown` is what stands in their bubble.
  say(what, shown, kind = "text") {
    const message = { id: newId(), at: new Date().toISOString(), shown, kind, what };
    this.memory.addUnsent(message);
    this.showOwn(message, this.sending ? "waiting" : "sending");
    this.panel.setQuiet(false);
    this.panel.toEnd();
    this.pump();
  }

  showOwn(message, state) {
    const on = { again: () => this.pump() };
    const data = { from: "you", kind: message.kind, text: message.shown, at: message.at };
    const item = bubble(data, on);
    item.dataset.at = message.at;
    setState(item, state, on);
    this.own.set(message.id, { item, message, on });
    this.panel.empty.hidden = true;
    this.panel.log.append(item);
  }

  showUnsent() {
    for (const message of this.memory.read().unsent) {
      if (!this.own.has(message.id)) this.showOwn(message, "waiting");
    }
  }

  // Sends what is not sent, in order, each under the id it was given first.
  async pump() {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let next = this.next(); next; next = this.next()) {
        const known = this.own.get(next.id);
        if (known) setState(known.item, "sending", known.on);
        this.waitForAnswer();
        const result = await this.wire.send({ id: next.id, ...next.what });
        if (result.later !== undefined) {
          this.fail(result.later);
          setTimeout(() => this.panel.isOpen && this.pump(), (result.wait || 10) * 1000);
          return;
        }
        this.memory.removeUnsent(next.id);
        this.settle(next.id, result);
        this.wire.listen();
      }
    } finally {
      this.sending = false;
    }
  }

  next() {
    return this.memory.read().unsent[0];
  }

  fail(why) {
    this.answered();
    for (const { id } of this.memory.read().unsent) {
      const known = this.own.get(id);
      if (known) setState(known.item, "failed", known.on, why);
    }
  }

  settle(id, result) {
    const known = this.own.get(id);
    if (!known) return;
    if (result.refused) {
      this.answered();
      setState(known.item, "refused", known.on, result.refused);
      known.item.classList.remove("unsent");
      return;
    }
    setState(known.item, "sent", known.on);
  }

  // One message of the conversation, from the server; each is shown once, however often it comes.
  take(data) {
    if (this.shown.has(data.id)) return;
    this.shown.add(data.id);
    this.noteSeen(data.id);
    const own = data.ref && this.own.get(data.ref);
    if (own) {
      this.memory.removeUnsent(data.ref);
      if (own.item.classList.contains("unsent")) this.settle(data.ref, { ok: true });
      return;
    }
    if (data.from !== "you") this.answered();
    const tap = (button) => this.say({ payload: button.payload, title: button.title }, button.title);
    this.panel.add(bubble(data, { tap, save: (given) => this.save(given) }));
  }

  async save({ id, file }) {
    try {
      const address = URL.createObjectURL(await this.wire.file(id));
      make("a", { href: address, download: file }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60000);
    } catch (error) {
      this.panel.setLine(error.message || "Chưa tải được tệp. Bạn thử lại giúp nhé.");
    }
  }

  noteSeen(id) {
    this.seen = Math.max(this.seen, id);
    clearTimeout(this.noting);
    this.noting = setTimeout(() => this.memory.change({ seen: this.seen }), 200);
  }

  waitForAnswer() {
    this.busyUntil = Date.now() + 30000;
    this.panel.setBusy(true);
    setTimeout(() => Date.now() >= this.busyUntil && this.panel.setBusy(false), 30100);
  }

  answered() {
    this.busyUntil = 0;
    this.panel.setBusy(false);
  }

  sharePlace() {
    this.panel.setLine("Đang lấy vị trí…");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        this.panel.setLine("");
        // To about a hundred metres: nobody's door is needed.
        const short = (degrees) => Number(degrees.toFixed(3));
        const location = { latitude: short(coords.latitude), longitude: short(coords.longitude) };
        this.say({ location }, "", "location");
      },
      (error) => {
        const refused = error.code === error.PERMISSION_DENIED;
        const why = refused ? "Bạn chưa cho phép lấy vị trí." : "Chưa lấy được vị trí.";
        this.panel.setLine(`${why} Bạn gõ tên xã, phường giúp nhé.`);
      },
      { timeout: 15000, maximumAge: 60000 },
    );
  }

  setLine(state) {
    if (state === "off") {
      this.offline = true;
      this.panel.setLine("Mất kết nối. Tôi đang thử nối lại, tin chưa gửi vẫn được giữ.");
      return;
    }
    if (this.offline) this.panel.setLine("");
    this.offline = false;
    setTimeout(() => this.panel.setQuiet(false), 1000); // after what is only shown again
    this.pump();
  }

  async erase() {
    if (await this.wire.withdraw()) {
      this.memory.forget();
      this.startOver();
      this.panel.setLine("Đã xóa cuộc trò chuyện.");
    } else {
      this.panel.setLine("Chưa xóa được vì mất kết nối. Bạn thử lại giúp nhé.");
    }
  }

  // The conversation was erased elsewhere, or the server does not know it any more.
  gone() {
    this.memory.change({ token: "", seen: 0 });
    this.startOver();
    this.panel.setLine("Cuộc trò chuyện trước đã được xóa. Bạn nhắn tin để bắt đầu lại.");
  }

  startOver() {
    this.wire.forget();
    this.wipe();
    if (this.panel.isOpen) {
      this.showUnsent();
      this.wire.listen();
      this.pump();
    }
  }

  wipe() {
    clearTimeout(this.noting);
    this.seen = 0;
    this.shown.clear();
    this.own.clear();
    this.panel.setQuiet(true);
    this.panel.clear();
  }

  // While the panel is closed no connection is held: a look now and then tells what is new.
  async pollUnread() {
    if (this.panel.isOpen || document.hidden) return;
    try {
      const { seen } = this.memory.read();
      const news = (await this.wire.peek(seen)).filter((d) => d.from !== "you" && d.id > seen);
      if (!this.panel.isOpen) this.panel.setUnread(news.length);
    } catch {
      // the next look will tell
    }
  }
}

function remember(open) {
  try {
    window.sessionStorage.setItem("tro-ly:open", open);
  } catch {
    // the panel opens closed on the next page
  }
}

function wasOpen() {
  try {
    return window.sessionStorage.getItem("tro-ly:open") === "open";
  } catch {
    return false;
  }
}

const own = document.currentScript;
if (own && !document.getElementById("tro-ly-chat")) {
  const widget = new Widget(new URL(".", own.src).href);
  if (wasOpen() || own.hasAttribute("data-open")) widget.panel.open(false);
}

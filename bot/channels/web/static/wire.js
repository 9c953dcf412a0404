// Talks to the assistant: messages out, events in. Knows nothing of what is shown.

const SEND_MS = 15000;
const SILENCE_MS = 40000; // the server beats every 15 s: this long without a byte is a dead line
const POLL_MS = 3000;
const STREAM_AGAIN_MS = 60000;
const BACK_OFF_MS = [500, 1000, 2000, 5000, 10000, 20000];

class Wire {
  // on: {event(data), line("on" | "off"), gone(), erased()}
  constructor(base, memory, on) {
    this.base = base;
    this.memory = memory;
    this.on = on;
    this.cursor = "";
    this.listening = null; // the AbortController of the present connection
    this.beginning = null;
    window.addEventListener("online", () => {
      if (this.cut) this.cut(); // what was open before is dead, and nobody would notice for long
      this.hurry();
    });
    window.addEventListener("offline", () => this.listening && this.on.line("off"));
    document.addEventListener("visibilitychange", () => !document.hidden && this.hurry());
  }

  // Sends one message. Returns {ok}, {refused: why} when it never can be, or {later: why, wait}.
  async send(message) {
    try {
      for (let tries = 0; tries < 2; tries += 1) {
        const token = await this.token();
        const response = await this.post("messages", token, message);
        if (response.ok) return { ok: true };
        const { error } = await response.json().catch(() => ({}));
        if (response.status === 401) {
          this.lose(token);
        } else if (response.status === 429 || response.status >= 500) {
          return { later: response.status === 429 ? error : "", wait: waitOf(response) };
        } else {
          return { refused: error || "Tin này không gửi được." };
        }
      }
    } catch (error) {
      if (error instanceof TooFast) return { later: error.message, wait: error.wait };
    }
    return { later: "", wait: 0 };
  }

  // Asks for everything to be erased; whether that was accepted.
  async withdraw() {
    const { token } = this.memory.read();
    if (!token) return true;
    try {
      const response = await this.post("withdraw", token, {});
      return response.ok || response.status === 401; // unknown: erased already
    } catch {
      return false;
    }
  }

  listen() {
    if (this.listening || !this.memory.read().token) return;
    this.listening = new AbortController();
    this.run(this.listening).catch(() => this.stop());
  }

  stop() {
    const listening = this.listening;
    this.listening = null;
    if (listening) listening.abort();
  }

  forget() {
    this.stop();
    this.cursor = "";
    this.beginning = null;
  }

  hurry() {
    if (this.wake) this.wake();
  }

  // What is new since a row, in one request; for a closed panel. Moves no cursor.
  async peek(seen) {
    const events = [];
    const { token } = this.memory.read();
    if (!token) return events;
    const response = await this.get(`events?once=1&after=${seen}`, token, undefined, "");
    if (response.ok) await readEvents(response.body, (event) => events.push(event));
    return events.filter((event) => event.data && !event.name).map((event) => event.data);
  }

  // The file of a message. A link could not carry the token.
  async file(id) {
    const { token } = this.memory.read();
    const response = await this.get(`files/${id}`, token, undefined, "");
    if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error || "");
    return response.blob();
  }

  async run(listening) {
    let failures = 0;
    let stream = true;
    let streamAgain = 0;
    while (this.listening === listening) {
      stream = stream || Date.now() > streamAgain;
      const result = await this.connect(listening, stream);
      if (this.listening !== listening) return;
      if (result === "full") {
        stream = false;
        streamAgain = Date.now() + STREAM_AGAIN_MS;
        failures = 0;
      } else if (result === "failed") {
        this.on.line("off");
        await this.pause(BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)]);
        failures += 1;
      } else {
        failures = 0;
        if (!stream) await this.pause(POLL_MS);
      }
    }
  }

  // One connection until it ends: "done", "full" (ask again and again instead) or "failed".
  async connect(listening, stream) {
    const { token } = this.memory.read();
    const dead = new AbortController();
    const stop = () => dead.abort();
    listening.signal.addEventListener("abort", stop);
    this.cut = stop;
    let watch = setTimeout(stop, SILENCE_MS);
    const alive = () => {
      clearTimeout(watch);
      watch = setTimeout(stop, SILENCE_MS);
    };
    try {
      const path = stream ? "events" : `events?once=1&after=${this.cursor}`;
      const response = await this.get(path, token, dead.signal, stream ? this.cursor : "");
      if (response.status === 401) return this.over(listening, "gone");
      if (stream && response.status === 503) return "full";
      if (!response.ok) return "failed";
      this.on.line("on");
      let last = "";
      await readEvents(response.body, (event) => {
        if (event.id) this.cursor = event.id;
        if (event.name) last = event.name;
        else if (event.data && this.listening === listening) this.on.event(event.data);
      }, alive);
      return last ? this.over(listening, last) : "done";
    } catch {
      return "failed";
    } finally {
      clearTimeout(watch);
      listening.signal.removeEventListener("abort", stop);
    }
  }

  over(listening, name) {
    if (this.listening === listening) {
      this.forget();
      if (name === "gone") this.on.gone();
      else this.on.erased();
    }
    return "done";
  }

  pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms * (0.8 + Math.random() * 0.4));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  token() {
    const { token } = this.memory.read();
    if (token) return Promise.resolve(token);
    if (!this.beginning) {
      this.beginning = this.begin().finally(() => { this.beginning = null; });
    }
    return this.beginning;
  }

  async begin() {
    const response = await this.post("sessions", "", {});
    if (response.status === 429) {
      const { error } = await response.json().catch(() => ({}));
      throw new TooFast(error, waitOf(response));
    }
    if (!response.ok) throw new Error("no session");
    const { token } = await response.json();
    this.memory.change({ token });
    return token;
  }

  lose(token) {
    if (this.memory.read().token === token) this.memory.change({ token: "" });
    this.forget();
  }

  post(path, token, body) {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), SEND_MS);
    const headers = { "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    return fetch(this.base + path, {
      method: "POST", headers, body: JSON.stringify(body), signal: late.signal,
      credentials: "omit", referrerPolicy: "no-referrer",
    }).finally(() => clearTimeout(timer));
  }

  // The token travels in a header and never in an address, which would be logged on the way.
  get(path, token, signal, cursor) {
    const headers = { Authorization: `Bearer ${token}`, Accept: "text/event-stream" };
    if (cursor) headers["Last-Event-ID"] = cursor;
    return fetch(this.base + path, {
      headers, signal, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer",
    });
  }
}

class TooFast extends Error {
  constructor(message, wait) {
    super(message || "");
    this.wait = wait;
  }
}

function waitOf(response) {
  return Number(response.headers.get("Retry-After")) || 0;
}

// Reads an event stream to its end: take({id, name, data}) for each event, alive() at each chunk.
async function readEvents(body, take, alive = () => {}) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    rest += decoder.decode(value, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { id: "", name: "", data: null };
      for (const line of block.split("\n")) {
        if (line.startsWith("id: ")) event.id = line.slice(4);
        else if (line.startsWith("event: ")) event.name = line.slice(7);
        else if (line.startsWith("data: ")) event.data = JSON.parse(line.slice(6));
      }
      if (event.data) take(event);
    }
  }
}

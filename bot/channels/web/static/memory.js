// What this browser keeps: the visitor's token, what is not sent yet, and what was seen.
// The conversation itself is kept by the server and comes back with the token.

class Memory {
  constructor(base, onOtherTab) {
    this.key = `tro-ly:${base}`;
    this.held = null; // what could not be written: full or forbidden; for this page only
    window.addEventListener("storage", (event) => {
      if (event.key !== this.key && event.key !== null) return;
      const before = parsed(event.oldValue).token;
      if (before !== this.read().token) onOtherTab();
    });
  }

  read() {
    let stored = this.held; // newer than what is stored
    try {
      stored ??= window.localStorage.getItem(this.key);
    } catch {
      // forbidden, and nothing is held
    }
    const { token = "", unsent = [], seen = 0 } = parsed(stored);
    return { token, unsent: Array.isArray(unsent) ? unsent : [], seen };
  }

  change(changes) {
    const text = JSON.stringify({ ...this.read(), ...changes });
    try {
      window.localStorage.setItem(this.key, text);
      this.held = null;
    } catch {
      this.held = text;
    }
  }

  addUnsent(message) {
    const others = this.read().unsent.filter((m) => m.id !== message.id);
    this.change({ unsent: [...others, message] });
  }

  removeUnsent(id) {
    this.change({ unsent: this.read().unsent.filter((m) => m.id !== id) });
  }

  forget() {
    this.held = null;
    try {
      window.localStorage.removeItem(this.key);
    } catch {
      // nothing was kept
    }
  }
}

function parsed(text) {
  try {
    const value = JSON.parse(text || "{}");
    return value && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

function newId() {
  const bytes = window.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

// What a page of the help desk does beyond its forms: everything here is a convenience, for every
// page works without it by reloading.
(() => {
  "use strict";

  const POLL_MS = 15000; // while no stream is open
  const GAP = /\[còn thiếu: [^\[\]]+\]|\{\{|\}\}/i;
  const script = document.currentScript;
  const title = document.title;
  const byId = (id) => document.getElementById(id);

  function remembered(store, key, value) {
    try {
      if (value === undefined) return store.getItem(key);
      if (value === null) store.removeItem(key);
      else store.setItem(key, value);
    } catch {
      // A browser that keeps nothing: the page works, it only forgets.
    }
    return null;
  }

  // --- numbers: the title's counter, and a soft sound for who has just come

  const chime = new Audio(script.dataset.sound);
  chime.volume = 0.5;
  let known = null;

  function soundIsOn() {
    return remembered(localStorage, "desk-sound") !== "off";
  }

  function showNumbers() {
    const numbers = byId("numbers");
    if (!numbers) return;
    const waiting = Number(numbers.dataset.waiting);
    const newest = Number(numbers.dataset.newest);
    const open = waiting + Number(numbers.dataset.unanswered);
    document.title = open ? `(${open}) ${title}` : title;
    if (known && (newest > known.newest || waiting > known.waiting)) {
      document.dispatchEvent(new CustomEvent("desk-waiting", { detail: { waiting, newest } }));
      // Before the first click or key on a page a browser plays nothing: no fault of anybody.
      if (soundIsOn()) chime.play().catch(() => {});
    }
    known = { waiting, newest };
  }

  function setUpSound() {
    const button = byId("sound");
    if (!button) return;
    const show = () => {
      button.textContent = soundIsOn() ? "Âm báo: bật" : "Âm báo: tắt";
      button.setAttribute("aria-pressed", String(soundIsOn()));
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      remembered(localStorage, "desk-sound", soundIsOn() ? "off" : "on");
      show();
    });
    show();
  }

  // --- live: the stream tells that something changed; without one the page asks by itself

  let streaming = false;
  document.addEventListener("htmx:sseOpen", () => { streaming = true; });
  document.addEventListener("htmx:sseError", () => { streaming = false; });
  document.addEventListener("htmx:sseClose", () => { streaming = false; });

  function look() {
    for (const element of document.querySelectorAll("[data-live]")) htmx.trigger(element, "poll");
  }
  setInterval(() => { if (!streaming) look(); }, POLL_MS);

  // What a reader has opened in a live part stays open when that is drawn anew.
  let opened = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    opened = [...event.detail.target.querySelectorAll("details[id][open]")].map(({ id }) => id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of opened) if (byId(id)) byId(id).open = true;
  });

  let wasAtBottom = true;
  function atBottom(element) {
    return element.scrollHeight - element.scrollTop - element.clientHeight < 80;
  }
  function toBottom() {
    const thread = byId("thread");
    if (thread) thread.scrollTop = thread.scrollHeight;
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "thread") wasAtBottom = atBottom(event.detail.target);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    showNumbers();
    if (event.detail.target.id === "thread" && wasAtBottom) toBottom();
  });

  // --- the compose box: a draft that outlives a reload, Ctrl+Enter, texts put in at the cursor

  const compose = byId("compose");
  const text = byId("text");
  const draftKey = compose && `desk-draft-${compose.dataset.draft}`;

  function say(words) {
    const place = byId("sent");
    if (!place) return;
    const line = document.createElement("p");
    line.className = "note bad";
    line.setAttribute("role", "alert");
    line.textContent = words;
    place.replaceChildren(line);
  }

  // The assistant's draft that the text was made of, so that it is known to be used up.
  const draftOf = (id) => { byId("draft-id").value = id; };

  function keepDraft() {
    if (!text.value) draftOf("");
    remembered(sessionStorage, draftKey, text.value || null);
    remembered(sessionStorage, `${draftKey}-of`, byId("draft-id").value || null);
    const gap = GAP.test(text.value);
    byId("gap").hidden = !gap;
    compose.querySelector("button[type=submit]").disabled = gap;
  }

  function insert(words) {
    const { selectionStart: start, selectionEnd: end, value } = text;
    const before = value.slice(0, start);
    const space = before && !before.endsWith("\n") ? "\n" : "";
    text.value = before + space + words + value.slice(end);
    const place = before.length + space.length + words.length;
    text.focus();
    const gap = text.value.search(GAP);
    if (gap >= 0) text.setSelectionRange(gap, gap + text.value.slice(gap).match(GAP)[0].length);
    else text.setSelectionRange(place, place);
    keepDraft();
  }

  async function fetchAndInsert(address, draftId) {
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const words = await answer.text();
      if (draftId) draftOf(draftId);
      insert(words);
    } catch {
      say("Chưa lấy được nội dung. Mời anh/chị thử lại.");
    }
  }

  if (compose) {
    if (!text.value) {
      text.value = remembered(sessionStorage, draftKey) || "";
      draftOf(remembered(sessionStorage, `${draftKey}-of`) || "");
    }
    keepDraft();
    text.addEventListener("input", keepDraft);
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        if (!GAP.test(text.value)) compose.requestSubmit();
      }
    });
    document.addEventListener("click", (event) => {
      const link = event.target.closest("[data-insert]");
      if (!link || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      fetchAndInsert(link.dataset.insert, link.dataset.draftId);
    });
    document.body.addEventListener("desk-sent", () => {
      compose.reset();
      text.value = "";
      keepDraft();
      text.focus();
      wasAtBottom = true;
      look();
    });
    document.body.addEventListener("desk-draft", () => {
      wasAtBottom = true;
      text.focus();
      look();
    });
    compose.addEventListener("htmx:sendError", () => {
      say("Mất kết nối nên tin chưa gửi. Nội dung vẫn còn trong ô, mời anh/chị gửi lại.");
    });
    compose.addEventListener("htmx:responseError", () => {
      say("Tin chưa gửi được. Mời anh/chị tải lại trang rồi gửi lại; nội dung vẫn còn trong ô.");
    });
  }

  // --- keys

  const help = byId("help");
  const helpButton = byId("help-open");
  if (help && helpButton) {
    helpButton.hidden = false;
    helpButton.addEventListener("click", () => help.showModal());
  }

  function step(by) {
    const rows = [...document.querySelectorAll("[data-row]")];
    if (!rows.length) return;
    const here = rows.findIndex((row) => row.closest("li").contains(document.activeElement));
    const next = here < 0 ? (by > 0 ? 0 : rows.length - 1) : here + by;
    rows[Math.min(Math.max(next, 0), rows.length - 1)].focus();
  }

  function claim() {
    const row = document.activeElement.closest("li");
    const form = (row || document).querySelector("form[data-claim]");
    if (form) form.requestSubmit();
  }

  function openAndFocus(id) {
    const field = byId(id);
    if (!field) return;
    const hidden = field.closest("details");
    if (hidden) hidden.open = true;
    field.focus();
  }

  function draft() {
    const button = document.querySelector("[data-approve]");
    if (button) button.focus(); // and no more: a key alone must send nothing
  }

  const KEYS = {
    g: draft,
    j: () => step(1),
    k: () => step(-1),
    c: claim,
    r: () => openAndFocus("text"),
    n: () => openAndFocus("note"),
    "/": () => openAndFocus("q"),
    "?": () => help && help.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const writing = event.target.matches("input, textarea, select");
    if (writing && event.key === "Escape") event.target.blur();
    if (writing || event.ctrlKey || event.metaKey || event.altKey || (help && help.open)) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  setUpSound();
  showNumbers();
  toBottom();
})();

// Draws one message. All text goes in as text nodes: nothing that a message says becomes markup.

const CITIZEN_STATUS = {
  sent: ["✓", "Đã gửi"],
  received: ["✓✓", "OA đã nhận"],
  retrying: ["↻", "OA chưa nhận, đang gửi lại"],
  failed: ["!", "Không gửi được tới OA"],
  answered: ["✓✓", "OA đã trả lời"],
};
const OA_STATUS = { sent: ["✓", "Đã gửi"], received: ["✓✓", "Đã nhận"], seen: ["✓✓", "Đã xem"] };
const ADDRESS = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;

export function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

export function drawMessage(message, on) {
  if (message.side === "note") {
    const note = element("p", "message note", message.text);
    note.dataset.id = message.id;
    return note;
  }
  const side = message.side === "oa" ? "from-oa" : "from-citizen";
  const node = element("article", `message ${side}`);
  node.dataset.id = message.id;
  const bubble = element("div", "bubble");
  if (message.kind === "zbs") bubble.append(element("p", "kind", "Tin nhắn mẫu ZBS"));
  drawAttachment(bubble, message, on);
  if (message.text) bubble.append(linked(message.text));
  node.append(bubble);
  if (message.buttons.length) node.append(drawButtons(message.buttons, on));
  node.append(drawFoot(message, on));
  return node;
}

export function drawStatus(node, message) {
  const status = node.querySelector(".status");
  if (!status) return;
  const known = message.side === "oa" ? OA_STATUS : CITIZEN_STATUS;
  const [mark, words] = known[message.status] || ["", ""];
  status.replaceChildren(element("span", "", mark), ` ${words}`);
  status.dataset.status = message.status;
}

function drawFoot(message, on) {
  const foot = element("footer", "foot");
  const time = element("time", "", clock(message.at_ms));
  time.dateTime = new Date(message.at_ms).toISOString();
  const status = element("span", "status");
  const inspect = element("button", "inspect", "gói tin");
  inspect.type = "button";
  inspect.setAttribute("aria-label", `Xem gói tin của tin nhắn lúc ${time.textContent}`);
  inspect.addEventListener("click", () => on.inspect(message));
  foot.append(time, status, inspect);
  drawStatus(foot, message);
  return foot;
}

function drawButtons(buttons, on) {
  const list = element("div", "buttons");
  for (const each of buttons) {
    const button = element("button", each.type.replaceAll(".", "-"), each.title);
    button.type = "button";
    button.addEventListener("click", () => on.tap(each));
    list.append(button);
  }
  return list;
}

function drawAttachment(bubble, message, on) {
  const attachment = message.attachment;
  if (!attachment) return;
  const payload = attachment.payload || attachment;
  if (attachment.type === "image" || attachment.type === "gif") {
    picture(bubble, payload.url, "Ảnh đã gửi", "photo");
  } else if (attachment.type === "sticker") {
    picture(bubble, payload.url, "Nhãn dán", "sticker");
  } else if (attachment.type === "location") {
    const { latitude, longitude } = payload.coordinates;
    const place = element("p", "place", "Vị trí của tôi");
    place.append(element("small", "", `${latitude}, ${longitude}`));
    bubble.append(place);
  } else if (attachment.type === "request_user_info") {
    bubble.append(element("p", "card-title", attachment.title), element("p", "", attachment.subtitle));
    const share = element("button", "share", "Chia sẻ thông tin");
    share.type = "button";
    share.addEventListener("click", on.share);
    bubble.append(share);
  } else {
    bubble.append(element("p", "file", payload.name || payload.description || payload.url || attachment.type));
  }
}

function picture(bubble, url, words, className) {
  if (!/^(https?:\/\/|\/)/.test(url || "")) return bubble.append(element("p", "file", words));
  const image = element("img", className);
  image.src = url;
  image.alt = words;
  bubble.append(image);
}

function linked(text) {
  const paragraph = element("p", "text");
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    paragraph.append(text.slice(end, match.index));
    const link = element("a", "", match[0]);
    link.href = match[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    paragraph.append(link);
    end = match.index + match[0].length;
  }
  paragraph.append(text.slice(end));
  return paragraph;
}

function clock(ms) {
  return new Date(ms).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit" });
}

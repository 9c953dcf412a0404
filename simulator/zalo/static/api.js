// Calls to the simulator and its stream of changes.

export async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || `HTTP ${response.status}`);
  return answer;
}

export async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

export const act = (userId, what) => post("/chat/send", { user_id: userId, ...what });

// Calls onChange for each change and onOpen at each (re)connection, when the state must be read anew.
export function listen(onChange, onOpen, onLost) {
  const source = new EventSource("/chat/stream");
  source.onopen = onOpen;
  source.onerror = onLost;
  source.onmessage = (event) => onChange(JSON.parse(event.data));
}

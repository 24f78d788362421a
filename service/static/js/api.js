// Requests of a colleague's pages: the session cookie goes along by itself, the CSRF token by hand.

const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

export class Problem extends Error {
  constructor(status, problem) {
    super(problem?.message ?? "Something went wrong. Nothing was lost.");
    this.status = status;
    this.code = problem?.code ?? "error";
    this.fields = problem?.fields ?? {};
  }
}

async function answered(response) {
  if (response.ok) return response;
  // A page answers an ended login with a redirect, the API with 401.
  if (response.status === 401 || response.type === "opaqueredirect") {
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  }
  const body = await response.json().catch(() => null);
  throw new Problem(response.status, body?.error);
}

async function reached(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Problem(0, { message: "Remit cannot be reached right now. Nothing was changed." });
  }
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
  const response = await reached(path, { method: "POST", headers, body: JSON.stringify(body) });
  return (await answered(response)).json();
}

// The last word of a page that goes away; nobody waits for the answer.
export function leaving(path) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
  fetch(path, { method: "POST", headers, body: "{}", keepalive: true }).catch(() => {});
}

// What a page fetches by itself does not keep a login alive.
export async function look(path) {
  return answered(await reached(path, { redirect: "manual", headers: { "X-Remit-Background": "1" } }));
}

// Runs `work` every so often while the page is seen, and at once when it is seen again (`now`: and now).
export function whileSeen(seconds, work, now = false) {
  const run = () => document.hidden || work().catch(() => {});
  if (now) run();
  setInterval(run, seconds * 1000);
  document.addEventListener("visibilitychange", run);
}

// The customer's token: handed out by the host app, renewed a minute before it ends.

export class SignedOut extends Error {}

export function tokens(url) {
  let held = null;
  let ends = 0;

  async function fresh() {
    const response = await fetch(url, { method: "POST", credentials: "include" });
    if (!response.ok) throw new SignedOut();
    const given = await response.json();
    held = given.token;
    ends = Date.now() + (given.expires_in - 60) * 1000;
    return held;
  }

  return {
    get: async () => (held && Date.now() < ends ? held : fresh()),
    forget: () => (held = null),
  };
}

// Requests as the customer; a token refused once is renewed once.
export function customerApi(token) {
  async function send(path, options, again = true) {
    const headers = { ...options.headers, Authorization: `Bearer ${await token.get()}` };
    const response = await fetch(path, { ...options, headers });
    if (response.status === 401 && again) {
      token.forget();
      return send(path, options, false);
    }
    if (response.status === 401) throw new SignedOut();
    return response;
  }

  async function json(path, options) {
    const response = await send(path, options);
    const body = await response.json().catch(() => null);
    if (response.ok) return body;
    const error = new Error(body?.error?.message ?? "That did not work. Nothing was changed.");
    error.status = response.status;
    error.fields = body?.error?.fields ?? {};
    throw error;
  }

  return {
    send,
    get: (path) => json(path, { method: "GET" }),
    post: (path, body) =>
      json(path, body === undefined ? { method: "POST" } : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  };
}

// The customer's chat: what is stored comes as numbered events, what happens right now comes in between.

import { card, found } from "./cards.js";
import { h, toast } from "./dom.js";
import { follow } from "./events.js";
import { customerApi, SignedOut, tokens } from "./token.js";

const root = document.getElementById("chat");
const log = document.getElementById("log");
const scroller = document.getElementById("main");
const form = document.getElementById("form");
const input = document.getElementById("text");
const offline = document.getElementById("offline");
const hello = document.getElementById("hello");
const personButton = document.getElementById("person");
const newButton = document.getElementById("new");
const api = customerApi(tokens(root.dataset.tokenUrl));
// A thread closed longer ago than this is history; the page starts afresh.
const RECENT = 24 * 3600 * 1000;
const CARDS = new Set(["confirm", "step_up", "waiting", "receipt", "refused"]);

let conversation = null;
let stop = () => {};
let busy = null;
let draft = null;

// ---- what is on the page

function atEnd() {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 120;
}

function add(element, { jump = false } = {}) {
  const stay = jump || atEnd();
  if (busy && element !== busy) log.insertBefore(element, busy);
  else log.append(element);
  if (stay) scroller.scrollTop = scroller.scrollHeight;
  return element;
}

function scrollOn() {
  if (atEnd()) scroller.scrollTop = scroller.scrollHeight;
}

// Addresses become links; everything else stays text.
function withLinks(text) {
  return text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)])/g).map((part, at) =>
    at % 2 ? h("a", { href: part, rel: "noopener noreferrer", target: "_blank" }, part) : part,
  );
}

function bubble(author, text) {
  const by = { person: "Colleague" }[author];
  return h("div", { class: `say ${author}` }, by && h("span", { class: "by" }, by), withLinks(text));
}

function showBusy(text = "") {
  busy ??= h("div", { class: "busy", role: "status" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("span"));
  busy.lastChild.textContent = text;
  if (!busy.isConnected || busy.nextSibling) add(busy);
}

function clearBusy() {
  busy?.remove();
  busy = null;
}

function clearDraft() {
  draft?.remove();
  draft = null;
}

// ---- what comes in

function onMessage(body) {
  if (body.author === "customer") {
    const pending = [...log.querySelectorAll("[data-pending]")].find((one) => one.dataset.pending === body.text || /^•+$/.test(body.text));
    if (pending) {
      pending.removeAttribute("data-pending");
      if (/^•+$/.test(body.text)) pending.textContent = body.text;
      return;
    }
    add(bubble("customer", body.text));
    return;
  }
  clearBusy();
  clearDraft();
  // The words that introduce a card are written after it, and read before it.
  const last = log.lastElementChild;
  const made = add(bubble(body.author, body.text));
  if (last?.matches(".card.confirm, .card.step_up, .card.waiting") && body.author === "agent") last.before(made);
  scrollOn();
}

function onCard(kind, body) {
  clearBusy();
  const act = (verb, sent) => api.post(`/v1/actions/${body.action_id}/${verb}`, sent);
  const made = card(kind, body, act);
  const old = body.action_id && log.querySelector(`[data-action="${CSS.escape(body.action_id)}"]`);
  const stay = atEnd();
  if (old) old.replaceWith(made);
  else add(made);
  if (stay) scroller.scrollTop = scroller.scrollHeight;
}

function onClosed({ text }) {
  clearBusy();
  const rate = (csat) => async (event) => {
    event.target.parentElement.querySelectorAll("button").forEach((one) => one.setAttribute("aria-pressed", String(one === event.target)));
    await told(api.post(`/v1/conversations/${conversation}/rating`, { csat }), "Thank you, that helps.");
  };
  const back = () => told(api.post(`/v1/conversations/${conversation}/reopen`));
  log.querySelectorAll(".closing").forEach((old) => old.remove());
  add(
    h(
      "section",
      { class: "card closing", "aria-label": "Closed" },
      h(
        "div",
        { class: "in" },
        h("p", { class: "state" }, "Closed"),
        h("p", {}, text || "This conversation is closed."),
        h("div", { class: "rate" }, h("span", { class: "muted" }, "How did it go?"), h("button", { class: "btn small", onclick: rate(5) }, "Well"), h("button", { class: "btn small", onclick: rate(3) }, "So-so"), h("button", { class: "btn small", onclick: rate(1) }, "Badly")),
        h("div", { class: "acts" }, h("button", { class: "btn small", onclick: back }, "This came back")),
      ),
    ),
  );
}

function onEvent(kind, body) {
  hello.hidden = true;
  newButton.hidden = false;
  if (kind === "message") onMessage(body);
  else if (CARDS.has(kind)) onCard(kind, body);
  else if (kind === "found") add(found(body));
  else if (kind === "typing") body.on ? showBusy(busy?.lastChild.textContent) : clearBusy();
  else if (kind === "looking") showBusy(body.text);
  else if (kind === "delta") {
    clearBusy();
    draft ??= add(bubble("agent", ""));
    draft.append(body.text);
    if (atEnd()) scroller.scrollTop = scroller.scrollHeight;
  } else if (kind === "handed_over") {
    clearBusy();
    personButton.hidden = true;
    const said = [...log.querySelectorAll(".say.agent")].at(-1)?.textContent;
    add(said === body.text ? h("p", { class: "rule" }, "A colleague has this now") : h("p", { class: "say system" }, body.text));
  } else if (kind === "closed") onClosed(body);
  else if (kind === "reopened") {
    log.querySelectorAll(".closing").forEach((old) => old.remove());
    personButton.hidden = false;
    add(h("p", { class: "rule" }, "Opened again"));
  }
}

function onState(state) {
  if (state === "signed_out") return signedOut();
  offline.hidden = state === "open";
  if (state === "broken") offline.textContent = "The connection was lost; trying to connect again. A message that was not sent says so and can be sent again.";
}

function signedOut() {
  offline.replaceChildren("Your sign-in has ended. ", "demo" in root.dataset ? h("a", { href: "/demo" }, "Choose a customer") : "Sign in again in the product and come back.");
  offline.hidden = false;
}

// ---- what goes out

async function told(promise, said = "") {
  try {
    await promise;
    if (said) toast(said);
  } catch (error) {
    error instanceof SignedOut ? signedOut() : toast(error.message);
  }
}

async function ensureConversation() {
  if (conversation) return;
  const made = await api.post("/v1/conversations", { page: root.dataset.page });
  listen(made.id);
}

function listen(id) {
  stop();
  conversation = id;
  // What is replayed is history: a screen reader hears only what comes after it.
  log.setAttribute("aria-busy", "true");
  setTimeout(() => log.removeAttribute("aria-busy"), 800);
  stop = follow(api, `/v1/conversations/${id}/events`, { onEvent, onState });
}

async function send(text, key = crypto.randomUUID(), shown = null) {
  hello.hidden = true;
  const line = shown ?? add(h("div", { class: "say customer", "data-pending": text }, text), { jump: true });
  line.classList.remove("failed");
  showBusy();
  try {
    await ensureConversation();
    await api.post(`/v1/conversations/${conversation}/messages`, { text, key });
  } catch (error) {
    clearBusy();
    if (error instanceof SignedOut) signedOut();
    if (error.status === 413 || error.status === 400) return giveBack(line, text, error.message);
    line.classList.add("failed");
    const again = h("button", { class: "btn small", onclick: () => (note.remove(), send(text, key, line)) }, "Send again");
    const note = add(h("p", { class: "say system" }, `${error.status ? error.message : "Not sent: the connection was lost."} `, again));
  }
}

// What cannot be sent as it is goes back to where it can be changed.
function giveBack(line, text, why) {
  line.remove();
  input.value = text;
  grow();
  add(h("p", { class: "say system", role: "alert" }, why));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text) return input.focus();
  input.value = "";
  grow();
  send(text);
});
input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

function grow() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight + 2, 180)}px`;
}
input.addEventListener("input", grow);

hello.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-suggest]");
  if (chosen) send(chosen.dataset.suggest);
});
personButton.addEventListener("click", async () => {
  await told(ensureConversation().then(() => api.post(`/v1/conversations/${conversation}/person`)));
});
newButton.addEventListener("click", () => {
  stop();
  conversation = null;
  clearBusy();
  clearDraft();
  log.replaceChildren(hello);
  hello.hidden = false;
  newButton.hidden = true;
  personButton.hidden = false;
  input.focus();
});

// ---- where we were

async function resume() {
  try {
    const { customer_name: name, conversations } = await api.get("/v1/conversations");
    const who = document.getElementById("who");
    if (name) who.prepend(name, who.textContent.trim() ? " · " : "");
    const latest = conversations[0];
    if (latest && (latest.state !== "closed" || Date.now() - Date.parse(latest.last_at) < RECENT)) listen(latest.id);
  } catch (error) {
    error instanceof SignedOut ? signedOut() : onState("broken");
  }
  input.focus();
}

// Until here a press would have had no effect or left the page.
for (const waiting of document.querySelectorAll("#send, #person, [data-suggest]")) waiting.disabled = false;
resume();

// Cards of what was found, proposed, decided and done; every word in them was rendered by code on the server.

import { h } from "./dom.js";

const STATES = {
  confirm: "Needs your confirmation",
  step_up: "Check that it is you",
  waiting: "Waiting for a colleague",
  receipt: "Done",
  refused: "Not done",
};
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
const hour = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

export function found({ title, rows }) {
  const lines = rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, inReadersZone(cell)))));
  return h("section", { class: "card found", "aria-label": title }, h("h3", {}, title), h("table", {}, h("tbody", {}, lines)));
}

// Times come in UTC and are shown in the reader's zone.
function inReadersZone(cell) {
  const time = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d)Z$/.exec(cell);
  if (!time) return cell;
  const at = new Date(`${time[1]}T${time[2]}Z`);
  return (at.getFullYear() === new Date().getFullYear() ? thisYear : clock).format(at);
}

// `act(verb, body)` posts the customer's word on this action and resolves, or rejects with the sentence to show.
export function card(kind, body, act) {
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const made = h(
    "section",
    { class: `card ${kind}`, "data-action": body.action_id, "aria-label": `${STATES[kind]}: ${body.title ?? ""}` },
    h("div", { class: "in" }, h("p", { class: "state" }, state(kind, body)), body.title && h("h3", {}, body.title), lines(kind, body), texts(kind, body), choices(kind, body, act, wrong), kind !== "step_up" && wrong),
  );
  return made;
}

function state(kind, body) {
  if (kind === "refused" && body.state === "expired") return "Closed, nothing was changed";
  if (kind === "refused" && body.state === "withdrawn") return "Withdrawn, nothing was changed";
  if (kind === "refused" && body.state === "replaced") return "Replaced";
  if (kind === "waiting" && !/colleague/.test(body.text ?? "")) return "Being worked on";
  return STATES[kind];
}

function lines(kind, body) {
  const all = [...(body.lines ?? [])];
  if (kind === "receipt" && body.at) all.push({ label: "When", after: clock.format(new Date(body.at)) });
  if (kind === "receipt" && body.reference) all.push({ label: "Reference", after: body.reference });
  if (!all.length) return null;
  const pairs = all.map((line) => [h("dt", {}, line.label), h("dd", {}, line.before ? [h("s", {}, line.before), " → "] : "", line.after)]);
  return h("dl", {}, pairs.flat());
}

function texts(kind, body) {
  const made = [];
  if (kind === "step_up") made.push(h("p", { class: "text" }, body.sent_to
    ? `We mailed a six-digit code to ${body.sent_to}. It is good until ${hour.format(new Date(body.expires_at))}.`
    : "A six-digit code is on its way to the address we have on file."));
  if (body.text) made.push(h("p", { class: "text" }, body.text));
  if (body.note && kind !== "refused") made.push(h("p", { class: "note" }, body.note));
  return made;
}

function choices(kind, body, act, wrong) {
  const run = async (event, verb, sent) => {
    event?.preventDefault();
    const box = wrong.closest(".card");
    const buttons = [...box.querySelectorAll("button")];
    buttons.forEach((one) => (one.disabled = true));
    wrong.hidden = true;
    try {
      await act(verb, sent);
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
      const field = box.querySelector(".code input");
      if (verb === "code") field.setAttribute("aria-invalid", "true");
      buttons.forEach((one) => (one.disabled = false));
      if (verb === "code") field.select();
    }
  };
  if (kind === "confirm") {
    return h(
      "div",
      { class: "acts" },
      h("button", { class: "btn primary", onclick: (e) => run(e, "confirm", { digest: body.digest }) }, "Confirm"),
      h("button", { class: "btn", onclick: (e) => run(e, "decline") }, "Not this"),
    );
  }
  if (kind === "waiting") {
    return h("div", { class: "acts" }, h("button", { class: "btn small", onclick: (e) => run(e, "decline") }, "Withdraw"));
  }
  if (kind !== "step_up") return null;
  const input = h("input", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: "6", pattern: "[0-9]{6}", required: true, id: `code-${body.action_id}`, "aria-describedby": `wrong-${body.action_id}` });
  wrong.id = `wrong-${body.action_id}`;
  return [
    h("label", { class: "code-label", for: input.id }, "Six-digit code"),
    h("form", { class: "code", onsubmit: (e) => run(e, "code", { code: input.value.trim() }) }, input, h("button", { class: "btn primary" }, "Continue")),
    wrong,
    h(
      "div",
      { class: "acts" },
      h("button", { class: "btn small", onclick: (e) => run(e, "code/again") }, "Send a new code"),
      h("button", { class: "btn small", onclick: (e) => run(e, "decline") }, "Not this"),
    ),
  ];
}

// One action: decide with a key, edit in a typed form, and hear at once when it changed meanwhile.

import { look, post, whileSeen } from "./api.js";
import { leaveNote, onKeys, showNote, toast } from "./dom.js";
import { argsOf, showRefusal, showWrong } from "./edit.js";

const main = document.getElementById("main");
const { id, digest, state, after, before } = main.dataset;
const dialog = (name) => document.getElementById(name);
const button = (name) => document.querySelector(`[data-do="${name}"]`);

const decisions = [...document.querySelectorAll('[data-do]:not([data-do="help"])')];
const names = JSON.parse(main.dataset.names);
// The next action loads by itself after a decision: a key or press meant for the last one must not decide this one
// unread. A key held down all along repeats, and onKeys ignores repeats, so it has to be let go first.
const READ = 1200;
let asked = false;

function whenRead() {
  if (document.hidden || asked) return;
  asked = true;
  setTimeout(() => {
    asked = false;
    if (!document.hidden) decisions.forEach((one) => (one.disabled = false));
  }, READ);
}
document.addEventListener("visibilitychange", whenRead);
whenRead();

const go = (to) => to && location.assign(`/console/actions/${to}`);

async function decide(body, problem) {
  decisions.forEach((one) => (one.disabled = true));
  try {
    const done = await post(`/v1/actions/${id}/reviews`, { digest, ...body });
    leaveNote(done.sentence);
    location.assign(after ? `/console/actions/${after}` : "/console");
  } catch (error) {
    decisions.forEach((one) => (one.disabled = false));
    problem(error);
  }
}

function inDialog(box) {
  const shown = box.querySelector("[data-problem]");
  return (error) => {
    shown.textContent = error.message;
    shown.hidden = showWrong(box, error.fields) || showRefusal(box, error);
  };
}

function opens(name) {
  const box = dialog(name);
  if (!box || button(name)?.disabled) return;
  box.showModal();
  box.querySelector("input:not([readonly]), select, textarea")?.focus();
}

function onSubmit(name, body) {
  const box = dialog(name);
  if (!box) return;
  box.querySelector("[data-close]")?.addEventListener("click", () => box.close());
  box.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    box.querySelector("[data-problem]").hidden = true;
    const made = body(box);
    if (made) decide(made, inDialog(box));
  });
}

onSubmit("reject", (box) => {
  const chosen = box.querySelector("input:checked");
  return chosen && { decision: "reject", reason_code: chosen.value, note: box.querySelector("#note").value };
});
onSubmit("take_over", () => ({ decision: "take_over" }));
onSubmit("edit", (box) => {
  const { args, wrong } = argsOf(box);
  return showWrong(box, wrong) ? null : { decision: "edit", args };
});

// In the reasons, one digit chooses and Enter sends.
dialog("reject")?.addEventListener("keydown", (event) => {
  if (event.target.matches("textarea") || !/^[1-9]$/.test(event.key)) return;
  const choice = dialog("reject").querySelectorAll('input[type="radio"]')[Number(event.key) - 1];
  if (!choice) return;
  event.preventDefault();
  choice.checked = true;
  choice.focus();
});

const act = {
  approve: () => button("approve") && !button("approve").disabled && decide({ decision: "approve" }, (error) => toast(error.message)),
  edit: () => button("edit") && opens("edit"),
  reject: () => button("reject") && opens("reject"),
  take_over: () => button("take_over") && opens("take_over"),
  help: () => dialog("help")?.showModal(),
};
document.querySelectorAll("[data-do]").forEach((one) => one.addEventListener("click", () => act[one.dataset.do]()));
onKeys({
  a: act.approve,
  e: act.edit,
  r: act.reject,
  t: act.take_over,
  "?": act.help,
  j: () => go(after),
  k: () => go(before),
  q: () => location.assign("/console"),
});

const words = { approved: "approved", executed: "done", rejected: "rejected", expired: "closed because it waited too long", withdrawn: "withdrawn", replaced: "changed by a colleague" };

whileSeen(5, async () => {
  const now = await (await look(`/v1/actions/${id}`)).json();
  if (now.entry.state === state && now.digest === digest) return;
  const notice = document.getElementById("changed");
  if (!notice.hidden) return;
  const last = now.history.at(-1);
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = "Load it again";
  notice.replaceChildren(`This was ${words[now.entry.state] ?? now.entry.state} while you read it${last ? ` (${last.what}${names[last.by] ? ` by ${names[last.by]}` : ""})` : ""}. `, link);
  notice.hidden = false;
});
showNote();

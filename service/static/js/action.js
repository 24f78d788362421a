// One action: decide with a key, edit in a typed form, and hear at once what changed meanwhile.

import { leaving, look, post, whileSeen } from "./api.js";
import { changesOf } from "./changes.js";
import { leaveNote, onKeys, showNote, toast } from "./dom.js";
import { argsOf, judgeWhileTyping, showRefusal, showWrong } from "./edit.js";
import { noteUndo, offerUndo } from "./undo.js";

const main = document.getElementById("main");
const { id, digest, state, since, title, after, before, filters } = main.dataset;
const dialog = (name) => document.getElementById(name);
const button = (name) => document.querySelector(`[data-do="${name}"]`);

const decisions = [...document.querySelectorAll("[data-do]:disabled")];
const names = JSON.parse(main.dataset.names);
// The next action loads by itself after a decision: a key or press meant for the last one must not decide this one
// unread. A key held down all along repeats, and onKeys ignores repeats, so it has to be let go first.
const READ = 1200;
let asked = false;
let decided = false;
let changed = false;

function whenRead() {
  if (document.hidden || asked) return;
  asked = true;
  setTimeout(() => {
    asked = false;
    if (!document.hidden && !changed) decisions.forEach((one) => (one.disabled = false));
  }, READ);
}
document.addEventListener("visibilitychange", whenRead);
whenRead();

const go = (to) => to && location.assign(`/console/actions/${to}${filters}`);
const onwards = () => location.assign(after ? `/console/actions/${after}${filters}` : `/console${filters}`);

async function decide(body, problem) {
  decisions.forEach((one) => (one.disabled = true));
  try {
    const done = await post(`/v1/actions/${id}/reviews`, { digest, ...body });
    decided = true;
    noteUndo(done, title);
    if (!done.undo_seconds) leaveNote(done.sentence);
    onwards();
  } catch (error) {
    decisions.forEach((one) => (one.disabled = changed));
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

function onSubmit(name, body, send = decide) {
  const box = dialog(name);
  if (!box) return;
  box.querySelector("[data-close]")?.addEventListener("click", () => box.close());
  box.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    box.querySelector("[data-problem]").hidden = true;
    const made = body(box);
    if (made) send(made, inDialog(box));
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
onSubmit(
  "hand_on",
  (box) => ({ to: box.querySelector("#to").value, note: box.querySelector("#hand-note").value }),
  async (body, problem) => {
    try {
      const { name } = await post(`/v1/actions/${id}/hand-on`, body);
      decided = true;
      leaveNote(`Handed on to ${name}.`);
      onwards();
    } catch (error) {
      problem(error);
    }
  },
);
if (dialog("edit")) judgeWhileTyping(dialog("edit"), (args) => post(`/v1/actions/${id}/rehearse`, { args }));

// In the reasons, one digit chooses and sends.
dialog("reject")?.addEventListener("keydown", (event) => {
  if (event.repeat || event.target.matches("textarea") || !/^[1-9]$/.test(event.key)) return;
  const choice = dialog("reject").querySelectorAll('input[type="radio"]')[Number(event.key) - 1];
  if (!choice) return;
  event.preventDefault();
  choice.checked = true;
  dialog("reject").querySelector("form").requestSubmit();
});

document.getElementById("notes")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await post(`/v1/actions/${id}/notes`, { text: event.target.elements.text.value });
    leaveNote("Kept.");
    location.reload();
  } catch (error) {
    toast(error.fields.text ?? error.message);
  }
});

const takeBack = offerUndo((said, which) => {
  leaveNote(said);
  location.assign(`/console/actions/${which}${filters}`);
});
async function undo() {
  if (!document.querySelector("[data-undo]")) return takeBack();
  try {
    await post(`/v1/actions/${id}/undo`, {});
    sessionStorage.removeItem("remit-undo");
    leaveNote("Taken back. It waits again.");
    location.reload();
  } catch (error) {
    toast(error.message);
  }
}
document.querySelector("[data-undo]")?.addEventListener("click", undo);

const act = {
  approve: () => button("approve") && !button("approve").disabled && decide({ decision: "approve" }, (error) => toast(error.message)),
  edit: () => button("edit") && opens("edit"),
  reject: () => button("reject") && opens("reject"),
  take_over: () => button("take_over") && opens("take_over"),
  hand_on: () => button("hand_on") && opens("hand_on"),
  help: () => dialog("help")?.showModal(),
};
document.querySelectorAll("[data-do]").forEach((one) => one.addEventListener("click", () => act[one.dataset.do]()));
onKeys({
  a: act.approve,
  e: act.edit,
  r: act.reject,
  t: act.take_over,
  h: act.hand_on,
  u: undo,
  "?": act.help,
  j: () => go(after),
  k: () => go(before),
  q: () => location.assign(`/console${filters}`),
});

// Left unread or undecided, it is free again at once; a page brought back from the browser's memory loads anew.
if ("mine" in main.dataset) {
  window.addEventListener("pagehide", () => decided || leaving(`/v1/actions/${id}/leave`));
}
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

let first = null;
whileSeen(5, async () => {
  const now = await (await look(`/v1/actions/${id}`)).json();
  first ??= now;
  const notice = document.getElementById("changed");
  if (!notice.hidden) return;
  const changes = changesOf({ state, digest, since }, first, now, names);
  if (!changes) return;
  const link = document.createElement("a");
  link.href = now.successor ? `/console/actions/${now.successor.action_id}` : location.href;
  link.textContent = now.successor ? now.successor.title : "Load it again";
  notice.replaceChildren(`${changes} `, link);
  notice.hidden = false;
  document.getElementById("claimed")?.remove();
  // What is shown is no longer what would be decided on.
  changed = true;
  decisions.forEach((one) => (one.disabled = true));
}, true);
showNote();

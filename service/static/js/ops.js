// Ops pages: pulling back and stopping ask for a reason, then happen at once.

import { look, post, whileSeen } from "./api.js";
import { leaveNote, showNote } from "./dom.js";

const box = document.getElementById("why");

function ask({ title, explain, ok, send, said }) {
  const problem = box.querySelector("[data-problem]");
  box.querySelector("h2").textContent = title;
  box.querySelector("[data-explain]").textContent = explain;
  box.querySelector("[data-ok]").textContent = ok;
  box.querySelector("form").reset();
  problem.hidden = true;
  box.querySelector("form").onsubmit = async (event) => {
    event.preventDefault();
    try {
      await send(box.querySelector("#reason").value);
      leaveNote(said);
      location.reload();
    } catch (error) {
      problem.textContent = error.fields.reason ?? error.message;
      problem.hidden = false;
    }
  };
  box.showModal();
}

const flip = (scope, key, on) => (reason) => post("/v1/switches", { scope, key, on, reason });

function asks(target) {
  const { demote, switch: category, title } = target.dataset;
  const on = target.dataset.on === "true";
  if ("freeze" in target.dataset) {
    return { title: "Freeze everything", explain: "No action of any category runs from now on, approved ones included. The chat goes on.", ok: "Freeze", send: flip("all", "", true), said: "Everything is frozen." };
  }
  if ("thaw" in target.dataset) {
    return { title: "Let actions run again", explain: "Actions may run again. What was held back meanwhile waits in the queue to be approved anew.", ok: "Let run", send: flip("all", "", false), said: "Actions run again." };
  }
  if (demote) {
    return { title: `Pull ${title} back`, explain: "From now on a colleague reviews every action of this category, those that wait included.", ok: "Pull back", send: (reason) => post(`/v1/standings/${demote}/demote`, { reason }), said: `${title} is back in observation.` };
  }
  if (category && on) {
    return { title: `Stop ${title}`, explain: "No action of this category runs until you let it run again.", ok: "Stop", send: flip("category", category, true), said: `${title} is stopped.` };
  }
  return { title: `Let ${title} run again`, explain: "Its standing stays what it was.", ok: "Let run", send: flip("category", category, false), said: `${title} runs again.` };
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-freeze], [data-thaw], [data-demote], [data-switch]");
  if (target && box) ask(asks(target));
});
box?.querySelector("[data-close]").addEventListener("click", () => box.close());
showNote();

whileSeen(15, async () => {
  if (box?.open || document.querySelector("main details[open]") || document.activeElement?.closest("main form")) return;
  const page = new DOMParser().parseFromString(await (await look(location.pathname + location.search)).text(), "text/html");
  const fresh = page.getElementById("main");
  if (fresh) document.getElementById("main").replaceWith(fresh);
});

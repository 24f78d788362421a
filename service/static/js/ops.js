// Ops pages: graduating and stopping ask for a reason, pulling back asks for nothing; all happen at once.

import { look, post, whileSeen } from "./api.js";
import { h, leaveNote, showNote, toast } from "./dom.js";

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
      problem.replaceChildren(error.fields.reason ?? error.message, ...again(error));
      problem.hidden = false;
    }
  };
  box.showModal();
}

// A graduation wants a login of the last 15 minutes; the way there and back is one link.
function again(error) {
  if (error.status !== 403 || !error.message.includes("Log in again")) return [];
  return [" ", h("a", { href: `/login?next=${encodeURIComponent(location.pathname)}` }, "Log in")];
}

const flip = (scope, key, on) => (reason) => post("/v1/switches", { scope, key, on, reason });

// One click, at once: whoever pulls back explains later, if at all.
async function pullBack({ demote, title }) {
  try {
    await post(`/v1/standings/${demote}/demote`, { reason: "Pulled back with one click." });
    leaveNote(`${title} is back in observation.`);
    location.reload();
  } catch (error) {
    toast(error.message);
  }
}

function asks(target) {
  const { graduate, switch: category, title, rise } = target.dataset;
  const on = target.dataset.on === "true";
  if ("freeze" in target.dataset) {
    return { title: "Freeze everything", explain: "No action of any category runs from now on, approved ones included. The chat goes on.", ok: "Freeze", send: flip("all", "", true), said: "Everything is frozen." };
  }
  if ("thaw" in target.dataset) {
    return { title: "Let actions run again", explain: "Actions may run again. What was held back meanwhile waits in the queue to be approved anew.", ok: "Let run", send: flip("all", "", false), said: "Actions run again." };
  }
  if (graduate) {
    return { title: `Graduate ${title}`, explain: rise, ok: "Graduate", send: (reason) => post(`/v1/standings/${graduate}/graduate`, { reason }), said: `${title} has moved up.` };
  }
  if (category && on) {
    return { title: `Stop ${title}`, explain: "No action of this category runs until you let it run again.", ok: "Stop", send: flip("category", category, true), said: `${title} is stopped.` };
  }
  return { title: `Let ${title} run again`, explain: "Its standing stays what it was.", ok: "Let run", send: flip("category", category, false), said: `${title} runs again.` };
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-freeze], [data-thaw], [data-demote], [data-graduate], [data-switch]");
  if (!target || !box) return;
  if ("demote" in target.dataset) pullBack(target.dataset);
  else ask(asks(target));
});
box?.querySelector("[data-close]").addEventListener("click", () => box.close());
showNote();

whileSeen(15, async () => {
  if (box?.open || document.querySelector("main details[open]") || document.activeElement?.closest("main form")) return;
  const page = new DOMParser().parseFromString(await (await look(location.pathname + location.search)).text(), "text/html");
  const fresh = page.getElementById("main");
  if (fresh) document.getElementById("main").replaceWith(fresh);
});

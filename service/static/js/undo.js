// The approval just given, while it can be taken back: a bar with the seconds left, the key u, one press.

import { post } from "./api.js";
import { h, toast } from "./dom.js";

const KEPT = "remit-undo";

// Noted by the page that decided, shown by whichever page comes next.
export function noteUndo(done, title) {
  if (!done.undo_seconds) return;
  const until = Date.now() + done.undo_seconds * 1000;
  sessionStorage.setItem(KEPT, JSON.stringify({ id: done.action_id, title, until }));
}

// Shows the bar while there is something to undo; `then` hears what was done. Returns what the key does.
export function offerUndo(then) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (!kept || kept.until <= Date.now()) {
    sessionStorage.removeItem(KEPT);
    return () => toast("There is nothing to undo.");
  }
  const left = h("span", { class: "left", "aria-hidden": "true" });
  const button = h("button", { class: "btn small", type: "button", onclick: () => undo() }, "Undo ", h("kbd", {}, "u"));
  const bar = h("div", { class: "undo", role: "status" }, h("span", {}, `Approved: ${kept.title}`), left, button);
  document.body.append(bar);
  const clock = setInterval(show, 250);
  show();

  function end() {
    clearInterval(clock);
    bar.remove();
    sessionStorage.removeItem(KEPT);
  }

  function show() {
    const seconds = Math.ceil((kept.until - Date.now()) / 1000);
    if (seconds <= 0) return end();
    left.textContent = `${seconds} s`;
  }

  async function undo() {
    if (!bar.isConnected) return toast("The time to undo is over.");
    button.disabled = true;
    try {
      await post(`/v1/actions/${kept.id}/undo`, {});
      end();
      then("Taken back. It waits again.", kept.id);
    } catch (error) {
      end();
      toast(error.message);
    }
  }
  return undo;
}

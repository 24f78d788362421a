// The queue: refreshes itself, keeps the chosen row, and works without a mouse.

import { look, whileSeen } from "./api.js";
import { h, onKeys, showNote } from "./dom.js";

const place = document.getElementById("queue");
const summary = document.getElementById("summary");
const KEPT = "remit-row";

const rows = () => [...place.querySelectorAll("#rows > li")];
const current = () => place.querySelector("li[aria-current]");

function choose(row) {
  current()?.removeAttribute("aria-current");
  if (!row) return;
  row.setAttribute("aria-current", "true");
  row.scrollIntoView({ block: "nearest" });
  sessionStorage.setItem(KEPT, row.dataset.id);
}

function step(by) {
  const all = rows();
  const at = all.indexOf(current());
  choose(all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]);
}

function keep() {
  const id = sessionStorage.getItem(KEPT);
  choose(rows().find((row) => row.dataset.id === id));
}

async function refresh() {
  const fresh = await (await look("/console/rows")).text();
  if (place.contains(document.activeElement) && document.activeElement.matches("a:focus-visible")) {
    sessionStorage.setItem(KEPT, document.activeElement.closest("li")?.dataset.id ?? "");
  }
  place.innerHTML = fresh; // rendered and escaped by our own server
  keep();
  const count = rows().length;
  const text = count ? `${count} ${count === 1 ? "action" : "actions"} waiting, most urgent first` : "";
  if (summary.textContent !== text) summary.textContent = text;
  document.title = `${count ? `(${count}) ` : ""}Queue · Remit`;
}

const KEYS = [["j", "Next"], ["k", "Previous"], ["Enter", "Open"], ["?", "This list"]];
const help = h(
  "dialog",
  { id: "help", "aria-labelledby": "help-h" },
  h("form", { method: "dialog", class: "in" },
    h("h2", { id: "help-h" }, "Keys"),
    h("div", { class: "keys" }, KEYS.flatMap(([key, does]) => [h("kbd", {}, key), h("span", {}, does)])),
    h("p", { class: "muted small" }, "Approve, edit, reject and take over have their keys on the page of one action."),
    h("div", { class: "acts" }, h("button", { class: "btn" }, "Close"))),
);
document.body.append(help);

const open = () => current()?.querySelector("a").click();
onKeys({ j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: open, o: open, "?": () => help.showModal() });
keep();
showNote();
whileSeen(4, refresh);

// The queue: refreshes itself, keeps the chosen row and the ticks, and works without a mouse.

import { look, post, whileSeen } from "./api.js";
import { h, leaveNote, onKeys, showNote, toast } from "./dom.js";
import { offerUndo } from "./undo.js";

const place = document.getElementById("queue");
const summary = document.getElementById("summary");
const together = document.getElementById("together");
const filters = document.getElementById("filters");
const KEPT = "remit-row";
const ticked = new Set();

const rows = () => [...place.querySelectorAll("#rows > li")];
const current = () => place.querySelector("li[aria-current]");
const tickOf = (row) => row?.querySelector("[data-tick]");

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

// After a refresh: the same row, the same ticks; what is gone from the list is no longer ticked.
function keep() {
  const id = sessionStorage.getItem(KEPT);
  choose(rows().find((row) => row.dataset.id === id));
  const here = new Set();
  for (const row of rows()) {
    const box = tickOf(row);
    if (box && ticked.has(row.dataset.id)) {
      box.checked = true;
      here.add(row.dataset.id);
    }
  }
  ticked.forEach((one) => here.has(one) || ticked.delete(one));
  showTogether();
}

function showTogether() {
  together.hidden = ticked.size === 0;
  together.querySelector("[data-count]").textContent = ticked.size;
}

function tick(row, on) {
  const box = tickOf(row);
  if (!box) return row && toast("Only low-risk actions that you have opened are approved together.");
  box.checked = on ?? !box.checked;
  if (box.checked) ticked.add(row.dataset.id);
  else ticked.delete(row.dataset.id);
  showTogether();
}

place.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick]")) tick(event.target.closest("li"), event.target.checked);
});
document.getElementById("choose-none").addEventListener("click", () => {
  rows().forEach((row) => tickOf(row) && tick(row, false));
});
document.getElementById("approve-all").addEventListener("click", async (event) => {
  event.currentTarget.disabled = true;
  const chosen = rows().filter((row) => ticked.has(row.dataset.id));
  try {
    const actions = chosen.map((row) => ({ action_id: row.dataset.id, digest: row.dataset.digest }));
    const { results } = await post("/v1/reviews/batch", { actions });
    const done = results.filter((one) => one.done);
    const not = results.find((one) => !one.done);
    toast(`${done.length} of ${results.length} approved.${not ? ` ${not.sentence}` : ""}`);
    ticked.clear();
    await refresh();
  } catch (error) {
    toast(error.message);
  } finally {
    document.getElementById("approve-all").disabled = false;
  }
});

async function refresh() {
  const fresh = await (await look(`/console/rows${location.search}`)).text();
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const onTick = focused?.matches("[data-tick]");
  const focusedId = focused?.closest("li")?.dataset.id;
  if (focused?.matches("a:focus-visible")) sessionStorage.setItem(KEPT, focusedId ?? "");
  place.innerHTML = fresh; // rendered and escaped by our own server
  keep();
  if (focusedId) {
    const again = rows().find((row) => row.dataset.id === focusedId);
    (onTick ? tickOf(again) : again?.querySelector("a"))?.focus({ preventScroll: true });
  }
  const count = Number(document.getElementById("rows")?.dataset.total ?? 0);
  const text = count ? `${count.toLocaleString("en")} ${count === 1 ? "action" : "actions"} waiting, most urgent first` : "";
  if (summary.textContent !== text) summary.textContent = text;
  document.title = `${count ? `(${count}) ` : ""}Queue · Remit`;
}

// Empty fields make no address.
filters.addEventListener("submit", () => {
  for (const field of filters.elements) if (field.name && field.value === "") field.disabled = true;
});
window.addEventListener("pageshow", () => {
  for (const field of filters.elements) field.disabled = false;
});

const KEYS = [["j", "Next"], ["k", "Previous"], ["Enter", "Open"], ["x", "Choose a low-risk action that you have opened"], ["u", "Undo the last approval while its time runs"], ["f", "Filter"], ["?", "This list"]];
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
const undo = offerUndo((said) => {
  leaveNote(said);
  location.reload();
});
onKeys({
  j: () => step(1),
  k: () => step(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  Enter: open,
  o: open,
  x: () => tick(current()),
  u: undo,
  f: () => {
    filters.closest("details").open = true;
    filters.querySelector("select").focus();
  },
  "?": () => help.showModal(),
});
keep();
showNote();
whileSeen(4, refresh);

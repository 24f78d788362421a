// Small parts that every page uses: elements made from text (never from HTML), toasts, key handling.

export function h(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== false && child !== null && child !== undefined && child !== ""));
  return made;
}

export function toast(text) {
  document.querySelector(".toast")?.remove();
  const shown = h("div", { class: "toast", role: "status" }, text);
  document.body.append(shown);
  setTimeout(() => shown.remove(), 4000);
}

const NOTE = "remit-note";

// A toast for the page that comes next.
export function leaveNote(text) {
  sessionStorage.setItem(NOTE, text);
}

export function showNote() {
  const text = sessionStorage.getItem(NOTE);
  if (text) toast(text);
  sessionStorage.removeItem(NOTE);
}

// Single keys, but never while somebody types, holds a modifier or has a dialog open.
export function onKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
}

// Reads the typed form of an edit: what each field holds, or what is wrong with it.

const readers = {
  fixed: (text) => text,
  text: (text) => text,
  long: (text) => text,
  choice: (text) => text,
  yes_no: (text) => text === "true",
  integer: (text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : undefined),
  money: (text, decimals) => minorUnits(text, decimals),
};
const complaints = { integer: "Enter a whole number.", money: "Enter an amount such as 49.00." };

// The bound in the words of the server, so that money is said as money.
function outside(value, { least, leastText, most, mostText }) {
  if (least !== undefined && value < Number(least)) return `Enter at least ${leastText}.`;
  if (most !== undefined && value > Number(most)) return `Enter at most ${mostText}.`;
  return null;
}

// Exact: digits are moved, never multiplied as floats.
function minorUnits(text, decimals) {
  const parts = /^(\d{1,12})(?:[.,](\d+))?$/.exec(text.replaceAll(/[\s$€£]/g, ""));
  if (!parts || (parts[2] ?? "").length > decimals) return undefined;
  return Number(parts[1] + (parts[2] ?? "").padEnd(decimals, "0"));
}

export function argsOf(box) {
  const args = {};
  const wrong = {};
  for (const field of box.querySelectorAll("[data-field]")) {
    const { field: name, kind, decimals } = field.dataset;
    const text = field.querySelector("input, select, textarea").value.trim();
    if (text === "" && "optional" in field.dataset) continue;
    const value = readers[kind](text, Number(decimals));
    const bound = value === undefined ? complaints[kind] : outside(value, field.dataset);
    if (bound) wrong[name] = bound;
    else args[name] = value;
  }
  return { args, wrong };
}

// Puts each complaint beside its field; true when there was one to show.
export function showWrong(box, wrong, { focus = true } = {}) {
  let first = null;
  for (const field of box.querySelectorAll("[data-field]")) {
    const text = wrong[field.dataset.field];
    const input = field.querySelector("input, select, textarea");
    const place = field.querySelector("[data-wrong]");
    place.textContent = text ?? "";
    place.hidden = !text;
    place.id = `w-${field.dataset.field}`;
    input.toggleAttribute("aria-invalid", Boolean(text));
    if (text) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", place.id);
      first ??= input;
    }
  }
  if (focus) first?.focus();
  return first !== null;
}

// What the server refused as a whole stands beside the field that was changed, when there is exactly one.
export function showRefusal(box, { status, message }, options) {
  if (status < 400 || status >= 500) return false;
  const changed = [...box.querySelectorAll("[data-field]")].filter(isChanged);
  return changed.length === 1 && showWrong(box, { [changed[0].dataset.field]: message }, options);
}

function isChanged(field) {
  const input = field.querySelector("input, select, textarea");
  if (input.tagName !== "SELECT") return input.value !== input.defaultValue;
  return [...input.options].some((one) => one.selected !== one.defaultSelected);
}

const PAUSE = 350;

// Asks the server what the edit would lead to as soon as typing pauses, and shows its answer in the form.
export function judgeWhileTyping(box, ask) {
  const place = box.querySelector("[data-judged]");
  const save = box.querySelector('button[value="ok"]');
  let timer = null;
  let latest = 0;

  async function judge() {
    const { args, wrong } = argsOf(box);
    if (Object.keys(wrong).length) {
      showWrong(box, wrong, { focus: false });
      place.hidden = true;
      return;
    }
    const mine = ++latest;
    try {
      const said = await ask(args);
      if (mine !== latest) return;
      showWrong(box, {}, { focus: false });
      show(said);
    } catch (error) {
      if (mine !== latest) return;
      place.hidden = true;
      if (!showWrong(box, error.fields, { focus: false })) showRefusal(box, error, { focus: false });
    }
  }

  function show(said) {
    save.disabled = false;
    if (!said.passes) {
      const isShown = showRefusal(box, { status: 400, message: said.sentence }, { focus: false });
      place.hidden = isShown;
      if (!isShown) place.replaceChildren(line("bad", said.sentence));
      return;
    }
    place.replaceChildren(line("good", said.sentence), ...said.fired.filter((rule) => rule.kind !== "allow").map((rule) => line("warn", rule.sentence)), table(said.preview));
    place.hidden = false;
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(judge, PAUSE);
  });
  box.addEventListener("focusout", (event) => {
    if (timer !== null && event.target.matches("input, select, textarea")) {
      clearTimeout(timer);
      timer = null;
      if (box.open) judge();
    }
  });
}

function line(tone, text) {
  const made = document.createElement("p");
  made.className = `notice small ${tone}`;
  made.textContent = text;
  return made;
}

// Each line of what would happen now, beside what the proposal said where that differs.
function table(preview) {
  const made = document.createElement("table");
  made.className = "diff";
  const before = new Map([...document.querySelectorAll(".will .diff tr")].map((row) => [row.querySelector("th").textContent, row.querySelector("ins")?.textContent]));
  for (const { label, after } of preview?.lines ?? []) {
    const row = made.insertRow();
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = label;
    const cell = document.createElement("td");
    const old = before.get(label);
    if (old !== undefined && old !== after) {
      const gone = document.createElement("del");
      gone.textContent = old;
      cell.append(gone, " → ");
    }
    const now = document.createElement("ins");
    now.textContent = after;
    cell.append(now);
    row.append(name, cell);
  }
  return made;
}

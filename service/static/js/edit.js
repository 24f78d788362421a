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
export function showWrong(box, wrong) {
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
  first?.focus();
  return first !== null;
}

// What the server refused as a whole stands beside the field that was changed, when there is exactly one.
export function showRefusal(box, { status, message }) {
  if (status < 400 || status >= 500) return false;
  const changed = [...box.querySelectorAll("[data-field]")].filter(isChanged);
  return changed.length === 1 && showWrong(box, { [changed[0].dataset.field]: message });
}

function isChanged(field) {
  const input = field.querySelector("input, select, textarea");
  if (input.tagName !== "SELECT") return input.value !== input.defaultValue;
  return [...input.options].some((one) => one.selected !== one.defaultSelected);
}

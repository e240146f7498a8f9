// Keys for the rows of the board. Only where nobody types, listed under "?", and switched off in that
// list (WCAG 2.1.4). Every key does what a button or a link on the page does.

const SWITCH = "single-keys";
const PLACE = "board-row";
const dialog = document.querySelector("[data-keys]");
const opener = document.querySelector("[data-keys-open]");
const toggle = document.querySelector("[data-keys-switch]");

// Where storage is forbidden the keys are on, and the hand does not stay on its row.
function recall(name) {
  try {
    return (name === SWITCH ? localStorage : sessionStorage).getItem(name);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    (name === SWITCH ? localStorage : sessionStorage).setItem(name, value);
  } catch {
    // nothing to do: the page works all the same
  }
}

const isOn = () => recall(SWITCH) !== "off";
const rows = () => [...document.querySelectorAll("[data-row]")];
const current = () => document.activeElement?.closest("[data-row]") ?? null;

function go(row) {
  if (!row) return;
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = rows();
  const at = all.indexOf(current());
  go(at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[Math.min(Math.max(at + by, 0), all.length - 1)]);
}

function press(row, selector) {
  const button = row?.querySelector(selector);
  if (!button) return;
  remember(PLACE, String(rows().indexOf(row)));
  button.click();
}

const KEYS = {
  j: () => step(1),
  ArrowDown: () => step(1),
  k: () => step(-1),
  ArrowUp: () => step(-1),
  Enter: () => current()?.querySelector("[data-open]")?.click(),
  x: () => current()?.querySelector("input[name=job]")?.click(),
  c: () => press(current(), "button.clock"),
  u: () => document.querySelector(".toast form button")?.click(),
  "/": () => {
    const box = document.querySelector("[data-board-search]");
    box?.focus();
    box?.select();
  },
  "?": () => dialog?.showModal(),
};

document.addEventListener(
  "keydown",
  (event) => {
    if (!isOn() || event.ctrlKey || event.metaKey || event.altKey || event.repeat === true && event.key === "c") return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog")) return;
    const isMove = event.key === "Enter" || event.key.startsWith("Arrow");
    if (isMove && !event.target.matches?.("[data-row]") && !(event.key.startsWith("Arrow") && current())) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  },
  true,
);

if (dialog && opener && toggle) {
  opener.hidden = false;
  opener.addEventListener("click", () => dialog.showModal());
  dialog.querySelector("[data-keys-close]").addEventListener("click", () => dialog.close());
  toggle.checked = isOn();
  toggle.addEventListener("change", () => remember(SWITCH, toggle.checked ? "on" : "off"));
}

// After a press the hand stays where it was: on the row that moved up.
const place = recall(PLACE);
remember(PLACE, "");
if (place) {
  const all = rows();
  go(all[Math.min(Number(place), all.length - 1)]);
}

// The number beside the heading follows the list.
document.addEventListener("live-shown", () => {
  const total = document.querySelector("[data-total]")?.dataset.total;
  const shown = document.getElementById("total");
  if (shown && total !== undefined) shown.textContent = total;
});

// Makes pages that already work a little nicer. Nothing here is needed to get through a form.

// A form is sent once: a second click waits for the first answer.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    button.setAttribute("aria-disabled", "true");
  }
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

// Single keys can be switched off in this browser (WCAG 2.1.4); where storage is forbidden they are on.
function usesSingleKeys() {
  try {
    return localStorage.getItem("single-keys") !== "off";
  } catch {
    return true;
  }
}

// "/" jumps to the search box, as staff expect.
document.addEventListener("keydown", (event) => {
  if (!usesSingleKeys()) return;
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const box = document.querySelector("[data-search]");
  if (box) {
    event.preventDefault();
    box.focus();
    box.select();
  }
});

// Menus close on Escape and on a click elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// The first thing to mend gets the focus.
document.querySelector(".error-summary")?.focus();

// Photos that the worker is still drawing appear by themselves.
class PendingPhoto extends HTMLElement {
  #tries = 0;
  connectedCallback() {
    this.#later();
  }
  #later() {
    if (this.#tries++ < 20) setTimeout(() => this.#look(), 700 + 300 * this.#tries);
  }
  #look() {
    const picture = new Image();
    picture.alt = this.dataset.alt ?? "";
    picture.onload = () => {
      const link = document.createElement("a");
      link.href = this.dataset.full;
      link.append(picture);
      this.replaceWith(link);
    };
    picture.onerror = () => this.#later();
    picture.src = `${this.dataset.src}?try=${this.#tries}`;
  }
}
customElements.define("pending-photo", PendingPhoto);

// A site that a phone can keep like an app explains itself when there is no connection.
const installable = document.querySelector("link[rel=manifest][data-worker]");
if (installable && parent === window && "serviceWorker" in navigator) {
  const { worker, scope } = installable.dataset;
  window.addEventListener("load", () => navigator.serviceWorker.register(worker, { scope }));
}

// Tick all rows of a table.
document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-check-all]");
  if (!box) return;
  for (const other of box.closest("table").querySelectorAll("tbody input[type=checkbox]")) other.checked = box.checked;
});
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());

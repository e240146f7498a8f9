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

// "/" jumps to the search box, as staff expect.
document.addEventListener("keydown", (event) => {
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

// Choosing photos: one request each, with its own state, progress and retry.
class PhotoUpload extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=file]");
    this.form = this.closest("form");
    if (!this.input || !this.dataset.endpoint) return;
    this.list = document.createElement("ul");
    this.list.className = "upload-list";
    this.list.setAttribute("aria-live", "polite");
    this.append(this.list);
    this.open = 0;
    this.input.addEventListener("change", () => this.#choose());
    this.form.addEventListener("submit", (event) => {
      if (this.open === 0) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.form.dataset.waiting = "yes";
    }, true);
  }
  #choose() {
    for (const file of this.input.files) this.#add(file);
    this.input.value = "";
    this.input.removeAttribute("required");
  }
  #add(file) {
    const row = document.createElement("li");
    const thumb = document.createElement("img");
    thumb.alt = "";
    thumb.src = URL.createObjectURL(file);
    thumb.onerror = () => { thumb.replaceWith(Object.assign(document.createElement("span"), { className: "thumb" })); };
    const middle = document.createElement("div");
    const name = Object.assign(document.createElement("div"), { textContent: file.name });
    name.className = "small";
    const bar = Object.assign(document.createElement("progress"), { max: 100, value: 0 });
    bar.setAttribute("aria-label", file.name);
    const state = Object.assign(document.createElement("span"), { className: "small quiet" });
    middle.append(name, bar);
    row.append(thumb, middle, state);
    this.list.append(row);
    this.#send(file, row, bar, state);
  }
  #send(file, row, bar, state) {
    this.open += 1;
    state.textContent = this.dataset.sending;
    row.querySelector("button")?.remove();
    const body = new FormData();
    body.append("csrf_token", this.form.querySelector("[name=csrf_token]").value);
    body.append("photos", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", this.dataset.endpoint);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = (95 * event.loaded) / event.total; };
    request.onloadend = () => {
      this.open -= 1;
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { answer = {}; }
      if (request.status >= 200 && request.status < 300) {
        bar.value = 100;
        state.textContent = this.dataset.done;
        row.dataset.done = "yes";
        for (const counter of document.querySelectorAll("[data-photo-count]")) counter.textContent = answer.count;
      } else {
        state.textContent = "";
        const text = Object.assign(document.createElement("div"), { className: "error small", textContent: answer.error ?? this.dataset.failed });
        bar.replaceWith(text);
        if (request.status === 0 || request.status >= 500) {
          const again = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: this.dataset.retry });
          again.onclick = () => { text.replaceWith(bar); bar.value = 0; this.#send(file, row, bar, state); };
          row.append(again);
        }
      }
      if (this.open === 0 && this.form.dataset.waiting) {
        delete this.form.dataset.waiting;
        this.form.requestSubmit();
      }
    };
    request.send(body);
  }
}
customElements.define("photo-upload", PhotoUpload);

// Tick all rows of a table.
for (const box of document.querySelectorAll("[data-check-all]")) {
  box.addEventListener("change", () => {
    for (const other of box.closest("table").querySelectorAll("tbody input[type=checkbox]")) other.checked = box.checked;
  });
}
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());

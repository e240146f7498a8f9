// Photos on their way in: made smaller, sent in pieces, and taken up again where they stopped,
// after a reload too. Speaks tus 1.0 with core/web/resumable.py. Without this module the form's
// own file fields do, with one request for all.

const PIECE_BYTES = 1 << 19;
const LONG_SIDE = 2560;
const QUALITY = 0.85;
const SMALL_ENOUGH = 400_000;
const AT_ONCE = 2;
const WAITS = [1, 2, 4, 8, 15, 30];
const KEPT_MS = 24 * 3600 * 1000;
const TUS = { "Tus-Resumable": "1.0.0", Accept: "application/json" };

// --- what this browser keeps until it has been sent ------------------------------------------

const opened = new Promise((resolve) => {
  try {
    const request = indexedDB.open("garagist-photos", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("photos", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
  } catch {
    resolve(null);
  }
});

async function shelf(mode, work) {
  const database = await opened;
  if (!database) return undefined;
  return new Promise((resolve) => {
    const turn = database.transaction("photos", mode);
    const request = work(turn.objectStore("photos"));
    turn.oncomplete = () => resolve(request.result);
    turn.onerror = turn.onabort = () => resolve(undefined);
  });
}

function address(id, value) {
  const name = `garagist-upload:${id}`;
  try {
    if (value === undefined) return localStorage.getItem(name);
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // Private windows may refuse; then a reload begins this photo anew.
  }
  return value;
}

// --- looking at a photo ----------------------------------------------------------------------

// EXIF's DateTimeOriginal with its offset, which drawing a photo smaller loses (CIPA DC-008).
async function takenAt(file) {
  try {
    const view = new DataView(await file.slice(0, 1 << 17).arrayBuffer());
    let at = 2;
    while (view.getUint16(at) !== 0xffe1 || view.getUint32(at + 4) !== 0x45786966) {
      if (view.getUint8(at) !== 0xff) return "";
      at += 2 + view.getUint16(at + 2);
    }
    const start = at + 10;
    const little = view.getUint16(start) === 0x4949;
    const long = (offset) => view.getUint32(start + offset, little);
    const find = (directory, tag) => {
      const count = view.getUint16(start + directory, little);
      for (let entry = directory + 2; entry < directory + 2 + 12 * count; entry += 12) {
        if (view.getUint16(start + entry, little) === tag) return entry;
      }
      return 0;
    };
    const text = (directory, tag) => {
      const entry = find(directory, tag);
      if (!entry) return "";
      const length = long(entry + 4);
      const from = start + (length > 4 ? long(entry + 8) : entry + 8);
      const bytes = new Uint8Array(view.buffer, from, length - 1);
      return String.fromCharCode(...bytes);
    };
    const exif = long(find(long(4), 0x8769) + 8);
    const [day, time] = text(exif, 0x9003).split(" ");
    return time ? `${day.replaceAll(":", "-")}T${time}${text(exif, 0x9011)}` : "";
  } catch {
    return "";
  }
}

// Upright and at most LONG_SIDE pixels, if that is smaller; HEIC stays as it is, with its time.
async function smaller(file) {
  if (file.size < SMALL_ENOUGH || /heic|heif/i.test(file.type + file.name)) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONG_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const drawn = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return drawn && drawn.size < file.size ? drawn : file;
  } catch {
    return file;
  }
}

// --- sending one -----------------------------------------------------------------------------

class Refusal extends Error {}
class Interruption extends Error {}

function ask(method, url, headers, { body = null, onprogress, signal } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries({ ...TUS, ...headers })) request.setRequestHeader(name, value);
    request.upload.onprogress = onprogress ?? null;
    request.onload = () => {
      if (request.status < 400) resolve(request);
      else if (request.status >= 500 || request.status === 409) reject(new Interruption());
      else {
        let text = "";
        try { text = JSON.parse(request.responseText).error; } catch { text = ""; }
        reject(Object.assign(new Refusal(text), { status: request.status }));
      }
    };
    request.onerror = request.ontimeout = () => reject(new Interruption());
    request.onabort = () => reject(new Refusal(""));
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

// The byte to go on at; 0 with a new address where the server knows nothing of the photo.
async function begin(photo, endpoint, token, signal) {
  const url = address(photo.id);
  if (url) {
    try {
      const known = await ask("HEAD", url, {}, { signal });
      if (Number(known.getResponseHeader("Upload-Length")) === photo.file.size) {
        return [url, Number(known.getResponseHeader("Upload-Offset"))];
      }
    } catch (error) {
      if (!(error instanceof Refusal) || signal.aborted) throw error;
    }
  }
  const details = { filename: photo.name, view: photo.view, taken_at: photo.takenAt };
  const metadata = Object.entries(details).filter(([, value]) => value).map(([name, value]) => `${name} ${encoded(value)}`);
  const made = await ask("POST", endpoint, { "x-csrf-token": token, "Upload-Length": photo.file.size, "Upload-Metadata": metadata.join(",") }, { signal });
  return [address(photo.id, made.getResponseHeader("Location")), 0];
}

async function send(photo, endpoint, token, signal, tell) {
  let [url, offset] = await begin(photo, endpoint, token, signal);
  while (offset < photo.file.size) {
    const piece = photo.file.slice(offset, offset + PIECE_BYTES);
    const headers = { "x-csrf-token": token, "Content-Type": "application/offset+octet-stream", "Upload-Offset": offset };
    const onprogress = (event) => tell((offset + event.loaded) / photo.file.size);
    tell(offset / photo.file.size);
    const answer = await ask("PATCH", url, headers, { body: piece, onprogress, signal });
    offset = Number(answer.getResponseHeader("Upload-Offset"));
  }
}

const pause = (seconds, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, 1000 * seconds);
  for (const [thing, event] of [[window, "online"], [signal, "abort"]]) {
    thing.addEventListener(event, () => { clearTimeout(timer); resolve(); }, { once: true });
  }
});

// --- the element -----------------------------------------------------------------------------

const make = (tag, properties, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

class PhotoUpload extends HTMLElement {
  #rows = new Map();
  #queue = [];
  #busy = 0;
  #done = 0;

  connectedCallback() {
    this.form = this.closest("form");
    this.list = make("ul", { className: "upload-list" });
    this.tally = make("p", { className: "visually-hidden" });
    this.tally.setAttribute("role", "status");
    this.append(this.list, this.tally);
    this.addEventListener("change", (event) => this.#choose(event.target));
    this.form.addEventListener("submit", (event) => {
      if (!this.#busy && !this.#queue.length) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.form.dataset.waiting = "yes";
    }, true);
    this.#takeUp();
    // A quick hand, or a slow network: chosen before this script was there.
    for (const input of this.querySelectorAll("input[type=file]")) this.#choose(input);
  }

  // What an earlier visit to this page left unsent; what is too old is forgotten.
  async #takeUp() {
    for (const photo of (await shelf("readonly", (store) => store.getAll())) ?? []) {
      if (Date.now() - photo.at > KEPT_MS) this.#forget(photo);
      else if (photo.key === this.dataset.key) this.#add(photo);
    }
  }

  #choose(input) {
    if (input.type !== "file") return;
    for (const file of input.files) {
      const view = input.dataset.view ?? "";
      const id = [this.dataset.key, view, file.name, file.size, file.lastModified].join("|");
      this.#add({ id, view, file, key: this.dataset.key, name: file.name, at: Date.now(), isNew: true });
    }
    input.value = "";
  }

  #add(photo) {
    if (this.#rows.has(photo.id)) return;
    const thumb = make("img", { alt: "", src: URL.createObjectURL(photo.file) });
    thumb.onerror = () => thumb.replaceWith(make("span", { className: "thumb" }));
    const bar = make("progress", { max: 1, value: 0 });
    bar.setAttribute("aria-label", photo.name);
    const state = make("span", { className: "small quiet", textContent: this.dataset.waiting });
    const again = make("button", { type: "button", className: "button small", textContent: this.dataset.retry, hidden: true });
    const remove = make("button", { type: "button", className: "button plain small", textContent: this.dataset.remove });
    remove.append(make("span", { className: "visually-hidden", textContent: ` ${photo.name}` }));
    const buttons = make("div", { className: "row" }, state, again, remove);
    const row = { photo, thumb, bar, state, again, remove, stop: new AbortController() };
    row.node = make("li", {}, thumb, make("div", { className: "name" }, make("div", { className: "small", textContent: photo.name }), bar), buttons);
    again.onclick = () => { again.hidden = true; bar.hidden = false; row.failed = false; this.#enqueue(row); };
    remove.onclick = () => this.#remove(row);
    this.#rows.set(photo.id, row);
    this.list.append(row.node);
    this.#enqueue(row);
  }

  #enqueue(row) {
    row.state.className = "small quiet";
    row.state.textContent = this.dataset.waiting;
    this.#queue.push(row);
    this.#next();
  }

  #next() {
    while (this.#busy < AT_ONCE && this.#queue.length) {
      this.#busy += 1;
      this.#run(this.#queue.shift()).finally(() => {
        this.#busy -= 1;
        this.#next();
        if (!this.#busy && !this.#queue.length) this.#settle();
      });
    }
  }

  async #run(row) {
    const { photo, stop } = row;
    if (stop.signal.aborted) return;
    if (photo.isNew) {
      delete photo.isNew;
      row.state.textContent = this.dataset.preparing;
      await shelf("readwrite", (store) => store.put({ ...photo, isNew: true }));
      photo.takenAt = await takenAt(photo.file);
      photo.file = await smaller(photo.file);
      await shelf("readwrite", (store) => store.put(photo));
    }
    for (let tries = 0; !stop.signal.aborted; tries += 1) {
      try {
        await send(photo, this.dataset.endpoint, this.form.querySelector("[name=csrf_token]").value, stop.signal, (part) => {
          if (part > row.bar.value) tries = 0;
          row.bar.value = part;
          const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(part);
          row.state.textContent = part < 1 ? this.dataset.sending.replace("{}", percent) : this.dataset.checking;
        });
        await this.#arrive(row);
        return;
      } catch (error) {
        if (error instanceof Refusal) {
          this.#fail(row, error.message, error.status === 429 || error.status === 401 || error.status === 403);
          return;
        }
        if (!(error instanceof Interruption)) throw error;
      }
      if (tries >= WAITS.length) {
        this.#fail(row, this.dataset.failed, true);
        return;
      }
      row.state.textContent = this.dataset.paused;
      await pause(WAITS[tries], stop.signal);
    }
  }

  // Forgotten here before it is called received: whoever reloads then must not send it again.
  async #arrive(row) {
    await this.#forget(row.photo);
    this.#done += 1;
    row.arrived = true;
    row.bar.value = 1;
    row.state.textContent = this.dataset.done;
    row.remove.remove();
    const tick = this.querySelector(`[data-tile="${row.photo.view}"] .tile-done`);
    if (tick) tick.hidden = false;
    this.tally.textContent = this.dataset.tally.replace("{done}", this.#done).replace("{all}", this.#rows.size);
  }

  #fail(row, text, mayRetry) {
    if (row.stop.signal.aborted) return;
    row.failed = true;
    row.bar.hidden = true;
    row.state.className = "small error";
    row.state.textContent = text || this.dataset.failed;
    row.again.hidden = !mayRetry;
    if (!mayRetry) this.#forget(row.photo);
    this.tally.textContent = `${row.photo.name}: ${row.state.textContent}`;
  }

  #remove(row) {
    row.stop.abort();
    const url = address(row.photo.id);
    const token = this.form.querySelector("[name=csrf_token]").value;
    if (url) ask("DELETE", url, { "x-csrf-token": token }).catch(() => {});
    this.#forget(row.photo);
    this.#drop(row);
    this.list.querySelector("button")?.focus();
  }

  #drop(row) {
    URL.revokeObjectURL(row.thumb.src);
    this.#rows.delete(row.photo.id);
    row.node.remove();
  }

  #forget(photo) {
    address(photo.id, "");
    return shelf("readwrite", (store) => store.delete(photo.id));
  }

  // All have come to an end: show them where they are listed, and go on if that was asked for.
  async #settle() {
    const wanted = this.form.dataset.waiting;
    delete this.form.dataset.waiting;
    const rows = [...this.#rows.values()];
    const failed = rows.find((row) => row.failed);
    if (wanted && !failed) {
      this.form.requestSubmit();
      return;
    }
    if (wanted) failed.node.querySelector("button:not([hidden])").focus();
    const arrived = rows.filter((row) => row.arrived && !row.listed);
    if (arrived.length && (await this.#refresh())) {
      for (const row of arrived) {
        row.listed = true;
        if ("listed" in this.dataset) this.#drop(row);
      }
    }
  }

  async #refresh() {
    try {
      const answer = await fetch(this.dataset.page);
      if (!answer.ok) return false;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-refresh]")) {
        const now = fresh.getElementById(old.id);
        if (now) old.replaceWith(document.adoptNode(now));
      }
      return true;
    } catch {
      return false;
    }
  }
}
customElements.define("photo-upload", PhotoUpload);

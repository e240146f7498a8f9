// The workshop's tablet: back to the tiles when nobody touches it, and the code on a job sheet.

const IDLE_SECONDS = 60;

// <idle-return data-href="…">: whoever walked away leaves the tiles to the next. Not while a form has
// something in it that is not saved, or a photo is on its way.
class IdleReturn extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    for (const event of ["pointerdown", "keydown", "input", "scroll"]) {
      document.addEventListener(event, this.#again, { passive: true, capture: true });
    }
    this.#again();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    for (const event of ["pointerdown", "keydown", "input", "scroll"]) {
      document.removeEventListener(event, this.#again, { capture: true });
    }
  }

  #again = () => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#leave(), 1000 * IDLE_SECONDS);
  };

  #leave() {
    if (isEdited() || document.querySelector("dialog[open], .upload-list > li")) this.#again();
    else location.assign(this.dataset.href);
  }
}

function isEdited() {
  const fields = [...document.querySelectorAll("main form[method=post] :is(input, textarea, select)")];
  return fields.some((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.type === "file") return field.files.length > 0;
    if (field.localName === "select") return [...field.options].some((each) => each.selected !== each.defaultSelected);
    return field.type !== "hidden" && field.value !== field.defaultValue;
  });
}

// <sheet-scan>: the tablet's camera, where the browser reads codes by itself; hidden elsewhere, where a
// scanner that types, or the tablet's own camera, does the same.
const SHEET = /\/desk\/jobs\/[0-9a-f-]{36}\/presence/i;

class SheetScan extends HTMLElement {
  #stream = null;
  #stopped = true;

  connectedCallback() {
    if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
    this.hidden = false;
    this.dialog = this.querySelector("dialog");
    this.video = this.querySelector("video");
    this.says = this.querySelector("[data-scan-says]");
    this.querySelector("[data-scan-open]").addEventListener("click", () => this.#open());
    this.querySelector("[data-scan-close]").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.#stop());
  }

  async #open() {
    this.dialog.showModal();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (!this.dialog.open) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      this.#stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
      this.#stopped = false;
      this.#look(new BarcodeDetector({ formats: ["qr_code"] }));
    } catch {
      this.says.textContent = this.dataset.lost;
    }
  }

  async #look(detector) {
    while (!this.#stopped) {
      const codes = await detector.detect(this.video).catch(() => []);
      const path = codes.map((code) => SHEET.exec(code.rawValue)?.[0]).find(Boolean);
      if (path && !this.#stopped) {
        this.#stop();
        location.assign(`${path}?back=workshop`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  #stop() {
    this.#stopped = true;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.video.srcObject = null;
  }
}

customElements.define("idle-return", IdleReturn);
customElements.define("sheet-scan", SheetScan);

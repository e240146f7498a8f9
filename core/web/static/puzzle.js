// Solves the form's puzzle in a worker, says in words how it goes, and sends the form when it is
// done. Where no worker runs, the text that stands there says how to go on without.
class SmallPuzzle extends HTMLElement {
  #worker;
  #waiting;
  #solved = false;

  connectedCallback() {
    const form = this.closest("form");
    const bits = Number(this.dataset.bits);
    this.#worker = new Worker(new URL("./puzzle-worker.js", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#hear(form, data);
    this.#worker.onerror = () => this.#giveUp(form);
    this.#worker.postMessage({ token: this.querySelector("[name=puzzle]").value, bits });
    form.addEventListener("submit", (event) => this.#hold(event));
  }

  disconnectedCallback() {
    this.#worker?.terminate();
  }

  #say(text) {
    const line = this.querySelector("[role=status]");
    if (text && line.textContent !== text) line.textContent = text;
  }

  #hear(form, { answer, share }) {
    if (answer === undefined) {
      this.#say(this.#waiting ? "" : share > 0.6 ? this.dataset.nearly : this.dataset.working);
      return;
    }
    this.querySelector("[name=puzzle_answer]").value = answer;
    this.#solved = true;
    this.#say(this.dataset.done);
    if (this.#waiting) form.requestSubmit(this.#waiting.button);
  }

  // A press before the end is kept, and done at the end.
  #hold(event) {
    if (this.#solved || !this.#worker) return;
    event.preventDefault();
    this.#waiting = { button: event.submitter ?? undefined };
    this.#say(this.dataset.waiting);
  }

  #giveUp(form) {
    this.#worker = undefined;
    if (this.#waiting) form.requestSubmit(this.#waiting.button);
  }
}
customElements.define("small-puzzle", SmallPuzzle);

// Shows the portal as it would look while the owner types. Without scripts a button does it.

const PAUSE = 350;

class LivePreview extends HTMLElement {
  connectedCallback() {
    this.form = document.getElementById(this.dataset.form);
    this.frame = this.querySelector("iframe");
    if (!this.form || !this.frame) return;
    this.form.addEventListener("input", () => this.#later());
    this.addEventListener("change", () => this.#show());
    this.querySelector("button").addEventListener("click", (event) => {
      event.preventDefault();
      this.#show();
    });
    // A form that came back with mistakes, or from the history, is ahead of what is saved.
    window.addEventListener("pageshow", () => this.#later());
  }
  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#show(), PAUSE);
  }
  async #show() {
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const answer = await fetch(this.dataset.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(this.form)),
        signal: this.asked.signal,
      });
      if (answer.ok) this.#draw(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (problem) {
      if (problem.name !== "AbortError") this.frame.src = this.dataset.action;
    }
  }
  // Only what differs is put in, so that nothing flickers and the frame stays where it is.
  #draw(fresh) {
    const shown = this.frame.contentDocument;
    const theme = (page) => page?.querySelector('link[href^="/theme/"]');
    if (!theme(shown)) return;
    if (theme(shown).getAttribute("href") !== theme(fresh).getAttribute("href")) {
      theme(shown).href = theme(fresh).getAttribute("href");
    }
    shown.documentElement.lang = fresh.documentElement.lang;
    shown.body.replaceWith(shown.adoptNode(fresh.body));
  }
}
customElements.define("live-preview", LivePreview);

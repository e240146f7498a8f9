// A button beside a text copies it. Without scripts the text can be selected all the same.
class CopyText extends HTMLElement {
  connectedCallback() {
    const text = this.querySelector("textarea");
    const button = this.querySelector("button");
    if (!text || !button || !navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.value);
      this.querySelector("[role=status]").textContent = this.dataset.done;
    });
    text.addEventListener("focus", () => text.select());
  }
}
customElements.define("copy-text", CopyText);

// A part of a page that follows what happens: <live-region data-events="…" data-fragment="…">, with
// the mark that the page has seen in data-seen: what happened before its stream is there counts too.
// The stream only says that something changed; what changed is fetched with the person's own rights
// and put in place node by node, so that focus, ticks, open menus and scroll stay where they are.

const PAUSE = 250; // several changes at once are one
const PATIENCE = 5000; // until a lost connection is mentioned
const HIDDEN_FOR = 20000; // after which a page that nobody sees lets its connection go

class LiveRegion extends HTMLElement {
  #source = null;
  #tag = "";
  #timer = 0;
  #patience = 0;
  #rest = 0;
  #busy = false;
  #again = false;

  connectedCallback() {
    this.#listen();
    document.addEventListener("visibilitychange", this.#watch);
    window.addEventListener("pagehide", this.#close);
    window.addEventListener("pageshow", this.#watch);
    this.querySelector("[data-live-refresh]")?.addEventListener("click", this.#refresh);
  }

  disconnectedCallback() {
    this.#close();
    document.removeEventListener("visibilitychange", this.#watch);
    window.removeEventListener("pagehide", this.#close);
    window.removeEventListener("pageshow", this.#watch);
  }

  #listen() {
    if (this.#source || !window.EventSource) return;
    const { events, seen } = this.dataset;
    const source = new EventSource(seen === undefined ? events : `${events}?seen=${encodeURIComponent(seen)}`);
    this.#source = source;
    source.addEventListener("hello", () => this.#state(true));
    source.addEventListener("change", () => {
      this.#state(true);
      this.#soon();
    });
    source.addEventListener("down", () => this.#state(false));
    source.addEventListener("end", () => {
      this.#close();
      this.#state(false);
    });
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) this.#state(false);
      else this.#patience ||= setTimeout(() => this.#state(false), PATIENCE);
    };
  }

  #close = () => {
    clearTimeout(this.#patience);
    this.#patience = 0;
    this.#source?.close();
    this.#source = null;
  };

  #watch = () => {
    clearTimeout(this.#rest);
    if (document.hidden) {
      this.#rest = setTimeout(this.#close, HIDDEN_FOR);
    } else if (!this.#source) {
      this.#listen();
      this.#soon();
    }
  };

  #state(isLive) {
    clearTimeout(this.#patience);
    this.#patience = 0;
    const shown = this.querySelector("[data-live-state]");
    if (!shown) return;
    const text = isLive ? this.dataset.live : this.dataset.lost;
    shown.hidden = false;
    shown.classList.toggle("on", isLive);
    if (shown.textContent !== text) shown.textContent = text;
  }

  #refresh = (event) => {
    event.preventDefault();
    if (!this.#source || this.#source.readyState === EventSource.CLOSED) {
      this.#close();
      this.#listen();
    }
    this.#soon(0);
  };

  #soon(pause = PAUSE) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch(), pause);
  }

  async #fetch() {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    try {
      const headers = this.#tag ? { "If-None-Match": this.#tag } : {};
      const answer = await fetch(this.dataset.fragment, { headers, cache: "no-store", redirect: "error" });
      if (answer.status === 200) {
        const html = await answer.text();
        this.#tag = answer.headers.get("ETag") ?? "";
        this.#show(new DOMParser().parseFromString(html, "text/html").body);
      } else if (answer.status !== 304) {
        this.#state(false);
      }
    } catch {
      this.#state(false);
    } finally {
      this.#busy = false;
      if (this.#again) {
        this.#again = false;
        this.#soon();
      }
    }
  }

  #show(fresh) {
    const body = this.querySelector("[data-live-body]");
    const said = this.querySelector("[data-live-said]");
    if (body.querySelector("form[data-sent]")) return; // somebody is on their way to the next page
    const focused = document.activeElement;
    const changed = bring(body, fresh);
    if (focused?.isConnected && focused !== document.activeElement && body.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
    const says = fresh.querySelector("[data-says]")?.dataset.says;
    if (changed && said && says) {
      said.textContent = ""; // the same words are said again only when they are new
      setTimeout(() => (said.textContent = says), 100);
    }
    this.dispatchEvent(new CustomEvent("live-shown", { bubbles: true }));
  }
}

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset?.key || node.id || "" : "");
const fits = (old, fresh) =>
  old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);

// Makes the children of `old` those of `fresh`; true where anything that is seen became different.
export function bring(old, fresh) {
  const stays = new Set([...fresh.childNodes].map(keyOf).filter(Boolean));
  const keyed = new Map();
  let changed = false;
  for (const node of [...old.childNodes]) {
    const key = keyOf(node);
    if (key && !stays.has(key)) {
      letGo(node); // first, so that what stays is not moved: a node that is moved loses its focus
      changed = true;
    } else if (key) keyed.set(key, node);
  }
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    let found = key ? keyed.get(key) : at;
    if (found && !fits(found, wanted)) found = undefined;
    if (found && !key && keyOf(found)) found = undefined;
    if (!found) {
      const added = document.importNode(wanted, true);
      old.insertBefore(added, at);
      if (added.nodeType === Node.ELEMENT_NODE && key) added.classList.add("live-changed");
      changed ||= wanted.nodeType === Node.ELEMENT_NODE || wanted.data.trim() !== "";
      continue;
    }
    if (found !== at) old.insertBefore(found, at);
    else at = at.nextSibling;
    if (!found.isEqualNode(wanted)) changed = renew(found, wanted) || changed;
  }
  while (at) {
    const next = at.nextSibling;
    changed ||= at.nodeType === Node.ELEMENT_NODE;
    letGo(at);
    at = next;
  }
  return changed;
}

function renew(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    const differs = old.data !== fresh.data;
    if (differs) old.data = fresh.data;
    return differs && fresh.data.trim() !== "";
  }
  const kept = old.nodeName === "DETAILS" ? ["open"] : old.nodeName === "INPUT" ? ["checked", "value"] : [];
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !kept.includes(name) && name !== "tabindex" && name !== "class") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!kept.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  return bring(old, fresh);
}

// Focus that was in something that is gone goes to what stands in its place.
function letGo(node) {
  const had = node.contains(document.activeElement);
  const next = node.nextElementSibling ?? node.previousElementSibling;
  node.remove();
  if (!had) return;
  const heir = next?.querySelector?.("a[href], button, input:not([type=hidden])") ?? document.querySelector("#main h1");
  if (heir && !heir.matches("a, button, input")) heir.tabIndex = -1;
  heir?.focus({ preventScroll: true });
}

customElements.define("live-region", LiveRegion);

// The exchanges, the newest first: found, paged, and as they come.
import { day, el, ending, seconds, time } from "./dom.js";

export class List {
  constructor(element, onChoose) {
    this.element = element;
    this.onChoose = onChoose;
    this.known = [];
    this.chosen = null;
    this.words = "";
    this.asked = 0;
  }

  /** Those with these words, from the newest on. */
  async load(words = "") {
    this.words = words;
    const asked = ++this.asked;
    const found = await this.#fetch();
    if (asked !== this.asked) return; // something else was typed meanwhile
    this.known = found;
    this.hasMore = found.length >= 100;
    this.#draw();
  }

  get newest() {
    return this.known[0]?.id ?? 0;
  }

  /** One that has just been written. */
  add(facts) {
    if (this.words || this.known.some((each) => each.id === facts.id)) return;
    this.known.unshift(facts);
    this.#draw(facts.id);
  }

  choose(id) {
    this.chosen = id;
    for (const row of this.element.querySelectorAll(".row")) row.setAttribute("aria-current", String(Number(row.dataset.id) === id));
  }

  /** The one above or below the chosen one. */
  step(by) {
    const at = this.known.findIndex((each) => each.id === this.chosen);
    const next = this.known[Math.max(0, Math.min(this.known.length - 1, at + by))];
    if (next) {
      this.onChoose(next.id);
      this.element.querySelector(`[data-id="${next.id}"]`)?.scrollIntoView({ block: "nearest" });
    }
  }

  async #fetch(before) {
    const query = new URLSearchParams({ search: this.words });
    if (before) query.set("before", before);
    return (await fetch(`/api/exchanges?${query}`)).json();
  }

  async #more() {
    const found = await this.#fetch(this.known.at(-1).id);
    this.known.push(...found);
    this.hasMore = found.length >= 100;
    this.#draw();
  }

  #draw(fresh = null) {
    const rows = [];
    let last = "";
    for (const facts of this.known) {
      const title = day(facts.started);
      if (title !== last) rows.push(el("h2", {}, title));
      last = title;
      rows.push(this.#row(facts, facts.id === fresh));
    }
    if (!rows.length) rows.push(el("p", { class: "none" }, this.words ? "Nothing with these words." : "Nothing yet."));
    if (this.hasMore) rows.push(el("button", { id: "more", onclick: () => this.#more() }, "Older ones"));
    this.element.replaceChildren(...rows);
  }

  #row(facts, fresh) {
    const [word, how] = ending(facts);
    return el("button", { class: fresh ? "row new" : "row", "data-id": facts.id, "aria-current": String(facts.id === this.chosen), title: word, onclick: () => this.onChoose(facts.id) },
      el("div", { class: "asked" }, facts.prompt || `${facts.method} ${facts.path}`),
      el("div", { class: "about" }, el("span", { class: `dot ${how}` }), el("span", { class: "model" }, facts.model ?? facts.provider),
        el("span", {}, `· ${seconds(facts.seconds)}`), el("time", {}, time(facts.started))));
  }
}

// The right pane: what was answered, whole or as far as it had come at some moment.
import { el } from "./dom.js";
import { prose } from "./prose.js";
import { call, folded, json } from "./request.js";

export class ResponsePane {
  constructor(exchange) {
    this.exchange = exchange;
    this.answer = el("div", { class: "answer" });
    const about = exchange.response ? `HTTP ${exchange.response.status}` : "no answer";
    const inside = el("div", { class: "inside" }, this.answer, this.#raw());
    if (exchange.response)
      inside.append(folded("Headers", json(exchange.response.headers), Object.keys(exchange.response.headers).length));
    this.element = el("section", { class: "pane response" }, el("h3", {}, "Response", el("span", {}, about)), inside);
    this.showWhole();
  }

  /** The message that the answer amounts to. */
  showWhole() {
    const message = this.exchange.message;
    this.shown = null;
    this.answer.replaceChildren();
    if (!message) {
      if (!this.exchange.error) this.answer.append(el("p", { class: "text" }, this.exchange.is_chat ? "Nothing came." : "See the raw response."));
      return;
    }
    if (message.reasoning) this.answer.append(thinking(el("div", { class: "text" }, message.reasoning), message.reasoning.length, false));
    const text = typeof message.content === "string" ? message.content : (message.content ?? []).map((part) => part.text ?? "").join("");
    if (text) this.answer.append(el("div", { class: "said" }, prose(text)));
    for (const each of message.tool_calls) this.answer.append(el("div", { class: "said" }, call(each.function.name, each.function.arguments)));
    for (const each of message.warnings) this.answer.append(el("div", { class: "said" }, el("span", { class: "medium" }, each.message)));
  }

  /** What had come by then. Goes on from what is shown where it can. */
  showUntil(moment) {
    const events = this.exchange.events;
    if (!this.shown || (this.shown.next > 0 && events[this.shown.next - 1][0] > moment)) {
      this.answer.replaceChildren();
      this.shown = { next: 0, places: new Map(), last: null };
    }
    while (this.shown.next < events.length && events[this.shown.next][0] <= moment) this.#add(events[this.shown.next++]);
  }

  #add([, kind, text, place]) {
    const key = kind === "thinking" || kind === "text" ? kind : `call ${place}`;
    let into = this.shown.places.get(key);
    if (!into) {
      into = el("div", { class: kind === "call" ? "call" : "text" });
      this.shown.places.set(key, into);
      this.answer.append(kind === "thinking" ? thinking(into, null, true) : el("div", { class: "said" }, into));
    }
    this.shown.last?.classList.remove("cursor");
    this.shown.last = into;
    into.classList.add("cursor");
    into.append(kind === "call" ? el("b", {}, `${text} `) : text);
  }

  #raw() {
    const code = el("pre", { class: "code" });
    const made = folded("Raw", code);
    made.addEventListener("toggle", async () => {
      if (made.open && !code.textContent) code.textContent = await (await fetch(`/api/exchanges/${this.exchange.id}/raw`)).text();
    });
    return made;
  }
}

function thinking(content, length, open) {
  const title = length === null ? "Thinking" : `Thinking (${length.toLocaleString()} characters)`;
  return el("details", { class: "thinking", open }, el("summary", {}, title), content);
}

// A stream in its own time: when each piece came, and the answer as it grew.
import { draw, el, seconds } from "./dom.js";

const PLAY = "M3 1.5v13l11-6.5z";
const PAUSE = "M3 2h3.5v12H3zM9.5 2H13v12H9.5z";
const WIDTH = 1000;

export class Player {
  constructor(exchange, pane) {
    this.pane = pane;
    this.end = Math.max(exchange.seconds, exchange.events.at(-1)[0], 0.001);
    this.at = this.end;
    this.speed = 1;
    this.frame = 0;
    this.symbol = draw("path", { d: PLAY });
    this.button = el("button", { class: "play", title: "Play in its own time", "aria-label": "Play", onclick: () => this.toggle() },
      draw("svg", { viewBox: "0 0 16 16" }, this.symbol));
    this.head = draw("rect", { class: "head", x: WIDTH - 2, y: 0, width: 3, height: 34, rx: 1 });
    this.slider = el("input", { type: "range", min: 0, max: this.end, step: "any", value: this.end, "aria-label": "Moment", oninput: () => this.seek(Number(this.slider.value)) });
    this.clock = el("span", { class: "clock" });
    const speeds = [0.5, 1, 2, 5, 20].map((each) => el("option", { value: each, selected: each === 1 }, `${each}×`));
    const speed = el("select", { class: "speed", "aria-label": "Speed", onchange: () => { this.speed = Number(speed.value); } }, ...speeds);
    const kinds = new Set(exchange.events.map(kindOf));
    const names = { thinking: "thinking", text: "answer", call: "tool calls" };
    const legend = [...kinds].map((kind) => el("span", {}, el("i", { class: kind }), names[kind]));
    this.element = el("div", { class: "player" }, this.button, el("div", { class: "track" }, this.#drawing(exchange.events), this.slider),
      el("span", { class: "legend" }, ...legend), this.clock, speed);
    this.#tell();
  }

  toggle() {
    if (this.frame) return this.stop();
    if (this.at >= this.end) this.at = 0;
    this.symbol.setAttribute("d", PAUSE);
    this.button.setAttribute("aria-label", "Pause");
    let before = performance.now();
    const step = (now) => {
      this.seek(this.at + ((now - before) / 1000) * this.speed);
      before = now;
      if (this.at < this.end) this.frame = requestAnimationFrame(step);
      else this.stop();
    };
    this.pane.showUntil(this.at);
    this.frame = requestAnimationFrame(step);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.symbol.setAttribute("d", PLAY);
    this.button.setAttribute("aria-label", "Play");
  }

  seek(moment) {
    this.at = Math.min(moment, this.end);
    if (this.at >= this.end) this.pane.showWhole();
    else this.pane.showUntil(this.at);
    this.#tell();
  }

  #tell() {
    this.slider.value = this.at;
    this.head.setAttribute("x", (this.at / this.end) * (WIDTH - 3));
    this.clock.textContent = `${seconds(this.at)} / ${seconds(this.end)}`;
  }

  /** How much came when, of which kind: a bar for each of at most 250 slices. */
  #drawing(events) {
    const slices = 250;
    const sums = new Map();
    for (const event of events) {
      const slice = Math.min(slices - 1, Math.floor((event[0] / this.end) * slices));
      const key = `${kindOf(event)} ${slice}`;
      sums.set(key, (sums.get(key) ?? 0) + event[2].length);
    }
    const most = Math.max(...sums.values(), 1);
    const bars = [...sums].map(([key, size]) => {
      const [kind, slice] = key.split(" ");
      const height = 5 + 24 * Math.sqrt(size / most);
      return draw("rect", { class: kind, x: (slice / slices) * WIDTH, y: (34 - height) / 2, width: WIDTH / slices - 1, height, rx: 1 });
    });
    return draw("svg", { viewBox: `0 0 ${WIDTH} 34`, preserveAspectRatio: "none", "aria-hidden": "true" },
      draw("rect", { class: "base", x: 0, y: 16, width: WIDTH, height: 2, rx: 1 }), ...bars, this.head);
  }
}

function kindOf(event) {
  return event[1] === "arguments" ? "call" : event[1];
}

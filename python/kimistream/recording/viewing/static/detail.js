// One exchange: its facts, its request beside its response, its time.
import { el, ending, moment, seconds } from "./dom.js";
import { Player } from "./player.js";
import { requestPane } from "./request.js";
import { ResponsePane } from "./response.js";

const FORMS = { curl: "curl", python: "Python", har: "HAR", cassette: "Cassette" };
const main = document.getElementById("detail");
let player = null;

export function welcome() {
  clear();
  main.append(el("div", { class: "welcome" }, el("img", { src: "/static/icon.svg", alt: "", width: 56, height: 56 }),
    el("p", {}, "Nothing has been recorded yet."),
    el("p", {}, "Exchanges of ", el("code", {}, "Kimi(history=True)"), " appear here as they come.")));
}

export async function show(id) {
  const answer = await fetch(`/api/exchanges/${id}`);
  if (!answer.ok) throw new Error(await answer.text());
  const exchange = await answer.json();
  clear();
  const pane = new ResponsePane(exchange);
  main.append(top(exchange), facts(exchange));
  if (exchange.error) main.append(el("div", { class: "error" }, exchange.error));
  if (exchange.events.length) {
    player = new Player(exchange, pane);
    main.append(player.element);
  }
  main.append(el("div", { class: "panes" }, requestPane(exchange), pane.element));
  main.scrollTop = 0;
}

function clear() {
  player?.stop();
  player = null;
  main.replaceChildren();
}

function top(exchange) {
  const buttons = Object.entries(FORMS).map(([form, name]) => {
    const address = `/api/exchanges/${exchange.id}/as/${form}`;
    if (form === "har" || form === "cassette") return el("a", { class: "button", href: address, download: true, title: `Save as ${name}` }, name);
    const button = el("button", { class: "button", title: `Copy as ${name}`, onclick: () => copy(button, address, name) }, name);
    return button;
  });
  return el("div", { class: "top" }, el("h2", {}, exchange.prompt || `${exchange.method} ${exchange.path}`), el("div", { class: "exports" }, ...buttons));
}

async function copy(button, address, name) {
  const text = await (await fetch(address)).text();
  await navigator.clipboard.writeText(text);
  button.textContent = "Copied";
  button.classList.add("done");
  setTimeout(() => { button.textContent = name; button.classList.remove("done"); }, 1500);
}

function facts(exchange) {
  const [word, how] = ending(exchange);
  const first = exchange.events[0]?.[0];
  const tokens = [exchange.prompt_tokens, exchange.completion_tokens];
  const shown = [
    el("li", {}, el("span", { class: `badge ${how}` }, exchange.clock ? `${word} (${exchange.clock})` : word)),
    fact("", `#${exchange.id}`),
    exchange.model && fact("model", exchange.model),
    fact("provider", exchange.provider),
    fact("took", seconds(exchange.seconds)),
    first !== undefined && fact("first", seconds(first)),
    tokens.some((each) => each !== null) && fact("tokens", `${(tokens[0] ?? 0).toLocaleString()} → ${(tokens[1] ?? 0).toLocaleString()}`),
    exchange.cost !== null && fact("cost", exchange.cost),
    fact("at", moment(exchange.started)),
    fact("", exchange.url, "mono"),
  ];
  return el("ul", { class: "facts" }, ...shown.filter(Boolean));
}

function fact(name, value, look = "") {
  return el("li", { class: look }, name && el("b", {}, name), String(value));
}

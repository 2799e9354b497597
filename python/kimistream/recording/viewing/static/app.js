// The page: what is chosen, what is searched, what is new.
import { show, welcome } from "./detail.js";
import { List } from "./list.js";

const search = document.getElementById("search");
const live = document.getElementById("live");
const list = new List(document.getElementById("list"), choose);

async function choose(id) {
  list.choose(id);
  history.replaceState(null, "", `#${id}`);
  await show(id);
}

function follow() {
  const news = new EventSource(`/api/news?after=${list.newest}`);
  news.onopen = () => { live.textContent = "live"; live.className = "on"; };
  news.onerror = () => { live.textContent = "not running"; live.className = ""; };
  news.onmessage = ({ data }) => {
    const facts = JSON.parse(data);
    list.add(facts);
    if (list.chosen === null && !list.words) choose(facts.id);
  };
}

let typing = 0;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => list.load(search.value), 150);
});
document.addEventListener("keydown", (event) => {
  const inField = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "/" && !inField) { event.preventDefault(); search.focus(); }
  if (event.key === "Escape" && event.target === search) { search.value = ""; list.load(); search.blur(); }
  if (!inField && (event.key === "j" || event.key === "ArrowDown")) { event.preventDefault(); list.step(1); }
  if (!inField && (event.key === "k" || event.key === "ArrowUp")) { event.preventDefault(); list.step(-1); }
});
addEventListener("hashchange", () => { const id = Number(location.hash.slice(1)); if (id && id !== list.chosen) choose(id); });

await list.load();
const asked = Number(location.hash.slice(1));
const known = list.known.length > 0;
if (asked || known) await choose(asked || list.newest).catch(() => known && choose(list.newest));
else welcome();
follow();

// Elements and formats. What was said is only ever set as text: no string becomes markup anywhere on this page.

/** An element with attributes, listeners (onclick: ...) and children; texts are texts. */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** The same for a drawing. */
export function draw(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function seconds(value) {
  if (value < 0.9995) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export const time = (started) => new Date(started * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
export const moment = (started) => new Date(started * 1000).toLocaleString();

export function day(started) {
  const date = new Date(started * 1000);
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (date.toDateString() === today.toDateString()) return "Today";
  if (date.toDateString() === yesterday.toDateString()) return "Yesterday";
  return date.toLocaleDateString([], { weekday: "short", year: "numeric", month: "short", day: "numeric" });
}

/** How an exchange ended: a word, and how good that is ("", "warn", "bad"). */
export function ending(facts) {
  if (facts.ended === "left") return ["stopped by the reader", "warn"];
  if (facts.ended === "timeout") return ["timed out", "bad"];
  if (facts.ended === "refused") return ["no connection", "bad"];
  if (facts.ended === "reset") return ["connection broke", "bad"];
  if (facts.status >= 400) return [`HTTP ${facts.status}`, "bad"];
  if (facts.error) return ["broke off", "bad"];
  if (facts.finish_reason === "length" || facts.finish_reason === "content_filter") return [facts.finish_reason, "warn"];
  return [facts.finish_reason ?? `HTTP ${facts.status}`, ""];
}

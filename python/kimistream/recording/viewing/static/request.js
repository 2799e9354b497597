// The left pane: what was asked.
import { el } from "./dom.js";
import { prose } from "./prose.js";

const PICTURE = /^data:image\/(png|jpeg|gif|webp);base64,(?!sha256:)/;

export function requestPane(exchange) {
  const { body, headers } = exchange.request;
  const inside = el("div", { class: "inside" });
  const messages = Array.isArray(body?.messages) ? body.messages : null;
  if (messages) {
    if (body.system) inside.append(said("system", body.system));
    const earlier = messages.length > 6 ? messages.slice(0, -4) : [];
    if (earlier.length) inside.append(el("details", { class: "earlier" }, el("summary", {}, `${earlier.length} earlier messages`), ...earlier.map(message)));
    inside.append(...messages.slice(earlier.length).map(message));
    const rest = Object.fromEntries(Object.entries(body).filter(([key]) => key !== "messages" && key !== "system"));
    inside.append(folded("Parameters", json(rest), Object.keys(rest).length));
  } else if (body !== null) {
    inside.append(json(body));
  } else {
    inside.append(el("p", { class: "text" }, `${exchange.method} ${exchange.path}`));
  }
  inside.append(folded("Headers", json(headers), Object.keys(headers).length));
  return el("section", { class: "pane request" }, el("h3", {}, "Request", el("span", {}, exchange.model ?? exchange.method)), inside);
}

export function json(value) {
  return el("pre", { class: "code" }, typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

export function folded(title, content, count) {
  return el("details", {}, el("summary", {}, count === undefined ? title : `${title} (${count})`), content);
}

export function call(name, text) {
  return el("div", { class: "call" }, el("b", {}, name ?? ""), `(${text ?? ""})`);
}

function message(each) {
  const made = said(each.role ?? "?", each.content, each.reasoning_content ?? each.reasoning);
  for (const made_call of Array.isArray(each.tool_calls) ? each.tool_calls : [])
    made.append(call(made_call?.function?.name, made_call?.function?.arguments));
  return made;
}

function said(role, content, reasoning) {
  const known = ["user", "assistant", "tool", "system"].includes(role) ? role : "other";
  const made = el("div", { class: "said" }, el("div", { class: `role ${known}` }, role));
  if (typeof reasoning === "string" && reasoning)
    made.append(el("details", { class: "thinking" }, el("summary", {}, "Thinking"), el("div", { class: "text" }, reasoning)));
  for (const part of typeof content === "string" ? [content] : Array.isArray(content) ? content : []) made.append(shown(part));
  return made;
}

function shown(part) {
  if (typeof part === "string") return prose(part);
  if (typeof part?.text === "string") return prose(part.text);
  const address = part?.image_url?.url ?? part?.image_url ?? part?.video_url?.url ?? part?.video_url;
  if (typeof address === "string") {
    if (PICTURE.test(address)) return el("div", { class: "text" }, el("img", { src: address, alt: "picture of the request" }));
    return el("div", {}, el("span", { class: "medium" }, address.length > 120 ? `${address.slice(0, 119)}…` : address));
  }
  return json(part);
}

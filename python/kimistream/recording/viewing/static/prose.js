// A little Markdown: fences, headings, `code`, **strong** and *emphasis*. Everything else stays as it was said.
import { el } from "./dom.js";

export function prose(text) {
  const made = el("div", { class: "text" });
  const parts = text.split(/^(```+|~~~+)[^\n]*\n([\s\S]*?)(?:^\1[ \t]*$\n?|(?![\s\S]))/m);
  // [outside, fence, code, outside, fence, code, ..., outside]
  for (let at = 0; at < parts.length; at += 3) {
    const outside = parts[at]?.replace(at ? /^\n+/ : "", "").replace(parts[at + 2] === undefined ? "" : /\n+$/, "");
    if (outside) lines(made, outside);
    if (parts[at + 2] !== undefined) made.append(el("pre", {}, el("code", {}, parts[at + 2].replace(/\n$/, ""))));
  }
  return made;
}

function lines(into, text) {
  // A heading is a block, which needs no empty lines around it.
  for (const part of text.split(/(?:^|\n)\n*(#{1,6} +[^\n]+)(?:\n+|(?![\s\S]))/)) {
    const heading = /^#{1,6} +(.*?)#*\s*$/.exec(part);
    if (heading) into.append(el("div", { class: "heading" }, heading[1]));
    else inline(into, part);
  }
}

function inline(into, text) {
  for (const part of text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*|(?<![*\w])\*[^*\s][^*\n]*\*(?![*\w]))/)) {
    if (/^`[^`]+`$/.test(part)) into.append(el("code", {}, part.slice(1, -1)));
    else if (/^\*\*[^*]+\*\*$/.test(part)) into.append(el("strong", {}, part.slice(2, -2)));
    else if (/^\*[^*\s][^*\n]*\*$/.test(part)) into.append(el("em", {}, part.slice(1, -1)));
    else if (part) into.append(part);
  }
}

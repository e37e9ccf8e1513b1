"use strict";
// One dialogue of a rolecs report as it is read: its plan, its turns, and what was found of them.
// All texts are data: they are written by textContent or as text nodes, never parsed as HTML.

const ACTIONS = { "said-again": "asked for again", rewound: "went back by an exchange", abandoned: "the call was given up" };

/** Make an element. Properties with a dash are attributes; children are nodes or texts, and null is left out. */
function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else if (name === "data") Object.assign(element.dataset, value);
    else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// The name of SVG's elements, without an address in the page.
const SVG_NAMESPACE = new DOMParser().parseFromString("<svg></svg>", "text/html").body.firstChild.namespaceURI;

/** Make an SVG element with attributes. */
function svgEl(tag, attributes) {
  const element = document.createElementNS(SVG_NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Read what a script element holds packed: JSON, compressed by zlib, in base64. */
async function unpack(base64) {
  const packed = atob(base64);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const plain = (code) => code.replaceAll("_", " ");
const reasonName = (reason) => plain(reason.replace(/^([a-z]+):/, "$1: "));
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** The dialogue that is read, in a box; `prefix` tells the ids of its turns from those of another one on the page. */
class Reader {
  constructor(index, onBack, box = document.getElementById("reader"), prefix = "") {
    Object.assign(this, { index, onBack, box, prefix });
    this.words = "";
    this.open = null;
  }

  /** Mark these words from now on, in the dialogue that is open as well. */
  mark(words) {
    if (words === this.words) return;
    this.words = words;
    if (!this.open) return;
    const place = this.box.scrollTop;
    this.show(...this.open);
    this.box.scrollTop = place;
  }

  show(record, entry) {
    this.open = [record, entry];
    this.lang = record.language;
    this.box.replaceChildren(
      this.head(record, entry), this.plan(record), ...(record.original?.length ? [this.beside(record)] : []),
      el("div", { className: "reading" }, this.call(record), this.findings(record)));
    this.box.scrollTop = 0;
  }

  /** A text of the dialogue, with the words searched for marked. */
  text(tag, className, text) {
    const parts = [];
    const lower = text.toLowerCase();
    let from = 0;
    // Lower case can be longer than the text ("İ"): then places differ, and nothing is marked.
    if (this.words && lower.length === text.length) {
      for (let at = lower.indexOf(this.words); at >= 0; at = lower.indexOf(this.words, from)) {
        parts.push(text.slice(from, at), el("mark", {}, text.slice(at, at + this.words.length)));
        from = at + this.words.length;
      }
    }
    return el(tag, { className, lang: this.lang }, ...parts, text.slice(from));
  }

  head(record, entry) {
    const reasons = entry.reasons.map((reason) => el("span", { className: "chip" }, reasonName(reason)));
    return el("header", {},
      el("button", { type: "button", className: "back", onclick: this.onBack }, "← All dialogues"),
      el("h3", { lang: this.lang }, this.index.topics[record.topic] ?? record.topic),
      el("p", { className: "outcome" }, el("span", { className: `badge ${entry.outcome}` }, entry.outcome), ...reasons),
      el("p", { className: "soft meta" }, el("a", { href: `#${encodeURIComponent(record.id)}` }, el("code", {}, record.id)),
        ` · ${count(record.turns.length, "utterance")} · persona ${record.persona.id} · seed ${record.seed}`),
      record.error ? Reader.failure(record.error) : null,
      record.near_duplicate ? el("p", { className: "alert rejected", role: "note" }, "Nearly the same as ",
        el("a", { href: `#${encodeURIComponent(record.near_duplicate.id)}` }, el("code", {}, record.near_duplicate.id)),
        `, similarity ${record.near_duplicate.similarity.toFixed(2)}`) : null);
  }

  static failure({ kind, message, traceback }) {
    return el("div", { className: "alert failed", role: "note" }, el("b", {}, "Failed: "), `${kind}: ${message}`,
      el("details", {}, el("summary", {}, "Traceback"), el("pre", {}, traceback)));
  }

  plan(record) {
    const part = (name, text) => text ? el("div", {}, el("dt", {}, name), this.text("dd", "", text)) : null;
    return el("dl", { className: "plan" }, part("Situation", record.plan?.scenario),
      part("What the customer wants", record.plan?.customer_goal), part("Who the customer is", record.persona.description),
      part("Policies that the supporter was given", record.own_topic?.company.policies));
  }

  /** A line over the call: how the customer feels at each of their turns, above for a pleasant feeling, below else. */
  feelings(record) {
    const felt = record.turns.map((turn, i) => ({ ...turn.emotion, number: i + 1 })).filter(({ name }) => name);
    if (!felt.length) return null;
    const width = 10 * (record.turns.length + 1);
    const svg = svgEl("svg", { class: "feelings", viewBox: `0 0 ${width} 50`, role: "img",
      "aria-label": `Feelings: ${felt.map(({ name, intensity, number }) => `turn ${number} ${name} ${intensity}`).join(", ")}` });
    const places = felt.map(({ name, intensity, number }) => [10 * number, 25 - 10 * intensity * this.index.emotions[name].side]);
    svg.append(svgEl("line", { class: "calm", x1: 0, x2: width, y1: 25, y2: 25 }),
      svgEl("polyline", { points: places.map((place) => place.join(",")).join(" ") }));
    felt.forEach(({ name, intensity, number }, i) => {
      const dot = svgEl("circle", { class: `felt-${intensity}`, cx: places[i][0], cy: places[i][1], r: 3 });
      dot.append(Object.assign(svgEl("title", {}), { textContent: `${number}: ${name}${intensity ? ` ${intensity}` : ""}` }));
      svg.append(dot);
    });
    const course = this.index.courses[record.course];
    return el("div", { className: "course" }, svg, course ? el("p", { className: "soft", lang: this.lang }, course) : null);
  }

  call(record) {
    const notesAt = (number) => [
      ...this.repairs(record.repairs.filter((repair) => repair.turn === number)),
      ...record.violations.filter((violation) => violation.turn === number).map(Reader.violation)];
    const labels = record.verdict?.labelling?.labels ?? {};
    const heard = record.emotion_labelling?.labels ?? {};
    const later = [...new Set(record.repairs.map((repair) => repair.turn))].filter((turn) => turn > record.turns.length);
    return el("section", { className: "call", "aria-label": "Conversation" },
      ...[this.feelings(record)].filter(Boolean),
      ...notesAt(0),
      ...record.violations.filter((violation) => violation.turn === null).map(Reader.violation),
      ...record.turns.map((turn, i) => this.turn(turn, i + 1, labels[i + 1], heard[i + 1], notesAt(i + 1))),
      ...later.flatMap((turn) => el("div", { className: "turn unsaid" }, el("p", { className: "who" }, `${turn} · never said`), ...notesAt(turn))));
  }

  feeling({ name, intensity }) {
    return [name === this.index.emotions[name].name ? name : `${name} ${this.index.emotions[name].name}`, intensity || ""].join(" ").trim();
  }

  /** The original beside what it became, a row for each planned utterance; facts that differ are marked on their side. */
  beside(record) {
    const differing = (side, number) => (record.fidelity?.differences ?? [])
      .filter((found) => found[side]?.turn === number).map((found) => [found[side].text, found.change]);
    const begun = new Set();
    const steps = record.steps.length ? record.steps : record.original.map((_, i) => ({ line: i + 1 }));
    const rows = steps.map((step, i) => {
      const isFirst = step.line && !begun.has(step.line);
      begun.add(step.line);
      const line = isFirst ? record.original[step.line - 1] : null;
      const turn = record.turns[i];
      const before = line && step.speaker === "supporter" && record.before[step.line];
      return el("tr", {},
        el("td", { className: "soft" }, line ? `${step.line}` : ""),
        line ? this.marked(line, before, differing("before", step.line)) : el("td", { className: "soft" }, step.line ? `line ${step.line} goes on` : "added"),
        el("td", { className: "soft" }, turn ? `${i + 1}` : ""),
        turn ? this.marked(turn, turn.strategy, differing("after", i + 1)) : el("td", { className: "soft" }, record.steps.length ? "never said" : ""));
    });
    return el("details", { className: "beside", open: true },
      el("summary", {}, `Original ${record.source_id} beside its rewrite`),
      el("table", {}, el("thead", {}, el("tr", {}, el("th", {}), el("th", {}, "original, labelled blind"), el("th", {}), el("th", {}, "rewrite"))),
        el("tbody", {}, ...rows)));
  }

  /** A cell with who speaks, the strategy, and the words, in which some texts are marked. */
  marked({ speaker, text }, strategy, differing) {
    const parts = [];
    let from = 0;
    const found = differing.map(([words, change]) => [text.indexOf(words), words, change]).filter(([at]) => at >= 0).sort((a, b) => a[0] - b[0]);
    for (const [at, words, change] of found) {
      if (at < from) continue;
      parts.push(text.slice(from, at), el("mark", { className: "differs", title: change }, words));
      from = at + words.length;
    }
    return el("td", { lang: this.lang }, el("span", { className: "soft" }, strategy ? `${strategy} ` : `${speaker} `), ...parts, text.slice(from));
  }

  /** What the comparison with the original found. */
  static fidelity({ before, after, solutions, differences, customer, limits, unscored }) {
    const lost = customer.filter((match) => match.similarity < limits.min_similarity).map((match) => match.line);
    const items = differences.map(({ change, before: one, after: other }) =>
      el("li", { className: "rejected" }, el("b", {}, change), ` ${[one?.text, other?.text].filter(Boolean).join(" → ")}`));
    if (before && after) {
      items.push(el("li", { className: before.outcome === after.outcome ? "kept" : "rejected" },
        el("b", {}, "outcome"), ` ${before.outcome} → ${after.outcome}`));
    }
    if (solutions) items.push(el("li", { className: solutions.verdict ? "kept" : "rejected" }, el("b", {}, "solutions"), ` ${solutions.reason}`));
    if (lost.length) items.push(el("li", { className: "rejected" }, el("b", {}, "not found again"), ` lines ${lost.join(", ")}`));
    if (unscored) items.push(el("li", { className: "rejected" }, `Unscored: ${unscored}`));
    return [el("h4", {}, "Fidelity"), items.length ? el("ul", { className: "canaries" }, ...items) : el("p", { className: "kept" }, "Nothing differs.")];
  }

  turn(turn, number, label, heard, notes) {
    const strategy = turn.strategy ? this.index.strategies[turn.strategy] : null;
    const who = el("p", { className: "who" }, el("span", { className: "soft" }, `${number}`));
    if (strategy) {
      who.append(el("span", { className: "strategy" }, el("b", {}, turn.strategy), " ", el("span", { lang: this.index.language }, strategy.name)),
        el("span", { className: "soft" }, strategy.stage));
    } else who.append(el("span", { className: "soft" }, turn.speaker));
    if (label && label !== turn.strategy) {
      who.append(el("span", { className: "chip differs", title: this.index.strategies[label].name }, `labelled blind ${label}`));
    }
    if (turn.emotion) who.append(el("span", { className: `chip felt-${turn.emotion.intensity}` }, this.feeling(turn.emotion)));
    if (turn.emotion && heard && (heard.name !== turn.emotion.name || heard.intensity !== turn.emotion.intensity)) {
      who.append(el("span", { className: "chip differs" }, `heard as ${this.feeling(heard)}`));
    }
    if (turn.ends_call) who.append(el("span", { className: "chip" }, "ends the call"));
    return el("div", { id: `${this.prefix}turn-${number}`, className: `turn ${turn.speaker} ${strategy?.stage ?? ""}`, tabIndex: -1 },
      who, this.text("p", "bubble", turn.text),
      turn.direction ? this.text("p", "direction", turn.direction) : null, ...notes);
  }

  /** Notes on repairs of one turn, or of the plan (0); equal ones are told once, with how often and what failed. */
  repairs(repairs) {
    const failed = new Map();
    for (const { part, check, action, said, text } of repairs) {
      const note = `${part === "turn" ? "" : `${part}, `}${check}: ${ACTIONS[action]}`;
      failed.set(note, [...(failed.get(note) ?? []), said?.text ?? text]);
    }
    return [...failed].map(([note, texts]) => {
      const told = texts.filter(Boolean).map((text) => this.text("p", "", text));
      return el("div", { className: "mark repair" }, el("b", {}, "Repair "), note, texts.length > 1 ? `, ${texts.length} times` : null,
        told.length ? el("details", {}, el("summary", {}, "What failed"), ...told) : null);
    });
  }

  static violation({ rule, detail }) {
    return el("p", { className: "mark violation" }, el("b", {}, rule), ` ${detail}`);
  }

  findings(record) {
    const { verdict, canaries } = record;
    const points = Object.entries(verdict?.points ?? {}).map(([code, point]) => this.point(code, point));
    const parts = [el("h4", {}, "Judge")];
    if (points.length) parts.push(el("ul", { className: "points" }, ...points));
    else parts.push(el("p", { className: "none" }, verdict?.unscored ? `Unscored: ${verdict.unscored}` : "Not judged."));
    if (verdict?.labelling) {
      const { agreement, required } = verdict.labelling;
      const state = agreement >= required ? "kept" : "rejected";
      parts.push(el("h4", {}, "Blind labels"), el("p", { className: state },
        `${Math.round(100 * agreement)}% called the same, ${Math.round(100 * required)}% required`));
    }
    if (record.emotion_labelling?.problem) parts.push(el("h4", {}, "Emotions"), el("p", { className: "none" }, `Not heard again: ${record.emotion_labelling.problem}`));
    if (record.fidelity) parts.push(...Reader.fidelity(record.fidelity));
    if (canaries.length) parts.push(el("h4", {}, "Canaries sent"), el("ul", { className: "canaries" }, ...canaries.map(Reader.canary)));
    return el("aside", { className: "findings", "aria-label": "Findings" }, ...parts);
  }

  point(code, point) {
    const passed = point.verdict === 1;
    const votes = point.votes.filter((vote) => vote === 1).length;
    return el("li", { className: passed ? "kept" : "rejected" },
      el("p", { className: "point" }, el("span", { className: "sign", role: "img", "aria-label": passed ? "passed" : "failed" }, passed ? "✓" : "✕"),
        el("b", {}, plain(code)), el("span", { className: "soft" }, `${votes} of ${count(point.votes.length, "vote")}`)),
      this.text("p", "reason", point.reason),
      el("p", { className: "cited" }, el("span", { className: "soft" }, "turns"), ...point.turns.map((turn) =>
        el("button", { type: "button", "aria-label": `Show turn ${turn}`, onclick: () => this.cite(turn) }, `${turn}`))));
  }

  static canary({ fault, rejected, reasons }) {
    const sound = fault === null;
    const outcome = sound ? (rejected ? "rejected falsely" : "passed") : rejected ? "caught" : "missed";
    return el("li", { className: sound === rejected ? "rejected" : "kept" }, el("b", {}, sound ? "sound call" : fault), ` ${outcome}`,
      reasons.length ? el("span", { className: "soft" }, ` (${reasons.map(reasonName).join(", ")})`) : null);
  }

  cite(number) {
    for (const marked of this.box.querySelectorAll(".turn.cited")) marked.classList.remove("cited");
    const turn = document.getElementById(`${this.prefix}turn-${number}`);
    if (!turn) return;
    turn.classList.add("cited");
    turn.focus({ preventScroll: true });
    this.reveal(turn);
  }

  /** Bring a turn into view. */
  reveal(turn) {
    // Not scrollIntoView: that would move the page around the reader as well.
    const top = turn.getBoundingClientRect().top - this.box.getBoundingClientRect().top;
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    this.box.scrollBy({ top: top - (this.box.clientHeight - turn.offsetHeight) / 2, behavior });
  }
}

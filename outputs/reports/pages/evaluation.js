"use strict";
// The answers of a rolecs evaluation: filters, a page of turns at a time, each with its reference and answers side by side.
// Whole calls stand as in the report on a run. It uses reader.js, which stands before it in the page.

const PAGE = 20;
const COLUMNS = ["dialogue", "place", "right", "chosen", "problem", "found"];
const KEPT = {
  "": () => true,
  wrong: (row) => row.chosen !== row.right,
  right: (row) => row.chosen === row.right,
  problem: (row) => row.problem === 1,
};
const NOTHING = "nothing";
const kindOf = (row) => (row.place >= 0 ? "turn" : "call");

/** The packed dialogues; the chunk that was looked at last stays unpacked. */
class Dialogues {
  constructor(size) {
    this.size = size;
    this.chunks = document.querySelectorAll("script.dialogues");
    this.number = -1;
  }

  async read(index) {
    const number = Math.floor(index / this.size);
    if (number !== this.number) {
      this.records = await unpack(this.chunks[number].textContent);
      this.number = number;
    }
    return this.records[index % this.size];
  }
}

/** The turns that pass the filters, a page of them in view, one of them the current one. */
class Answers {
  constructor(index) {
    this.index = index;
    this.dialogues = new Dialogues(index.chunk);
    this.box = document.getElementById("answers");
    this.output = document.getElementById("count");
    this.place = document.getElementById("place");
    this.clearButton = document.getElementById("clear");
    this.selects = Object.fromEntries(["right", "chosen", "answers", "found"].map((name) => [name, document.getElementById(`filter-${name}`)]));
    this.kind = document.getElementById("filter-kind");
    this.search = document.getElementById("search");
    this.drawing = 0;
    this.searching = 0;
    this.search.addEventListener("input", () => this.apply());
    for (const select of [this.kind, ...Object.values(this.selects)]) select.addEventListener("change", () => this.apply());
    this.fill("right");
    this.fill("chosen");
    this.fillFound();
    const kinds = new Set(index.rows.map(kindOf));
    this.kind.value = kinds.has("turn") || !kinds.has("call") ? "turn" : "call";
    this.kind.parentElement.hidden = kinds.size < 2;
    document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
    this.clearButton.addEventListener("click", () => this.clear());
    document.getElementById("earlier").addEventListener("click", () => this.turnTo(this.current - (this.current % PAGE) - PAGE));
    document.getElementById("later").addEventListener("click", () => this.turnTo(this.current - (this.current % PAGE) + PAGE));
  }

  fill(column) {
    const times = new Map();
    for (const row of this.index.rows) times.set(row[column], (times.get(row[column]) ?? 0) + 1);
    for (const [code, { name }] of Object.entries(this.index.strategies)) {
      if (times.has(code)) this.selects[column].append(el("option", { value: code }, `${code} ${name} (${times.get(code).toLocaleString("en")})`));
    }
  }

  /** Offer what was found of calls, the most frequent first, and that nothing was. */
  fillFound() {
    const times = new Map();
    for (const row of this.index.rows.filter((row) => kindOf(row) === "call")) {
      for (const found of row.found.length ? row.found : [NOTHING]) times.set(found, (times.get(found) ?? 0) + 1);
    }
    const order = [...times.keys()].sort((a, b) => times.get(b) - times.get(a));
    this.selects.found.append(...order.map((found) => el("option", { value: found }, `${reasonName(found)} (${times.get(found).toLocaleString("en")})`)));
  }

  clear() {
    for (const field of [this.search, ...Object.values(this.selects)]) field.value = "";
    return this.apply();
  }

  /** Return whether a row passes the filters that its kind has. */
  passes(row) {
    const { right, chosen, answers, found } = this.selects;
    if (this.kind.value === "call") return !found.value || (found.value === NOTHING ? !row.found.length : row.found.includes(found.value));
    return (!right.value || row.right === right.value) && (!chosen.value || row.chosen === chosen.value) && KEPT[answers.value](row);
  }

  async apply() {
    const run = ++this.searching;
    const noun = this.kind.value;
    for (const [name, select] of Object.entries(this.selects)) {
      select.parentElement.hidden = (name === "found") !== (noun === "call");
      if (select.parentElement.hidden) select.value = "";
    }
    const words = this.search.value.trim().toLowerCase();
    const rows = this.index.rows.filter((row) => kindOf(row) === noun);
    let found = rows.filter((row) => this.passes(row));
    if (words) found = await this.holding(words, found, run);
    if (run !== this.searching) return; // another search has begun
    this.found = found;
    this.clearButton.hidden = !words && Object.values(this.selects).every((select) => !select.value);
    this.output.value = this.clearButton.hidden ? count(rows.length, noun) : `${found.length.toLocaleString("en")} of ${count(rows.length, noun)}`;
    this.current = 0;
    return this.draw();
  }

  /** Return the rows in whose texts some words occur, reference, customer and answers alike. */
  async holding(words, rows, run) {
    const holding = [];
    for (const row of rows) {
      const record = await this.dialogues.read(row.dialogue);
      if (run !== this.searching) break;
      const turn = record.turns[row.place];
      const reasons = Object.values(record.verdict?.points ?? {}).map((point) => point.reason);
      const said = turn ? [turn.heard, turn.text, ...Object.keys(this.index.questions).map((name) => turn[name]?.text ?? "")] : [...record.call.map((spoken) => spoken.text), ...reasons];
      if ([record.dialogue, ...said].join("\n").toLowerCase().includes(words)) holding.push(row);
    }
    return holding;
  }

  /** Make a turn the current one; where it is on another page, show that. */
  async turnTo(place) {
    const wanted = Math.max(0, Math.min(place, this.found.length - 1));
    const samePage = Math.floor(wanted / PAGE) === Math.floor(this.current / PAGE);
    this.current = wanted;
    if (!samePage) await this.draw();
    this.mark();
  }

  async draw() {
    const run = ++this.drawing;
    const first = this.current - (this.current % PAGE);
    const shown = this.found.slice(first, first + PAGE);
    const cards = [];
    for (const row of shown) {
      const record = await this.dialogues.read(row.dialogue);
      cards.push(kindOf(row) === "call" ? new Call(this.index, row, record).box : this.card(record, record.turns[row.place]));
    }
    if (run !== this.drawing) return; // another page was asked for meanwhile
    this.box.replaceChildren(...(cards.length ? cards : [el("p", { className: "none" }, `No ${this.kind.value} is like that.`)]));
    this.place.value = cards.length ? `${first + 1} to ${first + cards.length}` : "";
    document.getElementById("earlier").disabled = first === 0;
    document.getElementById("later").disabled = first + PAGE >= this.found.length;
  }

  mark() {
    const cards = this.box.querySelectorAll(".answer");
    for (const card of cards) card.removeAttribute("aria-current");
    const card = cards[this.current % PAGE];
    if (!card) return;
    card.setAttribute("aria-current", "true");
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }

  card(record, turn) {
    const lang = record.language;
    const text = (answer) => (answer.problem ? el("p", { className: "mark violation" }, answer.problem) : el("p", { className: "bubble", lang }, answer.text));
    const column = (name, content) => el("div", {}, el("h4", {}, name), content);
    const replies = ["reply", "own_reply"].filter((name) => turn[name]);
    return el("article", { className: "answer", tabIndex: -1 },
      el("p", { className: "who" }, el("code", {}, record.dialogue), el("span", { className: "soft" }, `turn ${turn.number}`),
        this.label("right", turn.strategy, null), this.choice("free", turn, turn.free), turn.constrained ? this.choice("constrained", turn, turn.constrained) : null),
      turn.heard ? el("p", { className: "heard", lang }, turn.heard) : null,
      ...["free", "constrained"].filter((name) => turn[name]?.problem).map((name) => el("p", { className: "mark violation" }, `${name}: ${turn[name].problem}`)),
      el("div", { className: "sides" }, column("Reference", el("p", { className: "bubble", lang }, turn.text)),
        ...replies.map((name) => column(this.index.questions[name], text(turn[name])))));
  }

  choice(name, turn, answer) {
    return this.label(name, answer.problem ? "none" : answer.text, answer.text === turn.strategy);
  }

  label(name, code, isRight) {
    const known = this.index.strategies[code];
    const sign = isRight === null ? "" : isRight ? " ✓" : " ✕";
    return el("span", { className: `chip${isRight === false ? " differs" : ""}`, title: known ? known.name : "" }, `${name}: ${code}${sign}`);
  }
}

/** A whole call, with what was found of it. */
class Call extends Reader {
  constructor(index, row, record) {
    super(index, null, el("article", { className: "answer whole", tabIndex: -1 }), `call-${row.dialogue}-`);
    const { language, verdict, call, cut } = record;
    this.lang = language;
    const found = row.found.map((name) => el("span", { className: "chip differs" }, reasonName(name)));
    this.box.append(
      el("p", { className: "who" }, el("code", {}, record.dialogue), ...found),
      ...(cut ? [el("p", { className: "alert rejected cut", role: "note" }, cut)] : []),
      el("div", { className: "reading" }, this.call({ turns: call, violations: record.findings, verdict, repairs: [] }),
        this.findings({ verdict, canaries: [] })));
  }

  reveal(turn) {
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    turn.scrollIntoView({ block: "center", behavior });
  }
}

function start() {
  const index = JSON.parse(document.getElementById("index").textContent);
  index.rows = index.rows.map((row) => Object.fromEntries(COLUMNS.map((name, i) => [name, row[i]])));
  const answers = new Answers(index);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      answers.clear();
      event.target.blur();
    } else if (event.target.closest?.("select, input")) return;
    else if (event.key === "/") answers.search.focus();
    else if (event.key === "j") answers.turnTo(answers.box.querySelector("[aria-current]") ? answers.current + 1 : answers.current);
    else if (event.key === "k") answers.turnTo(answers.current - 1);
    else return;
    event.preventDefault();
  });
  answers.apply();
}

document.addEventListener("DOMContentLoaded", start);

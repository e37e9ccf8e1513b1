"use strict";
// The viewer of a rolecs report: the list of dialogues with its filters, and the dialogue that is read.
// It uses el, unpack, count, plain, reasonName and Reader of report_reader.js, which stands before it in the page.

const ROW_HEIGHT_REM = 4.75;
const OVERSCAN = 8; // rows drawn above and below those in view
const CACHED_CHUNKS = 4;
const TYPING_PAUSE_MS = 150;
const COLUMNS = ["id", "outcome", "topic", "reasons", "strategies", "utterances", "summary"];

const nextFrame = () => new Promise((resolve) => setTimeout(resolve));

/** The dialogues: packed chunks in script elements, unpacked when needed; texts for the search are kept. */
class Store {
  constructor(chunkSize) {
    this.size = chunkSize;
    this.chunks = document.querySelectorAll("script.dialogues");
    this.cache = new Map();
    this.texts = new Map();
  }

  async chunk(number) {
    let records = this.cache.get(number);
    this.cache.delete(number);
    records ??= unpack(this.chunks[number].textContent);
    this.cache.set(number, records);
    if (this.cache.size > CACHED_CHUNKS) this.cache.delete(this.cache.keys().next().value);
    return records;
  }

  async record(index) {
    return (await this.chunk(Math.floor(index / this.size)))[index % this.size];
  }

  /** The searchable texts of a chunk's dialogues, in lower case. */
  async searchable(number) {
    if (!this.texts.has(number)) {
      const records = await this.chunk(number);
      this.texts.set(number, records.map((record) =>
        [record.id, record.plan?.scenario, ...record.turns.map((turn) => turn.text)].join("\n").toLowerCase()));
    }
    return this.texts.get(number);
  }
}

/** The list: only the rows in view are in the document. `shown` holds indices into `rows`. */
class List {
  constructor(index, onChoose) {
    this.index = index;
    this.onChoose = onChoose;
    this.box = document.getElementById("list");
    this.body = document.getElementById("rows");
    this.shown = [];
    this.chosen = null;
    this.rowHeight = ROW_HEIGHT_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.body.style.setProperty("--row-height", `${this.rowHeight}px`);
    this.box.addEventListener("scroll", () => this.draw());
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) onChoose(Number(row.dataset.index));
    });
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  show(indices) {
    this.shown = indices;
    this.box.scrollTop = 0;
    this.reveal();
    this.draw();
  }

  choose(index) {
    this.chosen = index;
    this.reveal();
    this.draw();
  }

  /** Go by `step` from the chosen dialogue; from one that the filters hide, to the first. */
  move(step) {
    const place = this.shown.indexOf(this.chosen);
    const next = place < 0 ? 0 : Math.min(Math.max(place + step, 0), this.shown.length - 1);
    if (next in this.shown && next !== place) this.onChoose(this.shown[next]);
  }

  reveal() {
    const top = this.shown.indexOf(this.chosen) * this.rowHeight;
    if (top < 0) return;
    const end = top + this.rowHeight - this.box.clientHeight;
    if (this.box.scrollTop > top) this.box.scrollTop = top;
    else if (this.box.scrollTop < end) {
      this.body.style.height = `${this.shown.length * this.rowHeight}px`;
      this.box.scrollTop = end;
    }
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.rowHeight) - OVERSCAN);
    const inView = Math.ceil(this.box.clientHeight / this.rowHeight) + 2 * OVERSCAN;
    this.body.style.height = `${this.shown.length * this.rowHeight}px`;
    this.body.replaceChildren(...this.shown.slice(first, first + inView).map((index, i) => this.row(index, first + i)));
    const drawn = document.getElementById(`row-${this.chosen}`);
    if (drawn) this.box.setAttribute("aria-activedescendant", drawn.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  row(index, place) {
    const { topics, language, rows } = this.index;
    const entry = rows[index];
    const lost = entry.reasons.map(reasonName).join(", ");
    const row = el("div", {
      id: `row-${index}`, className: "row", role: "option", data: { index },
      "aria-selected": index === this.chosen, "aria-setsize": this.shown.length, "aria-posinset": place + 1,
    },
      el("div", { className: "row-top" },
        el("span", { className: `dot ${entry.outcome}` }), el("b", { lang: language }, topics[entry.topic] ?? entry.topic),
        el("span", { className: "soft" }, `${entry.utterances}`)),
      el("div", { className: "row-summary", lang: language }, entry.summary),
      el("div", { className: "row-end" }, el("span", { className: entry.outcome }, entry.outcome, lost && `: ${lost}`),
        el("code", {}, entry.id)));
    row.style.transform = `translateY(${place * this.rowHeight}px)`;
    return row;
  }
}

/** The filters and the search: they tell `onChange` the indices of the dialogues that pass, and the text searched. */
class Filters {
  constructor(index, store, onChange) {
    Object.assign(this, { index, store, onChange, run: 0 });
    this.search = document.getElementById("search");
    this.output = document.getElementById("count");
    this.clearButton = document.getElementById("clear");
    this.facets = {
      outcome: (row) => [row.outcome], topic: (row) => [row.topic],
      strategy: (row) => row.strategies, reason: (row) => row.reasons,
    };
    const names = {
      outcome: plain, topic: (code) => index.topics[code] ?? code, reason: reasonName,
      strategy: (code) => `${code} ${index.strategies[code].name}`,
    };
    this.selects = Object.keys(this.facets).map((facet) => this.fill(facet, names[facet]));
    let timer;
    this.search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.apply(), TYPING_PAUSE_MS);
    });
    document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
    this.clearButton.addEventListener("click", () => this.clear());
  }

  /** Fill a select with the values that occur, and how often. */
  fill(facet, name) {
    const select = document.getElementById(`filter-${facet}`);
    const counts = new Map();
    for (const row of this.index.rows) for (const value of this.facets[facet](row)) counts.set(value, (counts.get(value) ?? 0) + 1);
    const order = facet === "strategy" ? Object.keys(this.index.strategies) : [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
    const lang = facet === "topic" || facet === "strategy" ? this.index.language : "en";
    select.append(...order.filter((value) => counts.has(value)).map((value) =>
      el("option", { value, lang }, `${name(value)} (${counts.get(value).toLocaleString("en")})`)));
    select.addEventListener("change", () => this.apply());
    return { facet, select };
  }

  get isActive() {
    return this.search.value.trim() !== "" || this.selects.some(({ select }) => select.value !== "");
  }

  clear() {
    this.search.value = "";
    for (const { select } of this.selects) select.value = "";
    return this.apply();
  }

  async apply() {
    const run = ++this.run;
    const { rows } = this.index;
    const asked = this.selects.filter(({ select }) => select.value !== "");
    const words = this.search.value.trim().toLowerCase();
    this.clearButton.hidden = !this.isActive;
    let found = [...rows.keys()].filter((i) => asked.every(({ facet, select }) => this.facets[facet](rows[i]).includes(select.value)));
    if (words) found = await this.containing(found, words, run);
    if (run !== this.run) return; // another search has begun
    this.output.value = this.isActive ? `${found.length.toLocaleString("en")} of ${count(rows.length, "dialogue")}` : count(rows.length, "dialogue");
    this.onChange(found, words);
  }

  async containing(indices, words, run) {
    const found = [];
    let number = -1;
    let texts = [];
    for (const index of indices) {
      if (Math.floor(index / this.store.size) !== number) {
        number = Math.floor(index / this.store.size);
        if (number % 10 === 9 && !this.store.texts.has(number)) {
          this.output.value = `Searching, ${Math.round((100 * number) / this.store.chunks.length)}%`;
          await nextFrame();
        }
        texts = await this.store.searchable(number);
        if (run !== this.run) return [];
      }
      if (texts[index % this.store.size].includes(words)) found.push(index);
    }
    return found;
  }
}

/** Read the index, whose rows are arrays of `COLUMNS`. */
function readIndex() {
  const index = JSON.parse(document.getElementById("index").textContent);
  index.rows = index.rows.map((row) => Object.fromEntries(COLUMNS.map((name, i) => [name, row[i]])));
  return index;
}

function start() {
  const index = readIndex();
  const byId = new Map(index.rows.map((row, i) => [encodeURIComponent(row.id), i]));
  const store = new Store(index.chunk);
  const viewer = document.getElementById("viewer");
  const narrow = matchMedia("(max-width: 52rem)");
  const list = new List(index, (i) => open(i, { byHand: true }));
  const reader = new Reader(index, () => {
    viewer.classList.remove("is-reading");
    list.box.focus();
  });
  const filters = new Filters(index, store, (found, words) => {
    reader.mark(words);
    list.show(found);
  });

  async function open(i, { byHand }) {
    list.choose(i);
    if (byHand) history.replaceState(null, "", `#${encodeURIComponent(index.rows[i].id)}`);
    const record = await store.record(i);
    if (list.chosen !== i) return; // another one was chosen meanwhile
    reader.show(record, index.rows[i]);
    if (byHand) viewer.classList.add("is-reading");
    if (byHand && narrow.matches) reader.box.focus();
  }

  function openLinked() {
    const i = byId.get(location.hash.slice(1));
    if (i === undefined) return false;
    open(i, { byHand: true }).then(() => viewer.scrollIntoView());
    return true;
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      filters.clear();
      event.target.blur();
    } else if (typing) {
      if (event.key !== "ArrowDown" || event.target !== filters.search) return;
      list.box.focus();
      list.move(1);
    } else if (event.key === "/") {
      viewer.classList.remove("is-reading");
      filters.search.focus();
      filters.search.select();
    } else if (event.key === "j" || (event.key === "ArrowDown" && event.target === list.box)) list.move(1);
    else if (event.key === "k" || (event.key === "ArrowUp" && event.target === list.box)) list.move(-1);
    else return;
    event.preventDefault();
  });
  addEventListener("hashchange", openLinked);

  filters.apply().then(() => {
    if (!openLinked() && index.rows.length && !narrow.matches) open(0, { byHand: false });
  });
}

document.addEventListener("DOMContentLoaded", start);

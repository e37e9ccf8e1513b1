"use strict";
// The page of a rater: one item at a time, each key saved as it is pressed. It uses el and plain of reader.js.

const POINT_KEYS = ["q", "w", "e", "r", "t"];
const SCALE = [[1, "1 poor"], [2, "2"], [3, "3"], [4, "4"], [5, "5 excellent"]];
const VOTES = [[1, "passes"], [0, "does not pass"]];
const PREFERENCES = [[1, "1 left"], [2, "2 equal"], [3, "3 right"]];

class Rater {
  constructor({ items, given, points }) {
    this.items = items;
    this.given = given;
    this.points = points;
    this.calls = document.getElementById("calls");
    this.form = document.getElementById("questions");
    this.isPaired = document.body.classList.contains("pairs-of-calls");
    this.questions = this.isPaired ? ["preference"] : ["overall", ...points.map((point) => point.code)];
    this.saving = Promise.resolve();
    this.unsaved = new Map();
    const open = items.findIndex((_, i) => !this.isDone(i));
    this.show(open < 0 ? 0 : open);
  }

  isDone(number) {
    return this.questions.every((question) => question in this.given[number]);
  }

  show(number) {
    this.number = Math.min(Math.max(number, 0), this.items.length - 1);
    this.calls.replaceChildren(...this.items[this.number].map((call) => this.call(call)));
    this.form.replaceChildren(...this.fieldsets());
    this.tell();
    scrollTo(0, 0);
    this.calls.focus({ preventScroll: true });
  }

  tell() {
    const done = this.items.filter((_, i) => this.isDone(i)).length;
    document.getElementById("progress").textContent = `${this.number + 1} of ${this.items.length}, ${done} rated in full`;
  }

  call(call) {
    const part = (name, text) => text ? el("div", {}, el("dt", {}, name), el("dd", { lang: call.language }, text)) : null;
    return el("section", { className: "call", "aria-label": "Conversation" },
      el("dl", { className: "plan" }, part("Situation", call.scenario), part("What the customer wants", call.goal),
        part("Who the customer is", call.persona)),
      ...call.turns.map((turn, i) => el("div", { className: `turn ${turn.speaker} ${turn.stage ?? ""}` },
        el("p", { className: "who" }, el("span", { className: "soft" }, `${i + 1}`), turn.strategy
          ? el("span", { className: "strategy" }, el("b", {}, turn.strategy), " ", el("span", { lang: call.language }, turn.name))
          : el("span", { className: "soft" }, turn.speaker)),
        el("p", { className: "bubble", lang: call.language }, turn.text))));
  }

  fieldsets() {
    const move = el("p", {}, el("kbd", {}, "j"), " next, ", el("kbd", {}, "k"), " previous, ", el("kbd", {}, "u"), " next that is open");
    if (this.isPaired) return [this.fieldset("preference", "Which call is better? Keys 1 2 3", [], PREFERENCES), move];
    return [
      this.fieldset("overall", "The call as a whole: keys 1 to 5", [], SCALE),
      ...this.points.map((point, i) => this.fieldset(point.code, point.question,
        [`Key ${POINT_KEYS[i]} passes, Shift and ${POINT_KEYS[i]} does not. Against it: ${point.fails.join("; ")}.`], VOTES)),
      move];
  }

  fieldset(question, legend, notes, values) {
    const lang = question === "overall" || this.isPaired ? "en" : this.items[this.number][0].language;
    return el("fieldset", {}, el("legend", { lang }, legend), ...notes.map((note) => el("p", { lang }, note)),
      ...values.map(([value, name]) => el("label", {}, el("input", {
        type: "radio", name: question, value, checked: this.given[this.number][question] === value,
        onchange: () => this.rate(question, value) }), name)));
  }

  rate(question, value) {
    this.given[this.number][question] = value;
    for (const input of this.form.elements[question]) input.checked = input.value === `${value}`;
    this.tell();
    this.unsaved.set(`${this.number} ${question}`, { item: this.number, question, value });
    // One behind the other: the last key on a question holds.
    this.say("saving");
    this.saving = this.saving.then(() => this.save());
  }

  say(text, isAlarming = false) {
    const saved = document.getElementById("saved");
    saved.textContent = text;
    saved.classList.toggle("unsaved", isAlarming);
  }

  /** Send what is not saved; what fails is sent again with the next key. */
  async save() {
    let failed = 0;
    for (const [key, rating] of [...this.unsaved]) {
      const answer = await fetch("rating", { method: "POST", body: JSON.stringify(rating) }).catch(() => null);
      if (!answer?.ok) failed += 1;
      else if (this.unsaved.get(key) === rating) this.unsaved.delete(key);
    }
    if (failed) this.say(`${failed} not saved: is rolecs rate still running? The next key tries again`, true);
    else if (!this.unsaved.size) this.say("saved");
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const point = POINT_KEYS.indexOf(key);
    if (key === "j") this.show(this.number + 1);
    else if (key === "k") this.show(this.number - 1);
    else if (key === "u") this.showOpen();
    else if (/^[1-5]$/.test(key) && Number(key) <= (this.isPaired ? 3 : 5)) this.rate(this.questions[0], Number(key));
    else if (point >= 0 && !this.isPaired) this.rate(this.points[point].code, event.shiftKey ? 0 : 1);
    else return;
    event.preventDefault();
  }

  /** Go on to the next item that is not rated in full, from here on and then from the start. */
  showOpen() {
    const order = [...this.items.keys()].map((i) => (this.number + 1 + i) % this.items.length);
    const open = order.find((i) => !this.isDone(i));
    if (open !== undefined) this.show(open);
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const rater = new Rater(JSON.parse(document.getElementById("data").textContent));
  document.addEventListener("keydown", (event) => rater.press(event));
});

// A call in which the person is the supporter: a persona calls, and at the end it is said what was found of the call.
import { Conversation, el } from "/assets/conversation.js";

const WORDS = {
  en: {
    title: "Practice call", say: "What you say", end: "End the call and see how it was", again: "New call",
    customer: "Customer", hangsUp: "Customer, who ends the call: close it", writing: "The customer is answering",
    situation: "The situation", begin: "You take the call: greet the customer.", strategy: "What you do by it",
    unnamed: "A labeller says it by your words", examining: "The call is being looked at", away: "The model is not available at the moment. Try again later.",
    wanted: "What the customer wanted", caller: "Who called, as the model was told", rules: "Flow rules and checks of turns", nothing: "Nothing found.",
    labels: "A labeller who reads your words alone", agrees: "Nothing else than you named.", judge: "The judge",
    unscored: (why) => `Unscored: ${why}`, passed: "Passed", failed: "Failed", whole: "The call", turn: (n) => `Turn ${n}`,
    heard: (named, labelled) => `you named it ${named}, it reads as ${labelled}`,
  },
  zh: {
    title: "练习通话", say: "您说的话", end: "结束通话，看结果", again: "新的通话",
    customer: "客户", hangsUp: "客户要挂断了：请您结束通话", writing: "客户正在回答",
    situation: "情况", begin: "您来接这通电话：请先问候客户。", strategy: "这句话的策略",
    unnamed: "由标注员按您的话判断", examining: "正在查看这通电话", away: "模型暂时不可用，请稍后再试。",
    wanted: "客户想要什么", caller: "来电的是谁（模型所知道的）", rules: "流程规则和每句话的检查", nothing: "没有发现问题。",
    labels: "只看您的话的标注员", agrees: "与您标的没有不同。", judge: "评审",
    unscored: (why) => `没有评分：${why}`, passed: "通过", failed: "未通过", whole: "整通电话", turn: (n) => `第 ${n} 句`,
    heard: (named, labelled) => `您标的是 ${named}，读起来像 ${labelled}`,
  },
};

export class PracticeCall extends Conversation {
  get path() { return "/v1/practice"; }

  get side() { return "supporter"; }

  wordsIn(lang) { return { ...super.wordsIn(lang), ...WORDS[lang] }; }

  build(title) {
    super.build(title);
    const { words } = this;
    this.strategy = el("select", { id: "strategy" }, new Option(words.unnamed, ""),
      ...Object.keys(this.strategies).map((code) => new Option(this.strategyName(code), code)));
    this.form.prepend(el("label", { for: "strategy" }, words.strategy), this.strategy);
  }

  opening() {
    const { words } = this;
    return [el("p", { className: "scenario" }, `${words.situation}: ${this.session.scenario} ${words.begin}`)];
  }

  message(text) { return { text, strategy: this.strategy.value || null }; }

  who(turn) { return turn.ends_call ? this.words.hangsUp : super.who(turn); }

  thumbs() { return null; }

  say(endsCall) { return endsCall ? this.end() : super.say(false); }

  take({ said, turn }, mine) {
    const turns = [said, turn].filter(Boolean);
    this.session.turns.push(...turns);
    mine.replaceWith(...turns.map((one) => this.turn(one)));
    this.strategy.value = "";
  }

  restart() {
    this.box.classList.remove("examined");
    return super.restart();
  }

  /** The call has ended: ask what was found of it. */
  async end() {
    this.form.hidden = true;
    this.after.replaceChildren();
    this.complain(null);
    this.wait(true, this.words.examining);
    try {
      this.show(await this.call("POST", "/end"));
    } catch (error) {
      this.fail(error, () => this.end());
    }
    this.wait(false);
    this.focus();
  }

  show({ goal, persona, violations, labels, points, unscored }) {
    const { words } = this;
    const list = (items, none) => items.length ? el("ul", {}, items) : none && el("p", {}, none);
    const place = (number) => number ? words.turn(number) : words.whole;
    this.after.replaceChildren(
      el("p", { tabIndex: -1, className: "ended" }, words.over),
      el("h2", {}, words.wanted), el("p", {}, goal),
      el("h2", {}, words.caller), el("p", {}, persona),
      // Details of rules are told in English alone.
      el("h2", {}, words.rules), list(violations.map(({ rule, turn, detail }) => el("li", {}, el("p", {}, `${place(turn)}: `,
        el("span", { lang: "en" }, `${rule}: ${detail}`)), turn && this.quote(turn))), words.nothing),
      el("h2", {}, words.labels), list(labels.map(({ turn, named, labelled }) => el("li", {}, el("p", {}, `${place(turn)}: `,
        words.heard(this.strategyName(named), this.strategyName(labelled))), this.quote(turn))), words.agrees),
      el("h2", {}, words.judge), unscored ? el("p", {}, words.unscored(unscored)) : "",
      list(points.map(({ question, passed, reason, turns }) => el("li", {}, el("p", {},
        el("strong", { className: passed ? "passed" : "failed" }, words[passed ? "passed" : "failed"]), `: ${question}`),
        el("p", {}, reason), turns.map((turn) => this.quote(turn)))), ""),
      el("p", { className: "buttons" }, el("button", { type: "button", onclick: () => this.restart() }, words.again)));
    this.after.setAttribute("aria-label", words.over);
    this.after.hidden = false;
    this.box.classList.add("examined");
  }

  quote(number) {
    const turn = this.session.turns[number - 1];
    return el("blockquote", {}, `${this.words.turn(number)}, ${super.who(turn)}: ${turn.text}`);
  }
}

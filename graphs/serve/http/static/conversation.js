// One conversation with the supporter: what is sent and what is shown. All texts are data: they are written by
// textContent or as text nodes, never parsed as HTML.

const WORDS = {
  en: {
    title: "Support", log: "Conversation", say: "Your message", send: "Send", end: "End the call", close: "Close",
    you: "You", supporter: "Support", writing: "Support is writing", up: "Helpful", down: "Not helpful",
    over: "The call has ended.", stars: "How was it?", star: (n) => `${n} of 5 stars`, comment: "A comment, if you like",
    rate: "Rate", thanks: "Thank you for your rating.", again: "New conversation", erase: "Delete this conversation",
    erased: "The conversation is deleted.", retry: "Try again",
    offline: "No answer from the server. Look at your connection and try again.",
    busy: (s) => `Too many messages at the moment. Try again in ${s} seconds.`, long: "This message is too long.",
    expired: "This conversation has expired. Begin a new one.", away: "Support is not available at the moment. Try again later.",
    key: "A key is needed to talk here.", wrong: "That did not work. Try again.",
  },
  zh: {
    title: "在线客服", log: "对话", say: "您的消息", send: "发送", end: "结束通话", close: "关闭",
    you: "您", supporter: "客服", writing: "客服正在输入", up: "有帮助", down: "没有帮助",
    over: "通话已结束。", stars: "您满意吗？", star: (n) => `${n} 星，满分 5 星`, comment: "想说的话（可不填）",
    rate: "提交评价", thanks: "感谢您的评价。", again: "新的对话", erase: "删除这次对话",
    erased: "对话已删除。", retry: "重试",
    offline: "服务器没有回应，请检查网络后再试。",
    busy: (s) => `现在消息太多，请 ${s} 秒后再试。`, long: "这条消息太长了。",
    expired: "这次对话已过期，请重新开始。", away: "客服暂时不在线，请稍后再试。",
    key: "需要密钥才能在这里对话。", wrong: "没有成功，请再试一次。",
  },
};

/** Make an element. Properties with a dash, role and for are attributes; null among the children is left out. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** What the server refuses: the status, and the seconds to wait where it says them. Status 0: there was no answer. */
class Refused extends Error {
  constructor(status, wait = 0) {
    super(`status ${status}`);
    this.status = status;
    this.wait = wait;
  }

  /** Say in plain words what is the matter. */
  tell(words) {
    if (this.status === 429) return words.busy(this.wait || 1);
    const known = { 0: words.offline, 401: words.expired, 404: words.expired, 409: words.over, 413: words.long, 503: words.away };
    return known[this.status] ?? words.wrong;
  }
}

function randomName() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Conversation {
  /**
   * @param {HTMLElement} box where it is shown.
   * @param {object} options `open`, the body that begins a session; `store`, the name under which a reload finds it
   *   again; `lang`, of the labels; `strategies`, their names by code; `stages`, theirs by English name, where
   *   strategies are shown; `onClose`, where it can be closed; `title`; `key`, returns the operator's key.
   */
  constructor(box, { open, store, lang, title = "", strategies = {}, stages = {}, onClose = null, key = () => "" }) {
    Object.assign(this, { box, open, store, strategies, stages, onClose, key });
    this.lang = lang in WORDS ? lang : "en";
    this.words = this.wordsIn(this.lang);
    this.session = null;
    this.build(title || this.words.title);
  }

  // What another kind of conversation has otherwise: its address, the side of the person, labels, messages.

  get path() { return "/v1/sessions"; }

  get side() { return "customer"; }

  wordsIn(lang) { return WORDS[lang]; }

  /** What stands before the first turn. */
  opening() { return []; }

  message(text, endsCall) { return { text, ends_call: endsCall }; }

  /** Show an answer; `mine` is what was said, as it is shown until then. */
  take({ turn }, mine) { this.log.append(this.turn(turn)); }

  who({ speaker }) { return this.words[speaker === this.side ? "you" : speaker]; }

  build(title) {
    const { words } = this;
    this.log = el("div", { className: "log", role: "log", "aria-live": "polite", "aria-label": words.log, tabIndex: 0 });
    this.status = el("p", { className: "status", role: "status" });
    this.text = el("textarea", { id: "say", rows: 2, maxLength: 2000, "aria-describedby": "problem" });
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.say(false);
    });
    this.sendButton = el("button", { type: "submit", className: "main" }, words.send);
    this.endButton = el("button", { type: "button", onclick: () => this.say(true) }, words.end);
    this.problem = el("div", { id: "problem", className: "problem", role: "alert" });
    this.form = el("form", { className: "say", onsubmit: (event) => { event.preventDefault(); this.say(false); } },
      el("label", { for: "say" }, words.say), this.text, el("p", { className: "buttons" }, this.endButton, this.sendButton));
    this.after = el("section", { className: "after", hidden: true, "aria-label": words.stars });
    this.closeButton = this.onClose && el("button", { type: "button", className: "close", onclick: this.onClose,
      "aria-label": words.close }, "✕");
    this.box.lang = this.lang;
    this.box.replaceChildren(el("header", {}, el("h1", {}, title), this.closeButton),
      this.log, this.status, this.problem, this.form, this.after);
  }

  /** Take up the conversation of before a reload, or begin one. */
  async start() {
    this.wait(true);
    const kept = this.remembered();
    try {
      this.session = kept && await this.call("GET", "", null, kept).then((seen) => ({ ...kept, ...seen }), (error) => {
        if (error.status === 401 || error.status === 404) return null;
        throw error;
      });
      this.session ??= { ...await this.request(this.path, "POST", this.open, this.key()), over: false, rated: null };
      this.remember();
      this.log.replaceChildren(...this.opening(), ...this.session.turns.map((turn) => this.turn(turn)));
      this.down();
      this.complain(null);
      if (this.session.over) await this.end();
    } catch (error) {
      // Nothing has begun that could have expired.
      const { key, away } = this.words;
      this.complain(error, () => this.start(), this.words.retry, { ...this.words, expired: error.status === 401 ? key : away });
      this.onRefused?.(error);
    }
    this.wait(false);
    if (this.session) this.focus();
  }

  async say(endsCall) {
    const text = this.text.value.trim();
    if (!this.session || this.isWaiting || (!text && !endsCall)) return this.text.focus();
    // A message that is sent once more, because no answer came, is not said twice.
    const message = this.message(text, endsCall), content = JSON.stringify(message);
    if (this.sending?.content !== content) this.sending = { content, name: randomName() };
    this.wait(true);
    this.complain(null);
    const mine = text ? this.turn({ number: 0, speaker: this.side, text }) : null;
    if (mine) this.log.append(mine);
    this.text.value = "";
    this.down();
    try {
      const answer = await this.call("POST", "/turns", message, this.session, this.sending.name);
      this.sending = null;
      this.take(answer, mine);
      this.down();
      if (answer.over) await this.end();
    } catch (error) {
      mine?.remove();
      // Something may have been typed meanwhile.
      this.text.value = [text, this.text.value].filter(Boolean).join("\n");
      if (error.status === 409) await this.end();
      else this.fail(error, () => this.say(endsCall));
    }
    this.wait(false);
    this.focus();
  }

  turn(turn) {
    const { speaker, text, strategy, stage } = turn;
    const isMine = speaker === this.side;
    const label = strategy && this.stages[stage] ? el("span", { className: `strategy ${stage}` },
      `${this.strategyName(strategy)} · ${this.stages[stage]}`) : null;
    return el("article", { className: `turn ${speaker}${isMine ? " mine" : ""}` },
      el("p", { className: "who" }, el("span", {}, this.who(turn)), label), el("p", { className: "bubble" }, text),
      isMine ? null : this.thumbs(turn));
  }

  strategyName(code) { return `${code} ${this.strategies[code]}`; }

  thumbs({ number, text }) {
    const { words } = this;
    return el("span", { className: "thumbs" },
      ...[["up", "👍"], ["down", "👎"]].map(([thumb, sign]) => el("button", { type: "button", "aria-pressed": "false",
        "aria-label": `${words[thumb]}: ${text.slice(0, 60)}`, title: words[thumb],
        onclick: (event) => this.thumb(number, thumb, event.currentTarget) }, sign)));
  }

  async thumb(number, thumb, button) {
    try {
      await this.call("POST", "/feedback", { number, thumb });
      for (const other of button.parentElement.children) other.setAttribute("aria-pressed", `${other === button}`);
      this.complain(null);
    } catch (error) {
      this.complain(error);
    }
  }

  /** The call has ended: ask for stars, unless they were given. */
  end() {
    const { words } = this;
    this.session.over = true;
    this.form.hidden = true;
    const comment = el("textarea", { id: "comment", rows: 2, maxLength: 1000 });
    const stars = [1, 2, 3, 4, 5].map((n) => el("label", {}, el("input", { type: "radio", name: "stars", value: `${n}`,
      required: true, "aria-label": words.star(n) }), el("span", { "aria-hidden": "true" }, "★")));
    const rating = this.session.rated ? el("p", { className: "thanks" }, words.thanks) : el("form", { className: "rating",
      onsubmit: (event) => { event.preventDefault(); this.rate(Number(new FormData(event.target).get("stars")), comment.value); } },
      el("fieldset", {}, el("legend", {}, words.stars), el("div", { className: "stars" }, stars)),
      el("label", { for: "comment" }, words.comment), comment, el("button", { type: "submit", className: "main" }, words.rate));
    this.after.replaceChildren(el("p", { tabIndex: -1, className: "ended" }, words.over), rating, el("p", { className: "buttons" },
      el("button", { type: "button", onclick: () => this.erase() }, words.erase),
      el("button", { type: "button", onclick: () => this.restart() }, words.again)));
    this.after.hidden = false;
  }

  async rate(stars, comment) {
    try {
      await this.call("POST", "/feedback", { stars, comment });
      this.session.rated = stars;
      this.complain(null);
      this.end();
      this.focus();
    } catch (error) {
      this.complain(error, () => this.rate(stars, comment));
    }
  }

  async erase() {
    try {
      await this.call("DELETE", "");
      this.forget();
      this.log.replaceChildren();
      this.after.replaceChildren(el("p", { tabIndex: -1, className: "ended" }, this.words.erased),
        el("p", { className: "buttons" }, el("button", { type: "button", onclick: () => this.restart() }, this.words.again)));
      this.complain(null);
      this.focus();
    } catch (error) {
      this.complain(error, () => this.erase());
    }
  }

  restart() {
    this.forget();
    this.after.hidden = true;
    this.form.hidden = false;
    this.log.replaceChildren();
    return this.start();
  }

  focus() {
    (this.form.hidden ? this.after.querySelector(".ended") ?? this.problem.querySelector("button") : this.text)?.focus();
  }

  down() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  wait(isWaiting, what = this.words.writing) {
    this.isWaiting = isWaiting;
    this.sendButton.disabled = this.endButton.disabled = isWaiting;
    this.status.textContent = isWaiting ? `${what} …` : "";
  }

  /** Show what went wrong, with a button that tries again, or begins anew where that is of no use. */
  fail(error, again) {
    const isGone = error.status === 401 || error.status === 404;
    this.complain(error, isGone ? () => this.restart() : again, isGone ? this.words.again : this.words.retry);
  }

  /** Show what went wrong, with a button that tries again; null: nothing is wrong any more. */
  complain(error, again = null, name = this.words.retry, words = this.words) {
    if (error && !(error instanceof Refused)) throw error;
    this.problem.replaceChildren(...(error ? [el("p", {}, error.tell(words)),
      again ? el("button", { type: "button", onclick: again }, name) : null].filter(Boolean) : []));
  }

  call(method, path, body = null, session = this.session, name = null) {
    return this.request(`${this.path}/${session.id}${path}`, method, body, session.token, name);
  }

  async request(path, method, body, token, name = null) {
    const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }),
      ...(name && { "Idempotency-Key": name }) };
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) }).catch(() => null);
    if (!answer) throw new Refused(0);
    if (!answer.ok) throw new Refused(answer.status, Number(answer.headers.get("Retry-After")));
    return answer.status === 204 ? null : answer.json();
  }

  // A browser may keep frames of other sites from storing anything: then a reload begins anew.
  remembered() {
    try {
      return JSON.parse(sessionStorage.getItem(this.store));
    } catch {
      return null;
    }
  }

  remember() {
    try {
      sessionStorage.setItem(this.store, JSON.stringify({ id: this.session.id, token: this.session.token }));
    } catch { /* see above */ }
  }

  forget() {
    this.session = null;
    try {
      sessionStorage.removeItem(this.store);
    } catch { /* see above */ }
  }
}

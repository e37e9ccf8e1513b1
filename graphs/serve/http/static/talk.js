// The page of those who run the service: a call with the supporter, its strategies shown; or one as the supporter.
import { Conversation } from "/assets/conversation.js";
import { PracticeCall } from "/assets/practice.js";

const WORDS = {
  en: {
    talk: "Talk to the supporter", practise: "Be the supporter", language: "Language", side: "You are", customer: "the customer",
    supporter: "the supporter", topic: "Topic", persona: "Who calls", key: "Key", begin: "Begin a call", any: "Any", call: "The call",
    note: "Each turn shows the strategy that the model chose, and the stage that it serves.",
    practiceNote: "A persona calls, and you speak first. At the end you are told what the customer wanted and how you did; nothing of the call is kept.",
    api: "The service's API:",
  },
  zh: {
    talk: "与客服对话", practise: "您来当客服", language: "语言", side: "您是", customer: "客户",
    supporter: "客服", topic: "主题", persona: "来电的人", key: "密钥", begin: "开始通话", any: "不限", call: "通话",
    note: "客服的每句话都标出模型所选的策略和所属的阶段。",
    practiceNote: "会有一位客户来电，由您先开口。结束后会告诉您客户想要什么、您做得怎么样；通话内容不会保存。",
    api: "服务的 API：",
  },
};
const vocabulary = JSON.parse(document.getElementById("vocabulary").textContent);
const form = document.getElementById("wanted");
const box = document.getElementById("talk");
const { language, side, topic, persona, key } = form.elements;
const keyLabel = document.getElementById("needs-key");
let callers = null;

const practises = () => side?.value === "supporter";
const words = () => WORDS[language.value];

/** Write the form anew, in the language of the call. */
function fill(chosen = topic.value) {
  document.documentElement.lang = language.value;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = words()[element.dataset.word];
  if (practises()) {
    document.querySelector("h1").textContent = words().practise;
    document.querySelector("[data-word=note]").textContent = words().practiceNote;
  }
  document.title = `${document.querySelector("h1").textContent} · rolecs`;
  box.setAttribute("aria-label", words().call);
  const any = practises() ? [new Option(words().any, "")] : [];
  topic.replaceChildren(...any, ...Object.entries(vocabulary[language.value].topics).map(
    ([code, name]) => new Option(name, code, false, code === chosen)));
  if (!persona) return;
  document.getElementById("who-calls").hidden = !practises();
  persona.replaceChildren(new Option(words().any, ""), ...(callers?.[language.value] ?? []).map(
    ({ id, age, job }) => new Option(`${id} · ${age} · ${job}`, id)));
  if (practises() && !callers) findCallers();
}

async function findCallers() {
  const answer = await fetch("/v1/practice/personas", {
    headers: key.value ? { Authorization: `Bearer ${key.value}` } : {} }).catch(() => null);
  if (answer?.status === 401) keyLabel.hidden = false;
  if (!answer?.ok) return;
  callers = (await answer.json()).personas;
  fill();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const lang = language.value;
  const { strategies, stages } = vocabulary[lang];
  const open = { language: lang, topic: topic.value || null };
  const title = topic.value ? topic.selectedOptions[0].textContent : "";
  const shared = { lang, title, strategies, stages, key: () => key.value };
  box.hidden = false;
  box.classList.remove("examined");
  const conversation = practises()
    ? new PracticeCall(box, { ...shared, open: { ...open, persona: persona.value || null }, store: "rolecs practice" })
    : new Conversation(box, { ...shared, open: { ...open, site: null }, store: "rolecs talk" });
  conversation.onRefused = (error) => {
    if (error.status !== 401) return;
    keyLabel.hidden = false;
    key.focus();
  };
  conversation.forget();
  conversation.start();
});
language.addEventListener("change", () => fill());
side?.addEventListener("change", () => fill(""));
key.addEventListener("change", () => practises() && !callers && findCallers());
fill();

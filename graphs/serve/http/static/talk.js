// The page of those who run the service: a call with the supporter, its strategies shown.
import { Conversation } from "/assets/conversation.js";

const vocabulary = JSON.parse(document.getElementById("vocabulary").textContent);
const form = document.getElementById("wanted");
const box = document.getElementById("talk");

function fillTopics() {
  const chosen = form.elements.topic.value;
  form.elements.topic.replaceChildren(...Object.entries(vocabulary[form.elements.language.value].topics).map(
    ([code, name]) => new Option(name, code, false, code === chosen)));
}

form.elements.language.addEventListener("change", fillTopics);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const lang = form.elements.language.value;
  const { strategies, stages } = vocabulary[lang];
  box.hidden = false;
  const conversation = new Conversation(box, {
    open: { site: null, language: lang, topic: form.elements.topic.value || null }, store: "rolecs talk", lang,
    title: form.elements.topic.selectedOptions[0]?.textContent ?? "",
    tellStrategy: (strategy, stage) => `${strategy} ${strategies[strategy]} · ${stages[stage]}`,
    key: () => form.elements.key.value,
  });
  conversation.onRefused = (error) => {
    document.getElementById("needs-key").hidden &&= error.status !== 401;
    if (error.status === 401) form.elements.key.focus();
  };
  conversation.forget();
  conversation.start();
});
fillTopics();

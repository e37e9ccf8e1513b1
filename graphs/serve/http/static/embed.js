// The page in the widget's frame: what its address says of site and looks, and how it talks to the host page.
import { Conversation } from "/assets/conversation.js";

const asked = new URLSearchParams(location.search);
const lang = (asked.get("lang") || navigator.language).startsWith("zh") ? "zh" : "en";
const root = document.documentElement;
root.lang = lang;
if (["light", "dark"].includes(asked.get("theme"))) root.dataset.theme = asked.get("theme");
const colour = asked.get("colour");
if (/^#[0-9a-f]{6}$/i.test(colour ?? "")) {
  const [red, green, blue] = [1, 3, 5].map((i) => (parseInt(colour.slice(i, i + 2), 16) / 255) ** 2.2);
  root.style.setProperty("--accent", colour);
  root.style.setProperty("--on-accent", 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff");
}
const isFramed = parent !== window;
// The host's origin is not known here, and nothing is told but that the visitor closes the frame.
const close = () => parent.postMessage("rolecs:close", "*");
const site = asked.get("site");
const conversation = new Conversation(document.getElementById("talk"), {
  open: { site, language: lang }, store: `rolecs ${site} ${lang}`, lang, title: asked.get("title")?.slice(0, 80),
  onClose: isFramed ? close : null,
});
document.title = conversation.box.querySelector("h1").textContent;
addEventListener("message", (event) => {
  if (event.source === parent && event.data === "rolecs:opened") conversation.focus();
});
if (isFramed) addEventListener("keydown", (event) => event.key === "Escape" && close());
conversation.start();

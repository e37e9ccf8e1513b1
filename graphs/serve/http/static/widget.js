// The widget: a button that opens the conversation in a frame on the origin that this script comes from.
// It needs nothing of its host page but script-src and frame-src for that origin: styles are set by script alone.
(() => {
  "use strict";
  const script = document.currentScript;
  const { origin } = new URL(script.src);
  const { site = "", title, colour, lang, theme } = script.dataset;
  const words = (lang || navigator.language).startsWith("zh")
    ? { open: "打开在线客服", close: "关闭在线客服", title: "在线客服" }
    : { open: "Open the support chat", close: "Close the support chat", title: "Support" };
  const isColour = /^#[0-9a-f]{6}$/i.test(colour ?? "");

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial; position: fixed; right: 20px; bottom: 20px; z-index: 2147483000; }
    button { display: grid; place-items: center; margin: 0 0 0 auto; width: 56px; height: 56px; border: 0; padding: 0;
      border-radius: 50%; background: #2b5f8a; color: #fff; cursor: pointer; box-shadow: 0 2px 12px rgb(0 0 0 / .3); }
    button:focus-visible { outline: 3px solid #fff; box-shadow: 0 0 0 6px #1e232b; }
    svg { width: 26px; height: 26px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
    iframe { display: block; width: 380px; height: min(600px, calc(100vh - 116px)); margin-bottom: 16px; border: 0;
      border-radius: 12px; background: #fff; box-shadow: 0 4px 28px rgb(0 0 0 / .3); }
    [hidden] { display: none; }
    @media (max-width: 480px) {
      iframe { position: fixed; inset: 0; width: 100vw; height: 100dvh; margin: 0; border-radius: 0; }
      button[aria-expanded=true] { display: none; }
    }`);

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet];
  const button = document.createElement("button");
  button.type = "button";
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  icon.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
  icon.firstChild.setAttribute("d", "M4 4h16v12H11l-5 4v-4H4z");
  button.append(icon);
  if (isColour) {
    const [red, green, blue] = [1, 3, 5].map((i) => (parseInt(colour.slice(i, i + 2), 16) / 255) ** 2.2);
    button.style.background = colour;
    button.style.color = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
  }
  root.append(button);
  let frame = null;
  let isLoaded = false;

  function show(isOpen) {
    if (isOpen && !frame) {
      const query = new URLSearchParams({ site });
      for (const [name, value] of Object.entries({ title, colour: isColour ? colour : "", lang, theme })) {
        if (value) query.set(name, value);
      }
      frame = document.createElement("iframe");
      frame.title = title || words.title;
      frame.src = `${origin}/embed?${query}`;
      frame.addEventListener("load", () => { isLoaded = true; });
      root.prepend(frame);
    }
    if (frame) frame.hidden = !isOpen;
    button.setAttribute("aria-expanded", isOpen);
    button.setAttribute("aria-label", isOpen ? words.close : words.open);
    if (isOpen) {
      frame.focus();
      // The page takes the focus by itself when it has come.
      if (isLoaded) frame.contentWindow.postMessage("rolecs:opened", origin);
    }
  }

  function close() {
    if (!frame || frame.hidden) return;
    show(false);
    button.focus();
  }

  button.addEventListener("click", () => (button.getAttribute("aria-expanded") === "true" ? close() : show(true)));
  root.addEventListener("keydown", (event) => event.key === "Escape" && close());
  addEventListener("message", (event) => {
    if (frame && event.origin === origin && event.source === frame.contentWindow && event.data === "rolecs:close") close();
  });
  show(false);
  const place = () => document.body.append(host);
  if (document.body) place();
  else addEventListener("DOMContentLoaded", place);
})();

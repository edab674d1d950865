// Keys, and panels that open. Every page works without it: forms are plain forms.
"use strict";
(() => {
  const typing = (el) => el.matches("input:not([type=radio]), textarea, select");
  const open = (button) => {
    const panel = document.getElementById(button.dataset.opens);
    if (!panel) return;
    const showing = panel.hidden;
    document.querySelectorAll(".panel").forEach((p) => { p.hidden = true; });
    document.querySelectorAll("[data-opens]").forEach((b) => b.setAttribute("aria-expanded", "false"));
    panel.hidden = !showing;
    button.setAttribute("aria-expanded", String(showing));
    if (showing) panel.querySelector("textarea, input:not([type=hidden]), select").focus();
    else button.focus();
  };
  document.querySelectorAll("[data-opens]").forEach((b) => b.addEventListener("click", () => open(b)));
  document.querySelectorAll("[data-ask]").forEach((b) =>
    b.addEventListener("click", (event) => { if (!window.confirm(b.dataset.ask)) event.preventDefault(); }));
  // a decision is sent once, however often the key is pressed
  document.querySelectorAll("form[method=post]").forEach((f) => f.addEventListener("submit", (event) => {
    if (f.dataset.sent) event.preventDefault();
    f.dataset.sent = "1";
  }));
  window.addEventListener("pageshow", () =>
    document.querySelectorAll("form").forEach((f) => { delete f.dataset.sent; }));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const help = document.getElementById("keys");
    if (event.key === "Escape") {
      const panel = document.querySelector(".panel:not([hidden])");
      if (panel) document.querySelector(`[data-opens="${panel.id}"]`).click();
      return;
    }
    if (typing(event.target) || (help && help.open)) return;
    if (event.key === "?" && help) { event.preventDefault(); help.showModal(); return; }
    if (event.key === "Enter" && event.target === document.body) {
      const first = document.querySelector("[data-first]");
      if (first) first.click();
      return;
    }
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target || target.disabled) return;
    event.preventDefault();
    if (target.matches("input")) target.focus(); else target.click();
  });
})();

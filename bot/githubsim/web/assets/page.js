// What the pages need beyond htmx: forms that clear themselves, choices that stay
// while the page is brought up to date, and a sign where a comment was edited.
"use strict";

// A form is done when the answer is empty. Then its old problem goes, and what was
// typed, unless the form wants to keep it.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt.closest("form");
  if (!form || event.detail.xhr.status !== 204) return;
  const problem = form.querySelector(".problem");
  if (problem) problem.textContent = "";
  if ("clear" in form.dataset) form.reset();
});

document.addEventListener("htmx:sseError", () => { document.querySelector(".offline").hidden = false; });
document.addEventListener("htmx:sseOpen", () => { document.querySelector(".offline").hidden = true; });

document.addEventListener("DOMContentLoaded", () => {
  Idiomorph.defaults.callbacks.beforeNodeMorphed = (old) => !(old instanceof HTMLElement && "keep" in old.dataset);
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => {
    if (name === "data-version") {
      const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (!calm) node.animate([{ boxShadow: "0 0 0 3px var(--fresh)" }, { boxShadow: "0 0 0 3px transparent" }], 1800);
    }
    // What the reader has unfolded stays unfolded.
    return !(name === "open" && node.tagName === "DETAILS");
  };
});

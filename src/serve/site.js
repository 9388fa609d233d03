// The sliders: each number field gets a range beside it; a change asks the server again and replaces the
// result. Without this file the form is sent by its button.
"use strict";
(() => {
  const form = document.querySelector("form.sliders");
  const result = document.getElementById("result");
  if (!form || !result) return;
  let waiting = 0;
  let asked = null;

  const address = () => {
    const given = new URLSearchParams();
    for (const [key, value] of new FormData(form)) if (value !== "") given.set(key, value);
    return `${form.getAttribute("action")}?${given}`;
  };

  const ask = async () => {
    if (!form.checkValidity()) return;
    if (asked) asked.abort();
    asked = new AbortController();
    const where = address();
    result.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(where, { signal: asked.signal });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById("result");
        if (fresh) result.replaceChildren(...fresh.childNodes);
        history.replaceState(null, "", where);
      }
      result.removeAttribute("aria-busy");
    } catch (error) {
      if (error.name !== "AbortError") result.removeAttribute("aria-busy");
    }
  };

  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 80);
  };

  for (const field of form.querySelectorAll("input[type=number]")) {
    const range = document.createElement("input");
    range.type = "range";
    range.min = field.min;
    range.max = field.max;
    range.step = field.dataset.step;
    range.value = field.value === "" ? field.dataset.median : field.value;
    const label = field.closest("label");
    range.setAttribute("aria-label", label.querySelector("span").textContent);
    label.classList.add("with-range");
    label.classList.toggle("open", field.value === "");
    label.append(range);
    range.addEventListener("input", () => {
      const held = Math.min(Math.max(Number(range.value), Number(field.min)), Number(field.max));
      field.value = String(Number(held.toPrecision(4)));
      if (!field.checkValidity()) field.value = String(held);
      label.classList.remove("open");
      soon();
    });
    field.addEventListener("input", () => {
      range.value = field.value === "" ? field.dataset.median : field.value;
      label.classList.toggle("open", field.value === "");
      soon();
    });
  }
  form.querySelector("select").addEventListener("change", () => form.submit());
})();

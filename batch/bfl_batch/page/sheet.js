"use strict";
(() => {
  const form = document.getElementById("filter");
  const shown = form.querySelector("output");
  const empty = document.querySelector(".empty");
  const normal = (text) => text.normalize("NFKC").toLowerCase();
  const cards = Array.from(document.querySelectorAll(".card"), (element) => ({ element, text: null }));
  const text = (card) =>
    (card.text ??= normal(Array.from(card.element.querySelectorAll(".find"), (part) => part.textContent).join("\n")));

  const filter = () => {
    const { q, state, endpoint } = Object.fromEntries(new FormData(form));
    const words = normal(q).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const card of cards) {
      const data = card.element.dataset;
      const match = (!state || data.state === state) && (!endpoint || data.endpoint === endpoint)
        && words.every((word) => text(card).includes(word));
      if (card.element.hidden === match) card.element.hidden = !match;
      count += match;
    }
    shown.textContent = count === cards.length ? "" : `${count.toLocaleString("en")} of ${cards.length.toLocaleString("en")} shown`;
    empty.hidden = count > 0 || cards.length === 0;
  };

  const toFragment = () => {
    const parameters = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    try { history.replaceState(null, "", `#${parameters}`); } catch { /* a browser may not allow it for files */ }
  };

  const fromFragment = () => {
    const parameters = new URLSearchParams(location.hash.slice(1));
    form.q.value = parameters.get("q") ?? "";
    form.endpoint.value = parameters.get("endpoint") ?? "";
    if (form.endpoint.selectedIndex < 0) form.endpoint.value = "";
    form.state.value = ""; // stays if the next one is no state
    form.state.value = parameters.get("state") ?? "";
    filter();
  };

  let waiting = 0;
  const changed = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { filter(); toFragment(); }, cards.length > 500 ? 150 : 0);
  };
  for (const part of form.querySelectorAll(".scripted")) part.hidden = false;
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  empty.querySelector("button").addEventListener("click", () => { form.reset(); filter(); toFragment(); form.q.focus(); });
  window.addEventListener("hashchange", fromFragment);
  fromFragment();
})();

// Search as you type: suggestions below a search box, as a listbox (WAI-ARIA combobox pattern). Without this script
// the form still searches.
"use strict";

(function () {
  const WAIT = 120; // ms after the last key

  function suggest(input, number) {
    const form = input.form;
    const place = new URL(form.action);
    place.pathname += ".json";
    const list = document.createElement("ul");
    list.id = "suggestions-" + number;
    list.className = "suggestions";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Suggestions");
    list.hidden = true;
    form.append(list);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) {
      input.setAttribute(name, value);
    }
    let timer = 0;
    let asked = null;
    let active = -1;

    function show(open) {
      list.hidden = !open;
      input.setAttribute("aria-expanded", String(open));
      if (!open) mark(-1);
    }

    function mark(next) {
      const all = list.children;
      if (all[active]) all[active].setAttribute("aria-selected", "false");
      active = next;
      if (all[active]) {
        all[active].setAttribute("aria-selected", "true");
        all[active].scrollIntoView({ block: "nearest" });
        input.setAttribute("aria-activedescendant", all[active].id);
      } else {
        input.removeAttribute("aria-activedescendant");
      }
    }

    function fill(hits) {
      list.replaceChildren(...hits.map((hit, i) => {
        const item = document.createElement("li");
        item.id = list.id + "-" + i;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        const link = document.createElement("a");
        link.href = hit.href;
        link.tabIndex = -1;
        const name = document.createElement("bdi");
        name.textContent = hit.name;
        const more = document.createElement("span");
        more.className = "kind";
        more.textContent = [hit.kind, hit.parcellation_name].filter(Boolean).join(" · ");
        link.append(name, " ", more);
        item.append(link);
        return item;
      }));
      active = -1;
      show(hits.length > 0 && document.activeElement === input);
    }

    async function ask() {
      const text = input.value.trim();
      if (asked) asked.abort();
      if (text.length < 2) return fill([]);
      asked = new AbortController();
      place.searchParams.set("q", text);
      try {
        const answer = await fetch(place, { signal: asked.signal, headers: { Accept: "application/json" } });
        if (answer.ok) fill((await answer.json()).hits.filter((hit) => hit.href).slice(0, 10));
      } catch (error) {
        if (error.name !== "AbortError") fill([]);
      }
    }

    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT);
    });
    input.addEventListener("keydown", (event) => {
      const last = list.children.length - 1;
      if (list.hidden) return;
      if (event.key === "ArrowDown") mark(active < last ? active + 1 : 0);
      else if (event.key === "ArrowUp") mark(active > 0 ? active - 1 : last);
      else if (event.key === "Escape") show(false); // without its default, which empties the box
      else if (event.key === "Enter" && active >= 0) list.children[active].firstChild.click();
      else return;
      event.preventDefault();
    });
    input.addEventListener("blur", () => setTimeout(() => show(false), 200));
  }

  document.querySelectorAll('input[type="search"]').forEach(suggest);
})();

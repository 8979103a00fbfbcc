"use strict";
(() => {
  const rows = [...document.querySelectorAll("details.r")];
  const links = [...document.querySelectorAll("a.l")];
  const runs = [...document.querySelectorAll("details.run")];
  const loose = [...document.querySelectorAll("#findings ~ .finding")];
  const form = document.getElementById("filter");
  const words = document.getElementById("words");
  const kind = document.getElementById("kind");
  const count = document.getElementById("count");
  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const contains = (row) => wanted.every((word) => textOf(row).includes(word));
    let shown = 0;
    for (const row of rows) {
      const fits =
        (!kind.value || row.dataset.k.split(" ").includes(kind.value)) && contains(row);
      row.hidden = !fits;
      shown += fits;
    }
    for (const link of links) {
      link.hidden = document.getElementById(link.hash.slice(1)).hidden;
    }
    for (const found of loose) {
      const b = found.querySelector("b");
      found.hidden = (kind.value && b.className !== kind.value) || !contains(found);
    }
    for (const run of runs) {
      run.hidden = !run.querySelector("details.r:not([hidden])");
      if (wanted.length || kind.value) run.open = !run.hidden;
    }
    count.value = `${shown} of ${rows.length}`;
  };

  const reveal = () => {
    const row = document.getElementById(location.hash.slice(1));
    if (!row || !row.matches("details.r")) return;
    if (row.hidden) {
      words.value = kind.value = "";
      filter();
    }
    const run = row.closest("details.run");
    if (run) run.open = true;
    row.open = true;
    row.scrollIntoView();
    row.firstElementChild.focus({ preventScroll: true });
  };

  const step = (by) => {
    const seen = rows.filter((row) => !row.hidden && !row.closest("details.run:not([open])"));
    const at = seen.indexOf(document.activeElement.closest("details.r"));
    const next = seen[at < 0 ? (by > 0 ? 0 : seen.length - 1) : at + by];
    if (next) next.firstElementChild.focus();
  };

  const all = (open) => {
    for (const row of [...rows, ...runs]) if (!row.hidden) row.open = open;
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  words.addEventListener("input", filter);
  kind.addEventListener("change", filter);
  document.getElementById("open").addEventListener("click", () => all(true));
  document.getElementById("close").addEventListener("click", () => all(false));
  addEventListener("hashchange", reveal);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target === words) {
      words.value = "";
      filter();
    }
    if (event.target.matches("input, select")) return;
    const keys = { "/": () => words.focus(), j: () => step(1), k: () => step(-1) };
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  filter();
  reveal();
})();

// Decides again while somebody moves a limit. Nothing is estimated here: values, ties and the rule of choice were
// computed by the program (decide/choice_table.h), and this is that rule over them. Behaviour is attached here, and
// text enters the page as text only.
"use strict";
(() => {
  const read = (id) => {
    const element = document.getElementById(id);
    return element ? JSON.parse(element.textContent) : null;
  };
  const data = read("quantier-choice");
  if (!data) return;
  const table = data.table;
  const count = data.names.length;
  const kRounding = 1e-12;

  const satisfies = (value, limit, upper) => {
    const slack = kRounding * Math.max(Math.abs(value), Math.abs(limit));
    return upper ? value <= limit + slack : value >= limit - slack;
  };
  // "pass", "fail" or "unknown".
  const outcome = (limit, i, bound) => {
    if (!limit.movable) return limit.outcomes[i];
    if (limit.values[i] === null) return "unknown";
    return satisfies(limit.values[i], bound, limit.upper) ? "pass" : "fail";
  };
  const or = (value, other) => (value === null ? other : value);
  const best = (list, before) => list.reduce((a, b) => (before(b, a) ? b : a));

  const keepQuality = (left) => {
    const values = table.values.quality;
    const tie = (a, b) => table.comparisons.quality[a * count + b] === 0;
    for (;;) {
      const top = best(left, (a, b) => or(values[a], -1) > or(values[b], -1));
      const clean = left.some((i) => !table.lossy[i] && tie(i, top));
      if (table.lossy[top] && clean) {
        left = left.filter((i) => !(table.lossy[i] && tie(i, top)));
        continue;
      }
      left = left.filter((i) => tie(i, top));
      return table.lossy[top] ? left : left.filter((i) => !table.lossy[i]);
    }
  };
  const keepCost = (objective, left) => {
    const values = table.values[objective];
    const known = left.filter((i) => values[i] !== null);
    if (known.length === 0) return left;
    const least = best(known, (a, b) => values[a] < values[b]);
    return known.filter((i) => table.comparisons[objective][i * count + least] === 0);
  };
  const before = (a, b) => {
    if (table.tie_rule === "first_listed") return a < b;
    const quality = table.values.quality;
    if (table.tie_rule === "higher_quality" && quality[a] !== null && quality[b] !== null && quality[a] !== quality[b])
      return quality[a] > quality[b];
    for (const objective of table.order) {
      if (objective === "quality") continue;
      const [first, second] = [table.values[objective][a], table.values[objective][b]];
      if (first !== null && second !== null && first !== second) return first < second;
    }
    const [first, second] = [or(quality[a], -1), or(quality[b], -1)];
    return first !== second ? first > second : table.name_rank[a] < table.name_rank[b];
  };
  // `bounds`: one for each limit, null where it is left out. The index of the choice, or null.
  const decide = (bounds) => {
    const missed = new Array(count).fill(0);
    let left = [];
    for (let i = 0; i < count; ++i) {
      let passes = true;
      table.limits.forEach((limit, l) => {
        if (bounds[l] === null || outcome(limit, i, bounds[l]) === "pass") return;
        if (limit.hard) passes = false;
        else ++missed[i];
      });
      if (passes) left.push(i);
    }
    if (left.length === 0) return null;
    const fewest = Math.min(...left.map((i) => missed[i]));
    left = left.filter((i) => missed[i] === fewest);
    for (const objective of table.order) left = objective === "quality" ? keepQuality(left) : keepCost(objective, left);
    return best(left, before);
  };
  window.quantier = { decide };

  // Sliders.
  const controls = Array.from(document.querySelectorAll("[data-limit]"));
  const stated = table.limits.map((limit) => limit.limit);
  const answer = document.getElementById("live-answer");
  const body = document.getElementById("live-table");
  const control = (l, role) => document.querySelector(`[data-limit="${l}"][data-role="${role}"]`);
  const bounds = () =>
    table.limits.map((limit, l) => {
      const use = control(l, "use");
      if (use && !use.checked) return null;
      if (!limit.movable) return limit.limit;
      const value = Number.parseFloat(control(l, "number").value);
      return Number.isFinite(value) ? value * limit.scale : limit.limit;
    });
  const words = { pass: "pass", fail: "FAIL", unknown: "unknown" };
  const update = () => {
    const now = bounds();
    const chosen = decide(now);
    const moved = now.some((bound, l) => bound === null || Math.abs(bound - stated[l]) > 1e-9 * Math.abs(stated[l]));
    const name = chosen === null ? "nothing passes" : data.names[chosen];
    answer.textContent = `${moved ? "With these limits: " : "As decided: "}${name}.`;
    answer.classList.toggle("moved", moved && chosen !== data.chosen);
    for (let i = 0; i < count; ++i) {
      const row = body.rows[i];
      row.classList.toggle("chosen", i === chosen);
      row.cells[1].textContent = i === chosen ? "chosen" : "";
      table.limits.forEach((limit, l) => {
        const cell = row.cells[2 + l];
        const state = now[l] === null ? null : outcome(limit, i, now[l]);
        const value = limit.values[i] === null ? "–" : limit.texts[i];
        cell.textContent = state === null ? value : `${value} ${words[state]}`;
        cell.classList.toggle("fails", state === "fail");
      });
    }
  };
  for (const each of controls) {
    each.addEventListener("input", () => {
      const l = each.dataset.limit;
      if (each.dataset.role === "range") control(l, "number").value = Number(Number(each.value).toPrecision(4));
      if (each.dataset.role === "number") control(l, "range").value = each.value;
      update();
    });
  }
  const reset = document.getElementById("live-reset");
  if (reset) {
    reset.addEventListener("click", () => {
      table.limits.forEach((limit, l) => {
        const use = control(l, "use");
        if (use) use.checked = true;
        if (!limit.movable) return;
        control(l, "number").value = limit.limit / limit.scale;
        control(l, "range").value = limit.limit / limit.scale;
      });
      update();
    });
  }
  if (answer && body) update();

  // The gate: what a confidence threshold lets through, at the thresholds that were computed.
  const gate = document.getElementById("gate-range");
  if (gate && data.gates) {
    const rows = document.getElementById("gate-table").rows;
    const label = document.getElementById("gate-value");
    const percent = (share) => `${(100 * share).toFixed(1)} %`;
    const show = () => {
      const at = data.gates.thresholds[Number(gate.value)];
      label.textContent = at.toFixed(2);
      gate.setAttribute("aria-valuetext", `confidence ${at.toFixed(2)}`);
      data.gates.configurations.forEach((configuration, i) => {
        const point = configuration.points.find((each) => each[0] === at);
        rows[i].cells[1].textContent = point ? percent(point[1]) : "–";
        rows[i].cells[2].textContent = point ? percent(point[2]) : "–";
        rows[i].cells[3].textContent = point ? `[${percent(point[3])}, ${percent(point[4])}]` : "–";
      });
    };
    gate.addEventListener("input", show);
    show();
  }

  // Copies a table as CSV; a cell that a spreadsheet would run is quoted.
  for (const element of document.querySelectorAll("main table")) {
    if (!navigator.clipboard || !element.caption) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "copy CSV";
    button.addEventListener("click", async () => {
      const cell = (text) => {
        const safe = /^[=+@\t\r]|^-[^0-9.]/.test(text) ? `'${text}` : text;
        return `"${safe.replaceAll('"', '""')}"`;
      };
      const csv = Array.from(element.rows, (row) => Array.from(row.cells, (each) => cell(each.textContent)).join(","));
      try {
        await navigator.clipboard.writeText(csv.join("\r\n"));
        button.textContent = "copied";
      } catch {
        button.textContent = "not allowed here";
      }
    });
    element.caption.append(" ", button);
  }
})();

// What scripts/check_page.sh asks of a page in a browser, in the page itself: contrast of text, names of what can be focused,
// order of headings, headers of tables, alternatives of figures, a visible focus, the language. Each finding is a sentence.
"use strict";
window.pageChecks = () => {
  const findings = [];
  const say = (what, element) => {
    const text = (element.textContent || element.getAttribute("aria-label") || "").trim().replace(/\s+/g, " ").slice(0, 50);
    findings.push(`${what} (${element.tagName.toLowerCase()} "${text}")`);
  };
  for (const details of document.querySelectorAll("details")) details.open = true;

  // WCAG 2.2, relative luminance and contrast ratio; 1.4.3: 4.5, and 3 for large text.
  const parse = (colour) => {
    const parts = /rgba?\(([^)]*)\)/.exec(colour);
    if (!parts) return null;
    const [r, g, b, a = 1] = parts[1].split(/[\s,/]+/).map(Number);
    return { r, g, b, a };
  };
  const over = (top, share, below) => ({
    r: top.r * share + below.r * (1 - share),
    g: top.g * share + below.g * (1 - share),
    b: top.b * share + below.b * (1 - share),
    a: 1,
  });
  const luminance = ({ r, g, b }) => {
    const linear = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ratio = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const canvas = dark ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
  const styles = new Map();
  const styleOf = (element) => {
    if (!styles.has(element)) {
      const style = getComputedStyle(element);
      styles.set(element, {
        background: parse(style.backgroundColor),
        opacity: Number(style.opacity),
        colour: parse(element instanceof SVGElement ? style.fill : style.color),
        size: Number.parseFloat(style.fontSize),
        weight: Number(style.fontWeight),
      });
    }
    return styles.get(element);
  };
  const path = (element) => {
    const chain = [];
    for (let each = element; each; each = each.parentElement) chain.unshift(each);
    return chain;
  };
  // Shapes of a figure that lie behind its text, in the order in which they are drawn.
  const shapes = new Map();
  const shapesOf = (svg) => {
    if (!shapes.has(svg)) {
      shapes.set(
        svg,
        Array.from(svg.querySelectorAll("rect"), (rect) => {
          const style = getComputedStyle(rect);
          return { box: rect.getBoundingClientRect(), fill: parse(style.fill), share: Number(style.opacity) * Number(style.fillOpacity) };
        }).filter((each) => each.fill && each.fill.a > 0),
      );
    }
    return shapes.get(svg);
  };
  let texts = 0;
  let least = Infinity;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || element.closest("script, style, title, [data-check]") || !element.checkVisibility()) continue;
    ++texts;
    let below = canvas;
    let opacity = 1;
    for (const each of path(element)) {
      const style = styleOf(each);
      opacity *= style.opacity;
      if (style.background && style.background.a > 0) below = over(style.background, style.background.a * opacity, below);
    }
    const svg = element.closest("svg");
    if (svg) {
      const box = element.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      for (const shape of shapesOf(svg)) {
        const inside = x >= shape.box.left && x <= shape.box.right && y >= shape.box.top && y <= shape.box.bottom;
        if (inside) below = over(shape.fill, shape.fill.a * shape.share, below);
      }
    }
    const style = styleOf(element);
    const seen = ratio(over(style.colour, style.colour.a * opacity, below), below);
    const large = style.size >= 24 || (style.size >= 18.66 && style.weight >= 700);
    least = Math.min(least, seen);
    if (seen < (large ? 3 : 4.5)) say(`contrast ${seen.toFixed(2)} in the ${dark ? "dark" : "light"} scheme`, element);
  }

  const named = (each) => {
    const by = each.getAttribute("aria-labelledby");
    const referred = by && by.split(/\s+/).every((id) => document.getElementById(id));
    const label = each.getAttribute("aria-label");
    const own = /^(A|BUTTON|SUMMARY)$/.test(each.tagName) && each.textContent.trim();
    return Boolean(referred || (label && label.trim()) || own || (each.labels && each.labels.length && each.labels[0].textContent.trim()));
  };
  const focusable = Array.from(document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]"));
  for (const each of focusable) {
    if (!named(each)) say("no name", each);
    if (each.tabIndex > 0) say("a tab index of its own order", each);
    if (each.tabIndex < 0) say("out of reach of the keyboard", each);
  }
  // As many as a person meets first of each kind; all of a kind share their style.
  const kinds = new Map();
  for (const each of focusable) {
    const kind = `${each.tagName} ${each.type || ""} ${each.className}`;
    if (!kinds.has(kind) && each.checkVisibility()) kinds.set(kind, each);
  }
  for (const each of kinds.values()) {
    each.focus({ preventScroll: true });
    const style = getComputedStyle(each);
    if (document.activeElement !== each) say("takes no focus", each);
    else if ((style.outlineStyle === "none" || Number.parseFloat(style.outlineWidth) === 0) && style.boxShadow === "none") say("focus is not seen", each);
  }

  let level = 0;
  const headings = Array.from(document.querySelectorAll("h1, h2, h3, h4, h5, h6"));
  for (const each of headings) {
    const own = Number(each.tagName[1]);
    if (own > level + 1) say(`heading of level ${own} after level ${level}`, each);
    level = own;
  }
  const titles = headings.filter((each) => each.tagName === "H1").length;
  if (titles !== 1) findings.push(`${titles} headings of level 1`);
  const tables = Array.from(document.querySelectorAll("table"));
  for (const table of tables) {
    if (!table.querySelector("th")) say("no header in a table", table);
    for (const header of table.querySelectorAll("th")) if (!header.scope) say("a header without scope", header);
  }
  const figures = Array.from(document.querySelectorAll("svg, img"));
  for (const each of figures) {
    const title = each.querySelector(":scope > title");
    const said = each.getAttribute("aria-label") || each.getAttribute("alt") || (title && title.textContent.trim());
    if (each.getAttribute("aria-hidden") !== "true" && (!said || (each.tagName === "svg" && each.getAttribute("role") !== "img"))) {
      say("no alternative to a picture", each);
    }
  }
  if (!document.documentElement.lang) findings.push("no language");
  if (!document.title) findings.push("no title");
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) {
    findings.push(`wider than the window: ${document.documentElement.scrollWidth} px in ${document.documentElement.clientWidth}`);
  }
  return {
    scheme: dark ? "dark" : "light",
    summary: `${texts} texts, least contrast ${least.toFixed(2)}; ${focusable.length} to focus, ${tables.length} tables, ${figures.length} figures`,
    findings,
  };
};

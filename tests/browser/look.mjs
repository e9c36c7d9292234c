// Measures the look of a page, and checks its accessibility.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
/** WCAG 2.2, level AA, and the best practices of axe. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The minimum contrast of text, WCAG 2 level AA. */
const LEAST_CONTRAST = 4.5;
/** axe passes more rules than this even for a page with a heading and a sentence. */
const LEAST_PASSED = 10;

/** Asserts that nothing overflows horizontally, that all text has enough contrast, that the page
 *  has the color scheme, and that it is accessible. `frame` is a frame or a page. */
export async function assertLooksRight(frame, colorScheme, width) {
  const look = await frame.evaluate(measure);
  assert.equal(look.clientWidth, width, "the width of the view");
  assert.ok(
    look.scrollWidth <= look.clientWidth,
    `${look.scrollWidth} pixels in a view of ${look.clientWidth}`,
  );
  assert.deepEqual(look.sticking, [], "texts that overflow the view");
  assert.ok(look.texts > 0, "no text");
  assert.ok(
    look.contrast >= LEAST_CONTRAST,
    `contrast ${look.contrast.toFixed(2)} of "${look.palest}"`,
  );
  const { background } = look;
  assert.ok(
    colorScheme === "dark" ? background < 0.1 : background > 0.8,
    `a ${colorScheme} page of ${background}`,
  );
  await assertAccessible(frame);
}

/** Asserts that axe finds no violation in a frame or page. */
export async function assertAccessible(frame) {
  // Evaluated by the debugger, because the page's Content-Security-Policy allows no script. It
  // stays for the lifetime of the document.
  if (await frame.evaluate(() => window.axe === undefined)) await frame.evaluate(AXE);
  const { violations, passed } = await frame.evaluate(check, RULES);
  assert.ok(violations.length === 0, `axe finds:\n${violations.join("\n")}`);
  assert.ok(passed > LEAST_PASSED, `axe passed only ${passed} rules`);
}

/** Runs in the page. `preload: false`: axe loads nothing. */
async function check(rules) {
  const options = {
    runOnly: { type: "tag", values: rules },
    preload: false,
    resultTypes: ["violations"],
  };
  const { violations, passes } = await window.axe.run(document, options);
  const found = violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ html }) => `${id} (${impact}): ${html}`),
  );
  return { violations: found, passed: passes.length };
}

/** Runs in the page. */
function measure() {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  /** The luminance of layered colors, the lowest layer first. */
  function luminance(colors) {
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) {
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
    }
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((byte) => {
      const part = byte / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  function backgrounds(element) {
    const colors = [];
    for (let one = element; one; one = one.parentElement)
      colors.unshift(getComputedStyle(one).backgroundColor);
    return ["Canvas", ...colors];
  }

  const { scrollWidth, clientWidth } = document.scrollingElement;
  const look = { scrollWidth, clientWidth, texts: 0, contrast: Infinity, palest: "", sticking: [] };
  look.background = luminance(backgrounds(document.body));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const { left, right } = range.getBoundingClientRect();
    if (left < 0 || right > clientWidth) look.sticking.push(text);
    const below = backgrounds(element);
    const paper = luminance(below);
    const ink = luminance([...below, getComputedStyle(element).color]);
    const contrast = (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
    look.texts += 1;
    if (contrast < look.contrast) Object.assign(look, { contrast, palest: text });
  }
  return look;
}

// What a page looks like, in numbers.

import assert from "node:assert/strict";

/** The least contrast of text, WCAG 2 level AA. */
const LEAST_CONTRAST = 4.5;

/** Asserts that nothing sticks out sideways, that all text can be read, and that the page is as light or dark as
 *  the reader wants it. `frame` is one, or a page. */
export async function assertLooksRight(frame, colorScheme, width) {
  const look = await frame.evaluate(measure);
  assert.equal(look.clientWidth, width, "the width of the view");
  assert.ok(look.scrollWidth <= look.clientWidth, `${look.scrollWidth} pixels in a view of ${look.clientWidth}`);
  assert.deepEqual(look.sticking, [], "elements that stick out of the view");
  assert.ok(look.texts > 0, "no text");
  assert.ok(look.contrast >= LEAST_CONTRAST, `contrast ${look.contrast.toFixed(2)} of "${look.palest}"`);
  const { background } = look;
  assert.ok(colorScheme === "dark" ? background < 0.1 : background > 0.8, `a ${colorScheme} page of ${background}`);
}

/** Runs in the page. */
function measure() {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  /** The luminance of colours painted over each other, the lowest first. */
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
    for (let one = element; one; one = one.parentElement) colors.unshift(getComputedStyle(one).backgroundColor);
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

// What the cases of Express, Django, FastAPI and PHP try on the page with notes that each app has.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";

/** Waits until the page of a frame shows all of these texts. */
export async function shows(frame, ...texts) {
  for (const text of texts) await frame.getByText(text).filter({ visible: true }).first().waitFor();
}

/** Adds a note with the page's form, and waits until the page has one more of its kind. */
export async function addsNote(frame, heading, note) {
  const same = frame.locator("li", { hasText: note });
  const before = await same.count();
  await frame.getByRole("textbox", { name: "Note" }).fill(note);
  await frame.getByRole("button", { name: "Add" }).click();
  await same.nth(before).waitFor();
  await shows(frame, heading);
}

/** Uploads a file of 3,000 bytes, which the page then names. */
export async function uploads(frame) {
  const buffer = Buffer.alloc(3_000, "\u0001\r\n");
  await frame.locator("input[type=file]").setInputFiles({ name: "some.bin", mimeType: "application/octet-stream", buffer });
  await frame.getByRole("button", { name: "Upload" }).click();
  await frame.locator("li", { hasText: "some.bin has 3000 bytes" }).waitFor();
}

/** Downloads by a link with the attribute `download`. Returns the text of the file. */
export async function downloads(page, frame) {
  const link = frame.getByRole("link", { name: "Download" });
  assert.notEqual(await link.getAttribute("download"), null);
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  assert.equal(await download.failure(), null);
  return readFile(await download.path(), "utf8");
}

/** Opens a link with `target="_blank"`. Returns the new window. */
export async function opens(profile, frame, name) {
  const link = frame.getByRole("link", { name });
  assert.equal(await link.getAttribute("target"), "_blank");
  const [window] = await Promise.all([profile.context.waitForEvent("page"), link.click()]);
  return window;
}

/** Waits until the style sheet of the page applies: texts appear before it arrives. */
export async function isStyled(frame) {
  const color = () => getComputedStyle(document.querySelector("h1")).color === "rgb(0, 0, 128)";
  await frame.waitForFunction(color);
}

/** The id of a user who has no notes yet: all cases share the app. */
export const newUser = () => `user-${randomBytes(6).toString("hex")}`;

/** The heading of the page of this user of a tool. */
export const notesOf = (tool, user) => `Notes of ${tool}-key:${user}`;

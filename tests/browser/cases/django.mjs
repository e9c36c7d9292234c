// Django on gunicorn behind TLS. Its CSRF check compares the Origin with the Host of the request.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { prefixOf, unexpected } from "../upstream.mjs";
import { addsNote, downloads, isStyled, newUser, notesOf, shows } from "./notes.mjs";

export default {
  "with pass_host_header, Django on gunicorn accepts forms with its CSRF token": async (t) => {
    const { gateway, profile, frame, page, user } = await django(t, { pass_host_header: true });
    await isStyled(frame);
    await addsNote(frame, notesOf("django", user), "Bernoulli & sons");
    assert.equal(frame.url(), `${gateway.origin}${prefixOf(frame)}/`);
    await frame.getByRole("link", { name: "Again" }).click();
    await shows(frame, notesOf("django", user), "Bernoulli & sons");
    if (t.cookies === "allowed") assert.match(await downloads(page, frame), /^Notes:/);
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },

  "with pass_host_header, Django's admin works in the platform's frame": async (t) => {
    const { gateway, profile, frame, user } = await django(t, { pass_host_header: true });
    await frame.getByRole("link", { name: "Admin" }).click();
    await frame.getByLabel("Username").fill("admin");
    await frame.getByLabel("Password").fill("admin");
    await frame.getByRole("button", { name: "Log in" }).click();
    await shows(frame, "Site administration");
    assert.equal(frame.url(), `${gateway.origin}${prefixOf(frame)}/admin/`);
    await frame.getByRole("link", { name: "Groups" }).first().click();
    await frame.getByRole("link", { name: "Add group" }).first().click();
    await frame.getByLabel("Name:").fill(`group of ${user}`);
    await frame.getByRole("button", { name: "Save", exact: true }).click();
    await frame.getByText("was added successfully").waitFor();
    // Django's login form has `autofocus`, which Chromium ignores in a frame of another site.
    const errors = profile.consoleErrors.filter((line) => !line.includes("Blocked autofocusing"));
    assert.deepEqual(errors, []);
  },

  "without pass_host_header, Django on gunicorn refuses a form behind TLS": async (t) => {
    const { profile, frame } = await django(t, {});
    await frame.getByRole("textbox", { name: "Note" }).fill("Bernoulli & sons");
    await frame.getByRole("button", { name: "Add" }).click();
    await frame.getByText("CSRF verification failed").first().waitFor();
    assert.deepEqual(unexpected(profile, 403), []);
  },
};

/** A gateway behind TLS with Django, and a browser with a block of it. */
async function django(t, settings) {
  const { url: upstream } = await t.app("django");
  const gateway = await t.gatewayBehindTls({ django: { upstream, ...settings } });
  const profile = await t.profile({ ignoreHTTPSErrors: true });
  const user = newUser();
  const page = await profile.visit(t.platform.course(t.launch("django", { user_id: user }, { gateway })));
  const frame = await block(page);
  await shows(frame, notesOf("django", user));
  return { gateway, profile, page, frame, user };
}

// Logins and launches of LTI 1.3, in frames of a platform on another site.

import assert from "node:assert/strict";

import { block, reload } from "../chromium.mjs";
import { OpenIdPlatform } from "../openid_platform.mjs";
import { shows } from "./launch.mjs";

/** A platform, and a gateway with one tool that it may launch. */
async function stage(t) {
  const platform = await OpenIdPlatform.start();
  t.atEnd(() => platform.stop());
  const tool = ['[tools.hello]', 'template = "hello"', 'platforms = "course"'].join("\n");
  const gateway = await t.gatewayWith(`${platform.table}\n\n${tool}\n`, {});
  return { platform, gateway, url: `${gateway.origin}/lti/hello` };
}

export default {
  "a launch by LTI 1.3 shows hello in the platform's frame, and survives a reload": async (t) => {
    const { platform, gateway, url } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(platform.course(url));
    const frame = await block(page);
    await shows(frame, "Hello, Ada Lovelace!", "a learner in the course Analytical Engines");
    assert.equal((await reload(frame)).request().method(), "POST");
    await shows(frame, "Hello, Ada Lovelace!");
    const cookies = await profile.context.cookies();
    const binding = cookies.filter(({ name }) => name.startsWith("__Host-lti-"));
    assert.equal(binding.length, 1);
    assert.equal(platform.logins.length, 1, "the platform was asked once");
    // Another block of the browser: the binding is reused.
    const second = await profile.visit(platform.course(url));
    await shows(await block(second), "Hello, Ada Lovelace!");
    assert.equal((await profile.context.cookies()).filter(({ name }) => name.startsWith("__Host-lti-")).length, 1);
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([platform.origin, gateway.origin]));
  },

  "ten blocks of LTI 1.3 on one page log in at once": async (t) => {
    const { platform, url } = await stage(t);
    const profile = await t.profile();
    const page = await profile.visit(platform.course(url, { count: 10 }));
    for (let index = 1; index <= 10; index += 1)
      await shows(await block(page, `block-${index}`), "Hello, Ada Lovelace!");
    const lengths = (await profile.context.cookies()).map(({ name, value }) => name.length + value.length);
    assert.ok(lengths.reduce((sum, length) => sum + length) < 10_240);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "without cookies in a frame, the platform's storage proves the browser": async (t) => {
    const { platform, gateway, url } = await stage(t);
    const profile = await t.profile({ noFrameCookies: true });
    const page = await profile.visit(platform.course(url, { storage: "answers" }));
    await shows(await block(page), "Hello, Ada Lovelace!");
    const messages = await page.evaluate(() => window.messages);
    const { origin } = gateway;
    assert.deepEqual(messages, [{ subject: "lti.put_data", origin }, { subject: "lti.get_data", origin }]);
    assert.equal(platform.logins.length, 1);
    assert.deepEqual(profile.consoleErrors, []);
  },

  "without cookies and storage, a button logs in in a new window, and the hint is unused": async (t) => {
    const { platform, gateway, url } = await stage(t);
    for (const storage of ["", "silent"]) {
      const profile = await t.profile({ noFrameCookies: true });
      const before = platform.logins.length;
      const page = await profile.visit(platform.course(url, { storage }));
      const frame = await block(page);
      const button = frame.getByRole("link", { name: "Open in a new window" });
      await button.waitFor();
      assert.equal(platform.logins.length, before, "the platform was not asked");
      await t.screenshot(page, `login-window-${storage || "without-storage"}`);
      const [window] = await Promise.all([profile.context.waitForEvent("page"), button.click()]);
      await shows(window.mainFrame(), "Hello, Ada Lovelace!");
      assert.equal(new URL(window.url()).origin, gateway.origin);
      assert.equal(platform.logins.length, before + 1);
    }
  },

  "a page of another origin than the platform's receives no binding": async (t) => {
    const { platform, url } = await stage(t);
    const other = await OpenIdPlatform.start();
    t.atEnd(() => other.stop());
    const profile = await t.profile({ noFrameCookies: true });
    // The other site frames the login of the platform, and offers storage itself.
    const stolen = platform.course(url, { storage: "answers" });
    const html = await (await fetch(stolen)).text();
    const page = await profile.visit(other.page(html));
    const button = (await block(page)).getByRole("link", { name: "Open in a new window" });
    await button.waitFor();
    assert.deepEqual(await page.evaluate(() => window.messages), []);
    assert.deepEqual(platform.logins, []);
  },
};

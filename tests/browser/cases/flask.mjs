// A Flask app behind ProxyFix: it builds its links from the prefix and reads the identity headers.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { block } from "../chromium.mjs";
import { arrivedAt, cookiesOf, prefixOf, requestsOf } from "../upstream.mjs";
import { shows } from "./launch.mjs";

export default {
  "links, forms, redirects, downloads and cookies of Flask stay in its session": async (t) => {
    const gateway = await t.gatewayOf({ flask: { upstream: (await t.app("flask")).url } });
    const profile = await t.profile();
    const page = await profile.visit(t.platform.course(t.launch("flask", {}, { gateway })));
    const frame = await block(page);
    await shows(frame, "Notes on block-1", "You are flask-key:user-1, Ada Lovelace, here for the 1. time.");
    const prefix = prefixOf(frame);
    const home = gateway.origin + prefix;
    assert.equal(frame.url(), `${home}/`);

    await frame.getByRole("link", { name: "Chapter 1" }).click();
    await shows(frame, "Chapter 1");
    assert.equal(frame.url(), `${home}/chapter/1`);
    await frame.getByRole("link", { name: "Notes" }).click();
    await shows(frame, "Notes on block-1", "here for the 2. time.");
    await frame.getByRole("link", { name: "Away" }).click();
    await shows(frame, "Chapter 2");
    assert.equal(frame.url(), `${home}/chapter/2`, "a redirect to an absolute URL of the app");

    await frame.getByRole("link", { name: "Notes" }).click();
    await frame.getByRole("textbox").fill("Bernoulli & sons");
    await frame.getByRole("button", { name: "Add" }).click();
    await frame.locator("#notes li").waitFor();
    await shows(frame, "Notes on block-1", "here for the 4. time. Bernoulli & sons");
    assert.equal(frame.url(), `${home}/?added=16`);
    const link = frame.getByRole("link", { name: "Download" });
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    assert.equal(await readFile(await download.path(), "utf8"), "Bernoulli & sons\n");

    const cookie = { path: prefix, httpOnly: true, secure: true, sameSite: "None", partitionKey: "http://localhost" };
    assert.deepEqual(await cookiesOf(profile, "session"), [cookie]);
    assert.deepEqual(await cookiesOf(profile, "__Secure-lti"), [cookie]);
    const requests = await requestsOf(profile, frame);
    const launches = requests.filter(({ link }) => link).map(({ link, person }) => `${link} ${person}`);
    assert.deepEqual(new Set(launches), new Set(["block-1 flask-key:user-1"]));
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },

  "a Flask app receives the launch in headers and in an assertion (PyJWT)": async (t) => {
    const app = await t.app("flask");
    const gateway = await t.gatewayOf({ flask: { upstream: app.url } });
    const person = {
      user_id: "Zoë:1",
      lis_person_name_full: "Zoë Ångström, 100%",
      lis_person_contact_email_primary: "zoe@example.edu",
      roles: "Instructor",
      custom_chapter: "3",
    };
    const profile = await t.profile();
    const frame = await block(await profile.visit(t.platform.course(t.launch("flask", person, { gateway }))));
    await shows(frame, "Notes on block-1", "You are flask-key:Zo%C3%AB:1, Zoë Ångström, 100%, here");

    const { host, port } = new URL(gateway.origin);
    const read = async (id) => JSON.parse(await frame.locator(`#${id}`).textContent());
    const { "X-Lti-Assertion": assertion, ...forwarded } = await read("forwarded");
    assert.match(assertion, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.deepEqual(forwarded, {
      // ProxyFix sets it to the browser's host.
      Host: host,
      "X-Forwarded-For": "127.0.0.1",
      "X-Forwarded-Groups": "instructor",
      "X-Forwarded-Host": host,
      "X-Forwarded-Preferred-Username": "Zo%C3%AB %C3%85ngstr%C3%B6m, 100%25",
      "X-Forwarded-Prefix": prefixOf(frame),
      "X-Forwarded-Proto": "http",
      "X-Forwarded-User": "flask-key:Zo%C3%AB:1",
      "X-Script-Name": prefixOf(frame),
    });

    const { iat, exp, ...claims } = await read("claims");
    assert.equal(exp, iat + 300);
    assert.deepEqual(
      ["iss", "aud", "sub", "name", "email", "locale"].map((name) => claims[name]),
      [`http://localhost:${port}`, "flask", "flask-key:Zoë:1", person.lis_person_name_full, undefined, "en"],
    );
    const lti = (name) => claims[`https://purl.imsglobal.org/spec/lti/claim/${name}`];
    assert.deepEqual(lti("resource_link"), { id: "block-1", title: "First steps" });
    assert.deepEqual([lti("context").id, lti("context").title], ["course-1", "Analytical Engines"]);
    assert.deepEqual(lti("custom"), { chapter: "3" });
    assert.equal(lti("deployment_id"), "flask-key");
    assert.equal(lti("tool_platform").name, "Example University");
    assert.ok(lti("roles").some((role) => role.endsWith("#Instructor")), lti("roles"));

    // No cookie of the gateway, and no personal data outside `identity`.
    for (const { headers } of await arrivedAt(app, gateway)) {
      assert.ok(!(headers.cookie ?? "").includes("__Secure-lti"), headers.cookie);
      assert.equal(headers["x-forwarded-email"], undefined);
    }
    assert.deepEqual(profile.consoleErrors, []);
  },

  "a launch into a path of a Flask app shows that page": async (t) => {
    const gateway = await t.gatewayOf({ flask: { upstream: (await t.app("flask")).url } });
    const profile = await t.profile();
    const launch = t.launch("flask", {}, { gateway, path: "/lti/flask/chapter/7" });
    const page = await profile.visit(t.platform.course(launch));
    const frame = await block(page);
    await shows(frame, "Chapter 7");
    assert.equal(frame.url(), `${gateway.origin}${prefixOf(frame)}/chapter/7`);
    await page.reload();
    await shows(await block(page), "Chapter 7");
    assert.deepEqual(profile.consoleErrors, []);
  },
};

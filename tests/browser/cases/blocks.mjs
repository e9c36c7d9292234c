// Several launches of one tool in one browser: each request carries its own launch.

import assert from "node:assert/strict";

import { block, reload } from "../chromium.mjs";
import { EDX } from "../launch.mjs";
import { cookiesOf, prefixOf, requestsOf } from "../upstream.mjs";
import { shows } from "./launch.mjs";

const PERSON = `flask-key:${EDX.user_id}`;
const BLOCKS = "block-v1:ExampleX+AE101+2026+type@lti_consumer+block@";
const LINKS = Array.from({ length: 10 }, (_, index) => BLOCKS + String(index).repeat(32));

export default {
  "ten blocks of one tool on one page: each request carries the launch of its frame": async (t) => {
    const gateway = await t.gatewayOf({ flask: { upstream: (await t.app("flask")).url } });
    const profile = await t.profile();
    const launches = LINKS.map((link) => t.launch("flask", { ...EDX, resource_link_id: link }, { gateway }));
    const page = await profile.visit(t.platform.course(...launches));
    const frames = [];
    for (const [index, link] of LINKS.entries()) {
      const frame = await block(page, `block-${index + 1}`);
      await shows(frame, `Notes on ${link}`, "here for the 1. time.");
      frames.push(frame);
    }

    // All frames are loaded. Use one frame after the other, then reload each.
    for (const [index, link] of LINKS.entries()) {
      const frame = frames[index];
      const drawn = () => document.querySelector("img")?.naturalWidth && document.documentElement.dataset.script;
      assert.equal(await (await frame.waitForFunction(drawn, undefined, { polling: 50 })).jsonValue(), link);
      const fetched = await frame.evaluate(async () => (await fetch("data.json")).json());
      assert.deepEqual(fetched, { link, person: PERSON });
      const note = frame.getByRole("textbox");
      await note.fill(`for ${index}`);
      // Not a click: Chromium loses some clicks in a frame that has just scrolled into view.
      await note.press("Enter");
      await frame.locator("#notes li").waitFor();
      await shows(frame, `Notes on ${link}`, `here for the 2. time. for ${index}`);
    }
    for (const [index, link] of LINKS.entries()) {
      const response = await reload(frames[index]);
      assert.deepEqual([response.status(), response.request().method()], [200, "GET"]);
      await shows(frames[index], `Notes on ${link}`, `here for the 3. time. for ${index}`);
    }

    const prefixes = frames.map(prefixOf);
    assert.equal(new Set(prefixes).size, LINKS.length);
    for (const [index, link] of LINKS.entries()) {
      const requests = (await requestsOf(profile, frames[index])).filter(({ path }) => !path.startsWith("?lti_ticket="));
      const of = (method, path) => requests.filter((one) => one.method === method && one.path === path).length;
      assert.deepEqual([of("GET", "/"), of("POST", "/notes"), of("GET", "/data.json")], [1, 1, 1]);
      assert.ok(of("GET", "/script.js") >= 1 && of("GET", "/picture.svg") >= 1);
      for (const one of requests) assert.deepEqual([one.link, one.person], [link, PERSON], one.path);
    }
    for (const name of ["__Secure-lti", "session"]) {
      const kept = await cookiesOf(profile, name);
      assert.deepEqual(new Set(kept.map(({ path }) => path)), new Set(prefixes), name);
      assert.equal(kept.length, LINKS.length);
    }
    assert.deepEqual(profile.consoleErrors, []);
  },

  "two users in two tabs keep their own sessions": async (t) => {
    const gateway = await t.gatewayOf({ flask: { upstream: (await t.app("flask")).url } });
    const profile = await t.profile();
    const launch = (changes) => t.platform.course(t.launch("flask", changes, { gateway }));
    const ada = await block(await profile.visit(launch({})));
    await shows(ada, "Notes on block-1", "You are flask-key:user-1, Ada Lovelace, here for the 1. time.");
    const charles = await block(await profile.tab(launch({ user_id: "user-2", lis_person_name_full: "Charles Babbage" })));
    await shows(charles, "Notes on block-1", "You are flask-key:user-2, Charles Babbage, here for the 1. time.");

    const people = [[ada, "flask-key:user-1", "Ada Lovelace"], [charles, "flask-key:user-2", "Charles Babbage"]];
    for (const [frame, person, name] of people) {
      await reload(frame);
      await shows(frame, "Notes on block-1", `You are ${person}, ${name}, here for the 2. time.`);
      assert.equal((await frame.evaluate(async () => (await fetch("data.json")).json())).person, person);
      const requests = (await requestsOf(profile, frame)).filter(({ path }) => !path.startsWith("?lti_ticket="));
      assert.ok(requests.length >= 3);
      for (const one of requests) assert.equal(one.person, person, one.path);
    }
    assert.notEqual(prefixOf(ada), prefixOf(charles));
    assert.deepEqual(profile.consoleErrors, []);
  },
};

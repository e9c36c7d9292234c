// Several people in one browser with `prefix = "tool"`: an app's cookies belong to the person.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { greets, PeopleApp } from "../people_app.mjs";

const LONGEST_PREFIX = 12;

export default {
  "two people one after the other and back see only their own apps": async (t) => {
    const app = await PeopleApp.start("/lti/people");
    t.atEnd(() => app.stop());
    const gateway = await t.gatewayOf({ people: { upstream: `${app.url}/lti/people`, prefix: "tool" } });
    const profile = await t.profile();
    const open = async (id, name) => {
      const launch = t.launch("people", { user_id: id, lis_person_name_full: name }, { gateway });
      const frame = await block(await profile.visit(t.platform.course(launch)));
      await greets(frame, `Express: ${name}, PHP: ${name}, hub:`);
      await frame.getByRole("link", { name: "Hub" }).click();
      await greets(frame, `Express: ${name}, PHP: ${name}, hub: ${name}`);
      return frame;
    };
    const cookie = async (name) => {
      const all = await profile.context.cookies();
      return all.filter((one) => one.name.endsWith(name)).map(({ name, value }) => `${name}=${value}`);
    };
    await open("user-1", "Ada");
    const [express] = await cookie("connect.sid");
    assert.match(express, /^~[\w-]{8}-connect\.sid=/);
    assert.ok(express.indexOf("connect") <= LONGEST_PREFIX, express);
    const [php] = await cookie("PHPSESSID");

    const frame = await open("user-2", "Bob");
    assert.ok(!(await cookie("PHPSESSID")).includes(php), "Ada's cookie is deleted");
    assert.equal((await cookie("connect.sid")).length, 2);
    const readable = await frame.evaluate(() => document.cookie);
    assert.match(readable, /^PHPSESSID=[\w-]+$/, "scripts see no other cookie");

    const before = app.arrived.length;
    await open("user-1", "Ada");
    const back = app.arrived.slice(before).map(({ headers }) => headers.cookie ?? "");
    const value = express.split("=")[1];
    assert.ok(back.every((cookies) => cookies.includes(`connect.sid=${value}`)), "her session is still there");
    for (const { headers } of app.arrived) {
      assert.ok(!/__Secure|~/.test(headers.cookie ?? ""), headers.cookie);
    }
    assert.deepEqual(profile.consoleErrors, []);
  },
};

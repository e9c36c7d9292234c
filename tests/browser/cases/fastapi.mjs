// FastAPI, whose `url_for` builds absolute URLs from the Host of the request.

import assert from "node:assert/strict";

import { block } from "../chromium.mjs";
import { prefixOf } from "../upstream.mjs";
import { addsNote, isStyled, newUser, notesOf, shows } from "./notes.mjs";

export default {
  "with pass_host_header, the absolute URLs of FastAPI's url_for lead to its session": async (t) => {
    const { gateway, profile, frame, user } = await fastapi(t);
    await isStyled(frame);
    const href = await frame.getByRole("link", { name: "Again" }).getAttribute("href");
    assert.equal(href, `${gateway.origin}/`, "the URL that FastAPI wrote");
    await addsNote(frame, notesOf("fastapi", user), "Bernoulli & sons");
    assert.equal(frame.url(), `${gateway.origin}${prefixOf(frame)}/`);
    await frame.getByRole("link", { name: "Again" }).click();
    await shows(frame, notesOf("fastapi", user), "Bernoulli & sons");
    assert.equal(frame.url(), `${gateway.origin}${prefixOf(frame)}/`);
    assert.deepEqual(profile.consoleErrors, []);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },

  "FastAPI's documentation pages load their description of the API": async (t) => {
    const { gateway, profile, frame } = await fastapi(t);
    await frame.getByRole("link", { name: "API" }).click();
    await frame.getByText("/notes.txt", { exact: true }).first().waitFor();
    const isDescription = (request) => request.url() === `${gateway.origin}${prefixOf(frame)}/openapi.json`;
    const described = profile.requests.filter(isDescription);
    assert.ok(described.length > 0);
    for (const request of described) assert.equal((await request.response()).status(), 200);
    assert.deepEqual(profile.hosts(), new Set([t.platform.origin, gateway.origin]));
  },
};

/** A gateway behind TLS with FastAPI, and a browser with a block of it. */
async function fastapi(t) {
  const { url: upstream } = await t.app("fastapi");
  const gateway = await t.gatewayBehindTls({ fastapi: { upstream, pass_host_header: true } });
  const profile = await t.profile({ ignoreHTTPSErrors: true });
  const user = newUser();
  const launch = t.launch("fastapi", { user_id: user }, { gateway });
  const frame = await block(await profile.visit(t.platform.course(launch)));
  await shows(frame, notesOf("fastapi", user));
  return { gateway, profile, frame, user };
}

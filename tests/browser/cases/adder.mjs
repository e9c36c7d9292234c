// The adder of examples/: from an answer in the platform's frame to a grade at the platform.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import { block } from "../chromium.mjs";
import { freePort } from "../program.mjs";
import { prefixOf } from "../upstream.mjs";

const TAKEN =
  '<imsx_POXEnvelopeResponse xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0"><imsx_POXHeader>' +
  "<imsx_POXResponseHeaderInfo><imsx_statusInfo><imsx_codeMajor>success</imsx_codeMajor></imsx_statusInfo>" +
  "</imsx_POXResponseHeaderInfo></imsx_POXHeader></imsx_POXEnvelopeResponse>";

export default {
  "an answer in the adder becomes a grade, and no browser sees the grade token": async (t) => {
    const { gateway, book, outcomes } = await stage(t);
    const profile = await t.profile();
    const grade = { lis_outcome_service_url: outcomes, lis_result_sourcedid: "result-of-ada" };
    const page = await profile.visit(t.platform.course(t.launch("exercise", grade, { gateway })));
    const frame = await block(page);
    await frame.getByRole("button", { name: "Answer" }).waitFor();

    await answer(frame, -1);
    await showsResult(frame, "is not -?[0-9]+. Your course has the grade");
    assert.deepEqual(book, [["result-of-ada", "0.0"]]);
    await answer(frame, 0);
    await showsResult(frame, "is [0-9]+. Your course has the grade");
    assert.deepEqual(book, [["result-of-ada", "0.0"], ["result-of-ada", "1.0"]]);
    await t.screenshot(page, "adder");
    await page.reload();
    await (await block(page)).getByRole("button", { name: "Answer" }).waitFor();
    assert.equal(book.length, 2, "a reload sends no grade");

    assert.equal(prefixOf(frame).split("/")[2], "exercise");
    for (const request of profile.requests) {
      const response = await request.response();
      const seen = [request.url(), JSON.stringify(await request.allHeaders()), JSON.stringify(await response.allHeaders())];
      assert.doesNotMatch(seen.join(" "), /grade-token/i);
    }
    assert.doesNotMatch(gateway.text, /result-of-ada/);
  },

  "if the course accepts no grade, the adder says so": async (t) => {
    const { gateway, book } = await stage(t);
    const profile = await t.profile();
    const frame = await block(await profile.visit(t.platform.course(t.launch("exercise", {}, { gateway }))));
    await answer(frame, 0);
    await showsResult(frame, "is [0-9]+. Your course accepts no grade here");
    assert.deepEqual(book, []);
  },
};

/** A platform's grade service, the adder, and a gateway in front of it. */
async function stage(t) {
  const book = [];
  const platform = createServer(async (request, response) => {
    const body = (await request.toArray()).join("");
    const [, sourcedid] = body.match(/<sourcedId>(.*)<\/sourcedId>/);
    const [, score] = body.match(/<textString>(.*)<\/textString>/);
    book.push([sourcedid, score]);
    response.setHeader("Content-Type", "application/xml").end(TAKEN);
  });
  platform.listen(0, "127.0.0.1");
  await once(platform, "listening");
  t.atEnd(() => platform.close());
  const address = `127.0.0.1:${await freePort()}`;
  const adder = { upstream: `http://${address}`, grades: true };
  const gateway = await t.gatewayOf({ exercise: adder }, { outcome_hosts: ["127.0.0.1"] });
  await t.program("adder", { ADDRESS: address, LTI_GATEWAY: gateway.origin }, `adder: http://${address}`);
  return { gateway, book, outcomes: `http://127.0.0.1:${platform.address().port}/outcomes` };
}

/** Answers the adder's question in a frame. `more` is the difference from the right sum. */
export async function answer(frame, more) {
  const question = await frame.locator("label").innerText();
  const [left, right] = question.match(/\d+/g).map(Number);
  await frame.getByRole("spinbutton").fill(String(left + right + more));
  await frame.getByRole("button", { name: "Answer" }).click();
}

/** Waits for the adder's message about the last answer. */
export async function showsResult(frame, words) {
  await frame.getByRole("status").filter({ hasText: new RegExp(words) }).waitFor();
}

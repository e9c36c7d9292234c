// A signed LTI 1.1 launch: the pairs of a form, signed by RFC 5849. This signer is independent of
// the gateway's, so that two implementations of the RFC have to agree.

import { createHmac, randomBytes } from "node:crypto";

/** The parameters of an ordinary launch. */
export const ORDINARY = {
  lti_message_type: "basic-lti-launch-request",
  lti_version: "LTI-1p0",
  resource_link_id: "block-1",
  resource_link_title: "First steps",
  user_id: "user-1",
  roles: "Learner",
  lis_person_name_full: "Ada Lovelace",
  context_id: "course-1",
  context_title: "Analytical Engines",
  launch_presentation_locale: "en",
  tool_consumer_instance_name: "Example University",
};

const EDX_COURSE = "course-v1:ExampleX+AE101+2026";
const EDX_BLOCK =
  "block-v1:ExampleX+AE101+2026+type@lti_consumer+block@0123456789abcdef0123456789abcdef";
const EDX_USER = "fedcba9876543210fedcba9876543210";

/** The parameters of Open edX with all options: they replace and extend the ordinary ones. */
export const EDX = {
  resource_link_title: "",
  oauth_callback: "about:blank",
  user_id: EDX_USER,
  roles: "Student,Learner",
  lis_result_sourcedid: `${encodeURIComponent(EDX_COURSE)}:${EDX_BLOCK}:${EDX_USER}`,
  lis_outcome_service_url: `https://courses.example.edu/courses/${EDX_COURSE}/xblock/${EDX_BLOCK}/handler_noauth/outcome_service_handler`,
  lis_person_sourcedid: "ada",
  lis_person_contact_email_primary: "ada@example.edu",
  context_id: EDX_COURSE,
  context_title: "Analytical Engines",
  context_label: "Example University",
  launch_presentation_return_url: "",
  tool_consumer_info_product_family_code: "Example University",
  custom_component_display_name: "Notes on the engine",
  custom_component_due_date: "2026-12-24 23:59:00",
  custom_component_graceperiod: "86400.0",
};

/** A signed launch: its URL and the pairs of its form, first `params`, then OAuth. */
export function sign({ url, key, secret, params }) {
  const pairs = [
    ...params,
    ["oauth_consumer_key", key],
    ["oauth_nonce", randomBytes(16).toString("hex")],
    ["oauth_signature_method", "HMAC-SHA1"],
    ["oauth_timestamp", String(Math.floor(Date.now() / 1000))],
    ["oauth_version", "1.0"],
  ];
  return { url, form: [...pairs, ["oauth_signature", signature(url, pairs, secret)]] };
}

/** RFC 5849 section 3.4, with HMAC-SHA1 and without a token. */
function signature(url, pairs, secret) {
  const { protocol, host, pathname, searchParams } = new URL(url);
  const normalized = [...searchParams, ...pairs]
    .map(([name, value]) => [encode(name), encode(value)])
    .sort(
      ([name, value], [otherName, otherValue]) =>
        compare(name, otherName) || compare(value, otherValue),
    )
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const base = ["POST", `${protocol}//${host}${pathname}`, normalized].map(encode).join("&");
  return createHmac("sha1", `${encode(secret)}&`)
    .update(base)
    .digest("base64");
}

/** RFC 5849 section 3.6: encodes all but the unreserved characters. */
function encode(text) {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function compare(one, other) {
  return one < other ? -1 : Number(one > other);
}

// The table of the results, in Markdown.

const COLUMNS = ["default", "one line", "host", "command", "open = window"];

export function table(results) {
  const used = COLUMNS.filter((column) => Object.values(results).flat().some((one) => one.column === column));
  const rows = Object.values(results).map((outcomes) => {
    const cells = used.map((column) => outcomes.filter((one) => one.column === column).map(cell).join("<br>"));
    return [outcomes[0].title, ...cells];
  });
  const lines = [["app", ...used], used.concat("").map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cell({ label, cookies }) {
  const [allowed, blocked] = ["allowed", "blocked"].map((name) => cookies[name] && said(cookies[name]));
  const text =
    allowed === undefined || blocked === undefined || allowed === blocked
      ? (allowed ?? blocked)
      : `${allowed}; with third-party cookies blocked ${blocked}`;
  return label ? `${label}: ${text}` : text;
}

function said(outcome) {
  const failures = Object.entries(outcome).filter(([, reason]) => reason !== "");
  if (failures.length === 0) return "works";
  const list = failures.map(([check, reason]) => `${check} (${short(reason)})`).join(", ");
  const isBroken = failures.some(([check]) => ["start", "page"].includes(check));
  return isBroken ? `fails: ${list}` : `works, except ${list}`;
}

/** "404 at GET /assets/app.js" → "404", and no text of pages. */
function short(reason) {
  if (/^no key/.test(reason)) return reason;
  if (/^no "|Timeout/.test(reason)) return "no result";
  return reason.match(/^(\d{3}|net::\w+)(?= at )/)?.[1] ?? reason.slice(0, 40);
}

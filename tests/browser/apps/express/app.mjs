// An Express app as tutorials write it: all of its URLs begin at the root of its host. It has a
// session cookie, csurf, a form on its front page, an upload, a download and a link to a new window.
//
//   node app.mjs <port> [base path]

import { randomBytes } from "node:crypto";

import csurf from "csurf";
import express from "express";
import session from "express-session";
import multer from "multer";

const [port, base = ""] = process.argv.slice(2);
const notes = new Map();
// Browsers ask for the icon of a page in a window.
const ICON = '<link rel="icon" href="data:,">';

const app = express();
const router = express.Router();
app.use(base || "/", router);
router.get("/up", (_, response) => response.send("up"));
router.get("/style.css", (_, response) => response.type("css").send("h1 { color: rgb(0, 0, 128) }"));
router.get("/script.js", (_, response) =>
  response.type("js").send(`fetch("${base}/notes.json").then(async (answer) => {
    document.querySelector("#fetched").textContent = (await answer.json()).join(", ");
  });`),
);
router.use(session({ secret: randomBytes(16).toString("hex"), resave: false, saveUninitialized: true }));
// csurf reads a form, so multer reads a multipart form first.
router.use(express.urlencoded({ extended: false }), express.json(), multer().single("file"));
router.use(csurf());

router.use((request, _, next) => {
  // The user of the first request: an app without LTI code keeps users in its session.
  request.session.user ??= request.get("X-Forwarded-User");
  notes.set(request.session.user, notes.get(request.session.user) ?? []);
  request.notes = notes.get(request.session.user);
  next();
});
router.get("/", (request, response) => response.send(page(request)));
router.post("/", (request, response) => {
  request.notes.push(request.body.note);
  response.redirect(303, `${base}/`);
});
router.post("/upload", (request, response) => {
  request.notes.push(`${request.file.originalname} has ${request.file.size} bytes`);
  response.redirect(303, `${base}/`);
});
router.put("/notes.json", (request, response) => {
  request.notes.push(request.body.note);
  response.json(request.notes);
});
router.get("/notes.json", (request, response) => response.json(request.notes));
router.get("/notes.txt", (request, response) => response.type("txt").send(["Notes:", ...request.notes].join("\n")));
router.get("/about", (request, response) => response.send(`${ICON}<h1>About ${request.session.user}</h1>`));
app.listen(Number(port), "127.0.0.1");

function page(request) {
  const token = `<input type="hidden" name="_csrf" value="${request.csrfToken()}">`;
  const list = request.notes.map((note) => `<li>${note}</li>`).join("");
  return `<!doctype html><html lang="en"><head><title>Notes</title>${ICON}
    <meta name="csrf" content="${request.csrfToken()}"><link rel="stylesheet" href="${base}/style.css"></head>
    <body><h1>Notes of ${request.session.user}</h1><ul>${list}</ul><p id="fetched"></p>
    <form method="post" action="${base}/">${token}<input name="note" aria-label="Note"><button>Add</button></form>
    <form method="post" enctype="multipart/form-data" action="${base}/upload?_csrf=${request.csrfToken()}">
      <input type="file" name="file" aria-label="File"><button>Upload</button></form>
    <a href="${base}/">Again</a> <a href="${base}/notes.txt" download>Download</a>
    <a href="${base}/about" target="_blank">About</a><script src="${base}/script.js"></script></body></html>`;
}

// socket.io: a counter, over polling and then a WebSocket. `node socketio_app.mjs <port> [base]`

import { createServer } from "node:http";

import { Server } from "socket.io";

const [port, base = ""] = process.argv.slice(2);
const server = createServer((request, response) => {
  response.setHeader("Content-Type", "text/html");
  response.end(`<!doctype html><title>Counter</title><link rel="icon" href="data:,">
    <h1>socket.io app</h1><button>Count</button><p>Counted to 0</p><p id="transport"></p>
    <script src="${base}/socket.io/socket.io.js"></script>
    <script>
      const socket = io({ path: "${base}/socket.io" });
      document.querySelector("button").onclick = () => socket.emit("count");
      socket.on("count", (count) => (document.querySelector("p").textContent = "Counted to " + count));
    </script>`);
});
const io = new Server(server, { path: `${base}/socket.io` });
io.on("connection", (socket) => {
  let count = 0;
  socket.on("count", () => socket.emit("count", (count += 1)));
});
server.listen(Number(port), "127.0.0.1");

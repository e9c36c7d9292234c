export const dynamic = "force-dynamic";

export const GET = () => new Response("some notes", { headers: { "Content-Type": "text/plain" } });

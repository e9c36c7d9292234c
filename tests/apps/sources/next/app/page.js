import Link from "next/link";

import { add, notes } from "./notes";

export const dynamic = "force-dynamic";

export default async function Page() {
  return (
    <main>
      <h1>Next app</h1>
      <ul>{(await notes()).map((note, index) => <li key={index}>{note}</li>)}</ul>
      <form action={add}>
        <input name="note" aria-label="Note" />
        <button>Add</button>
      </form>
      <Link href="/second">Second page</Link>{" "}
      <a href={`${process.env.BASE ?? ""}/notes.txt`} download>Download</a>{" "}
      <Link href="/second" target="_blank">New window</Link>
    </main>
  );
}

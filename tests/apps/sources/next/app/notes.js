"use server";

import { revalidatePath } from "next/cache";

export async function notes() {
  return (globalThis.notes ??= []);
}

export async function add(form) {
  (globalThis.notes ??= []).push(form.get("note"));
  revalidatePath("/");
}

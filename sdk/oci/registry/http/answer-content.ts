import { RegistryError } from "../../../core/errors.ts";
import { concatBytes } from "../../model/content.ts";
import type { HttpAnswer } from "./http.ts";

/** Small answers that take longer than this never end. */
const DEADLINE_MS = 120_000;

/**
 * Reads an answer that must be small: a manifest, a token, a page of tags.
 *
 * @param what - for the message
 * @throws RegistryError `REGISTRY_PROTOCOL` if it is too large, or if it does not end
 */
export async function readSmallAnswer(answer: HttpAnswer, limitBytes: number, what: string): Promise<Uint8Array> {
  const announced = Number(answer.headers["content-length"] ?? 0);
  if (announced > limitBytes) {
    answer.abandon();
    throw tooLarge(what, limitBytes);
  }
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  let isLate = false;
  // Each byte could come just before the connection counts as idle.
  const deadline = setTimeout(() => {
    isLate = true;
    answer.abandon();
  }, DEADLINE_MS);
  try {
    for await (const chunk of answer.body) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > limitBytes) throw tooLarge(what, limitBytes);
      chunks.push(chunk);
    }
    return concatBytes(chunks);
  } catch (cause) {
    if (isLate) throw new RegistryError("REGISTRY_PROTOCOL", `${what} does not end`, { cause });
    throw cause;
  } finally {
    clearTimeout(deadline);
  }
}

function tooLarge(what: string, limitBytes: number): RegistryError {
  return new RegistryError("REGISTRY_PROTOCOL", `${what} is larger than ${limitBytes} bytes`);
}

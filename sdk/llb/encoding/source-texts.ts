import type { Definition } from "../definition.ts";

/** An error carries the text of its file twice over in base64, and an answer's header holds 64 KiB. */
const MAXIMUM_BYTES = 24 * 1024;

/**
 * The definition with the text of its source files, so that errors of the daemon and other clients can show the lines.
 * Texts that are missing or larger than 24 KiB are left out: they would not fit an error.
 */
export function withSourceTexts(definition: Definition, texts: ReadonlyMap<string, Uint8Array>): Definition {
  const { source } = definition;
  if (source === undefined) return definition;
  const files = source.files.map((file) => {
    const data = texts.get(file.filename);
    return data === undefined || data.length > MAXIMUM_BYTES ? file : Object.freeze({ ...file, data: data.slice() });
  });
  return Object.freeze({ ...definition, source: Object.freeze({ ...source, files: Object.freeze(files) }) });
}

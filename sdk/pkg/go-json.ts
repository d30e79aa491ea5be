const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};

/**
 * A JSON string as Go's encoder writes it: `& < >`, U+2028, U+2029 and control characters escaped, the rest as it is.
 *
 * @source https://pkg.go.dev/encoding/json@go1.24.0#Marshal
 */
export function formatGoString(value: string): string {
  const escaped = value
    .replace(LONE_SURROGATE, "\u{fffd}")
    .replace(ESCAPED, (letter) => ESCAPES[letter] ?? unicodeEscape(letter));
  return `"${escaped}"`;
}

const LONE_SURROGATE = /[\ud800-\udfff]/gu;
const ESCAPED = /["\\&<>\u2028\u2029]|[^\u0020-\u{10ffff}]/gu;

function unicodeEscape(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Order of texts by their UTF-8 bytes, as Go sorts the keys of a map. */
export function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left, "utf8"), Buffer.from(right, "utf8"));
}

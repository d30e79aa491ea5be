/** A map from names to texts, as a tag template sees it. */
export type TemplateData = Readonly<Record<string, string>>;
/** A value in a template; undefined is Go's missing value. */
export type TemplateValue = string | number | boolean | TemplateData | undefined;

/** A value as an action prints it. */
export function printValue(value: TemplateValue): string {
  if (value === undefined) return "<no value>";
  if (typeof value !== "object") return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, text]) => `${key}:${text}`).join(" ")}]`;
}

/**
 * The fields of one line of CSV: a field in quotes may hold commas, and two quotes for one. Undefined for a line that is no
 * CSV.
 *
 * @source https://www.rfc-editor.org/rfc/rfc4180.html
 */
export function parseCsvFields(line: string): readonly string[] | undefined {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/gy;
  for (;;) {
    const match = field.exec(line);
    if (match === null) return undefined;
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "") return fields;
  }
}

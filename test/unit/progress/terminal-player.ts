const SEQUENCE = /\u001b\[([0-9;]*)([A-Za-z])|(\n)|([^\u001b\n]+)/gu;

/** What a terminal without scrolling shows after this output: its rows, without colours and blanks at the end. */
export function playTerminal(output: string): string[] {
  const rows: string[] = [""];
  let row = 0;
  let column = 0;
  for (const [, parameters = "", command, lineEnd, text] of output.matchAll(SEQUENCE)) {
    if (command === "A") row -= Number(parameters);
    else if (command === "K") rows[row] = (rows[row] ?? "").slice(0, column);
    else if (command === "J") rows.splice(row, rows.length, (rows[row] ?? "").slice(0, column));
    else if (lineEnd !== undefined) {
      row += 1;
      column = 0;
      rows[row] ??= "";
    } else if (text !== undefined) {
      const current = (rows[row] ?? "").padEnd(column);
      rows[row] = current.slice(0, column) + text + current.slice(column + text.length);
      column += text.length;
    }
  }
  while (rows.at(-1) === "") rows.pop();
  return rows.map((line) => line.trimEnd());
}

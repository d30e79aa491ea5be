const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const WIDE =
  /^[\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

function characterColumns(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** How many columns of a terminal a text without control characters takes. */
export function textColumns(text: string): number {
  let columns = 0;
  for (const character of text) columns += characterColumns(character);
  return columns;
}

/** The text, cut with an ellipsis where it would be wider than the columns given. */
export function fitText(text: string, maxColumns: number): string {
  if (maxColumns <= 0) return "";
  if (textColumns(text) <= maxColumns) return text;
  let fitted = "";
  let columns = 1;
  for (const character of text) {
    columns += characterColumns(character);
    if (columns > maxColumns) break;
    fitted += character;
  }
  return `${fitted}…`;
}

const TRUE = /^(?:y|Y|yes|Yes|YES|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|off|Off|OFF)$/;

/**
 * A boolean by go-yaml's rules: `true` and `false` only without quotes; yes, on, y and their opposites with or without.
 * Undefined for anything else.
 *
 * @source https://pkg.go.dev/gopkg.in/yaml.v3@v3.0.1
 */
export function parseGoBoolean(text: string, plain: boolean): boolean | undefined {
  if (TRUE.test(text) || (plain && /^(?:true|True|TRUE)$/.test(text))) return true;
  if (FALSE.test(text) || (plain && /^(?:false|False|FALSE)$/.test(text))) return false;
  return undefined;
}

const INTEGER = /^([-+]?)(?:0b([01]+)|0o([0-7]+)|0x([0-9a-f]+)|0([0-7]+)|(0|[1-9][0-9]*))$/i;

/**
 * A whole number by go-yaml's rules: `0100` is octal, underscores are left out. Undefined for anything else.
 *
 * @source https://pkg.go.dev/gopkg.in/yaml.v3@v3.0.1
 */
export function parseGoInteger(text: string): bigint | undefined {
  const match = INTEGER.exec(text.replaceAll("_", ""));
  if (!match || !/^[-+.0-9]/.test(text)) return undefined;
  const [, sign, binary, octal, hex, oldOctal, decimal] = match;
  const digits =
    binary !== undefined ? `0b${binary}` : hex !== undefined ? `0x${hex}` : octalDigits(octal ?? oldOctal, decimal);
  const value = BigInt(digits);
  return sign === "-" ? -value : value;
}

function octalDigits(octal: string | undefined, decimal: string | undefined): string {
  return octal === undefined ? (decimal ?? "0") : `0o${octal}`;
}

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
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?$/i;
const SPECIAL: ReadonlyMap<string, number> = new Map([
  [".inf", Number.POSITIVE_INFINITY],
  ["+.inf", Number.POSITIVE_INFINITY],
  ["-.inf", Number.NEGATIVE_INFINITY],
  [".nan", Number.NaN],
]);
const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);

/**
 * A plain scalar's number by go-yaml's rules: `0100` is octal, underscores are left out, whole numbers beyond 64 bits
 * become fractions. Undefined for anything else.
 *
 * @source https://pkg.go.dev/gopkg.in/yaml.v3@v3.0.1
 */
export function parseGoNumber(text: string): bigint | number | undefined {
  if (!/^[-+.0-9]/.test(text)) return undefined;
  const digits = text.replaceAll("_", "");
  const match = INTEGER.exec(digits);
  const whole = match ? wholeNumber(match) : undefined;
  if (whole !== undefined && whole >= MIN_INT64 && whole <= MAX_UINT64) return whole;
  if (FLOAT.test(digits)) return Number(digits);
  return SPECIAL.get(text.toLowerCase());
}

function wholeNumber([, sign, binary, octal, hex, oldOctal, decimal]: RegExpExecArray): bigint {
  const value = BigInt(
    binary !== undefined
      ? `0b${binary}`
      : hex !== undefined
        ? `0x${hex}`
        : decimal !== undefined
          ? decimal
          : `0o${octal ?? oldOctal ?? "0"}`,
  );
  return sign === "-" ? -value : value;
}

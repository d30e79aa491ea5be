import { isIP } from "node:net";
import { deepFreeze } from "../../core/freeze.ts";
import { checkInt64, checkNonEmpty, checkText } from "../argument.ts";
import { invalidOp } from "../invalid-op.ts";
import type { ExtraHost, Ulimit } from "../op.ts";

/** A resource limit: soft and hard at once, or each for itself. -1 means unlimited. */
export type UlimitValue = number | bigint | { readonly soft: number | bigint; readonly hard: number | bigint };

/** Variables as list, names checked. */
export function checkEnv(env: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(env).map(([name, value]) => {
    if (checkNonEmpty(name, "the name of a variable", "exec").includes("=")) {
      throw invalidOp(`the name of a variable "${name}" has = in it`, {
        op: "exec",
        hint: "Pass name and value apart.",
      });
    }
    return [name, checkText(value, `the variable ${name}`, "exec")];
  });
}

/** True for an IPv4 or IPv6 address. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

/** Lines for /etc/hosts. */
export function checkExtraHosts(hosts: Readonly<Record<string, string>>): readonly ExtraHost[] {
  return deepFreeze(
    Object.entries(hosts).map(([host, ip]) => {
      checkNonEmpty(host, "the name of a host", "exec");
      if (!isAddress(ip)) {
        throw invalidOp(`"${ip}" is not an IP address`, {
          op: "exec",
          hint: "Map the name to an IPv4 or IPv6 address.",
        });
      }
      return { host, ip };
    }),
  );
}

/** Resource limits. */
export function checkUlimits(limits: Readonly<Record<string, UlimitValue>>): readonly Ulimit[] {
  return deepFreeze(
    Object.entries(limits).map(([name, limit]) => {
      checkNonEmpty(name, "the name of a limit", "exec");
      const { soft, hard } = typeof limit === "object" ? limit : { soft: limit, hard: limit };
      return {
        name,
        soft: checkInt64(soft, `the soft limit of ${name}`, "exec"),
        hard: checkInt64(hard, `the hard limit of ${name}`, "exec"),
      };
    }),
  );
}

import { InputError } from "../core/errors.ts";

/** Where a registry is read instead, by its host; `*` stands for every registry that is not named. */
export type Mirrors = Readonly<Record<string, string>>;

const EVERY = "*";
const HUB = "docker.io";
const HUB_HOSTS: ReadonlySet<string> = new Set([HUB, "index.docker.io", "registry-1.docker.io"]);

/**
 * Reads `[registry=]URL`, once for each mirror; without a registry it stands for all that are not named.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3/src/cmd/linuxkit/main.go
 */
export function parseMirrors(specs: readonly string[]): Mirrors {
  return checkMirrors(
    Object.fromEntries(
      specs.map((spec) => {
        const equals = spec.indexOf("=");
        return equals < 0 ? [EVERY, spec] : [spec.slice(0, equals).replace(/\/+$/, ""), spec.slice(equals + 1)];
      }),
    ),
  );
}

/** The same mirrors with one spelling of Docker Hub. @throws InputError `INPUT_OPTION_INVALID` */
export function checkMirrors(mirrors: Mirrors): Mirrors {
  return Object.freeze(
    Object.fromEntries(
      Object.entries(mirrors).map(([registry, address]) => {
        const url = URL.canParse(address) ? new URL(address) : undefined;
        const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
        if (registry === "" || url === undefined || !isWeb || url.username !== "" || url.search !== "") {
          throw new InputError("INPUT_OPTION_INVALID", `"${registry}=${withoutUser(address)}" is no mirror`, {
            hint: "Write [registry=]URL with http:// or https://; credentials for it belong into docker's config.json.",
          });
        }
        return [HUB_HOSTS.has(registry) ? HUB : registry, address.replace(/\/+$/, "")];
      }),
    ),
  );
}

/** The mirror of a registry, if it has one. */
export function findMirror(mirrors: Mirrors, registry: string): URL | undefined {
  const address = mirrors[HUB_HOSTS.has(registry) ? HUB : registry] ?? mirrors[EVERY];
  return address === undefined ? undefined : new URL(address);
}

function withoutUser(address: string): string {
  return address.replace(/\/\/[^/@]*@/, "//***@");
}

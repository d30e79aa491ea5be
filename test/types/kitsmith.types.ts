// What a user may and may not write, against the declarations that are published. Compiled, never run.
import { engines, isKitsmithError, type PackageResult, pkg, pkgs, type RunEvent } from "kitsmith";

const init = pkg("pkg/init").platforms("linux/amd64", "linux/arm64");

export async function push(): Promise<string | undefined> {
  const pushed: PackageResult<"linux/amd64" | "linux/arm64"> = await init.push();
  const digest: string | undefined = pushed.images["linux/arm64"].digest;

  // @ts-expect-error This platform was not asked for.
  pushed.images["linux/riscv64"].digest;

  return digest;
}

export async function watch(onEvent: (event: RunEvent) => void): Promise<void> {
  const run = pkgs("pkg/*").keepGoing().push();
  for await (const event of run) onEvent(event);
  for (const { reference } of (await run).packages) console.log(reference);
}

export function codeOf(error: unknown): string | undefined {
  if (!isKitsmithError(error)) return undefined;

  // @ts-expect-error There is no such code.
  if (error.code === "PLAN_TREE_DIRTYY") return undefined;

  return error.code;
}

// @ts-expect-error Build arguments are text.
init.buildArgs({ DEBUG: true });

// @ts-expect-error Values are immutable.
init.spec = pkg("other").spec;

// @ts-expect-error Emulation is a policy, not a switch.
init.engines(engines({ default: engines.local() }, { emulation: true }));

// @ts-expect-error A recipe needs its directory, which the tag is made from.
pkg({ org: "acme", image: "agent", recipe: () => undefined });

import { tell, withCache } from "../cache-access.ts";
import { commaList } from "../comma-list.ts";
import type { Command } from "../command.ts";

const NAMES = { usage: "NAME…", positionals: { min: 1, max: Number.POSITIVE_INFINITY } } as const;

/** `kitsmith cache pull`. */
export const cachePull: Command = {
  ...NAMES,
  name: "cache pull",
  summary: "Fetch images from their registries into the cache, whatever it holds",
  flags: {
    platforms: { kind: "list", value: "OS/ARCH,…", help: "only these images of an index; all by default" },
  },
  run: (invocation) =>
    withCache(invocation, async (cache) => {
      const platforms = commaList(invocation, "platforms");
      for (const name of invocation.positionals) {
        const { digest } = await cache.pull(name, {
          signal: invocation.signal,
          ...(platforms === undefined ? {} : { platforms }),
        });
        tell(invocation, `pulled ${name} ${digest}`);
      }
      return 0;
    }),
};

/** `kitsmith cache push`. */
export const cachePush: Command = {
  ...NAMES,
  name: "cache push",
  summary: "Push images from the cache; a tag that is there is left alone without --override",
  flags: {
    "remote-name": {
      kind: "text",
      value: "NAME",
      help: "the whole name in the registry, in place of the one in the cache",
    },
    "with-arch-tags": { kind: "boolean", help: "put a tag for each architecture, too" },
    override: { kind: "boolean", help: "push where the tag is there; an index is merged with the one there" },
  },
  run: (invocation) =>
    withCache(invocation, async (cache) => {
      const remoteName = invocation.text("remote-name");
      for (const name of invocation.positionals) {
        const { reference, digest, outcome } = await cache.push(name, {
          archTags: invocation.boolean("with-arch-tags") ?? false,
          override: invocation.boolean("override") ?? false,
          signal: invocation.signal,
          ...(remoteName ? { remoteName } : {}),
        });
        const note = outcome === "kept" ? ", which is there already; --override pushes it" : "";
        tell(invocation, `${outcome} ${reference} ${digest}${note}`);
      }
      return 0;
    }),
};

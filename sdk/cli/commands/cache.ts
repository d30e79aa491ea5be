import { InputError } from "../../core/errors.ts";
import { tell, tellCheck, tellRemoval, withCache } from "../cache-access.ts";
import type { Command, Flags } from "../command.ts";

const PUBLISHED_ONLY: Flags = {
  "published-only": { kind: "boolean", help: "only images that the registry has, for everybody, with the same digest" },
};
const NAME_WIDTH = 80;

/** `kitsmith cache ls`: the table goes to stderr, as the LinuxKit CLI's does. */
export const cacheList: Command = {
  name: "cache ls",
  summary: "List the images in the cache, on stderr; with --json on stdout",
  flags: { json: { kind: "boolean", help: "one JSON object a line, on stdout" } },
  positionals: { min: 0, max: 0 },
  run: (invocation) =>
    withCache(invocation, async (cache) => {
      const images = await cache.list({ signal: invocation.signal });
      if (invocation.boolean("json")) {
        for (const { name, descriptor } of images) {
          const { digest, mediaType, size } = descriptor;
          invocation.stdout.write(`${JSON.stringify({ name, digest, mediaType, size })}\n`);
        }
        return 0;
      }
      const rows = [
        ["image name", "root manifest hash"],
        ...images.map(({ name, descriptor }) => [name, descriptor.digest]),
      ];
      tell(invocation, rows.map(([name = "", hash = ""]) => `${name.padEnd(NAME_WIDTH)} ${hash}`).join("\n"));
      return 0;
    }),
};

/** `kitsmith cache rm`. */
export const cacheRemove: Command = {
  name: "cache rm",
  summary: "Remove images from the cache, and the content that only they have",
  usage: "NAME…",
  flags: PUBLISHED_ONLY,
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  run: (invocation) =>
    withCache(invocation, async (cache) => {
      const publishedOnly = invocation.boolean("published-only") ?? false;
      const { positionals, signal } = invocation;
      return tellRemoval(invocation, await cache.remove(positionals, { publishedOnly, signal }));
    }),
};

/** `kitsmith cache clean`. */
export const cacheClean: Command = {
  name: "cache clean",
  summary: "Remove content that no image in the cache refers to; with --all the images, too",
  flags: { ...PUBLISHED_ONLY, all: { kind: "boolean", help: "every image; the cache is empty afterwards" } },
  positionals: { min: 0, max: 0 },
  run: (invocation) =>
    withCache(invocation, async (cache) => {
      const [all, publishedOnly] = [invocation.boolean("all") ?? false, invocation.boolean("published-only") ?? false];
      if (all && publishedOnly) {
        throw new InputError("INPUT_OPTION_INVALID", "--all and --published-only cannot be given together");
      }
      const removal = await cache.clean({ all, publishedOnly, signal: invocation.signal });
      const kept = (await cache.list({ signal: invocation.signal })).length;
      const status = tellRemoval(invocation, removal);
      if (kept > 0 && !publishedOnly) tell(invocation, `kept ${kept} names; --all removes them, too`);
      return status;
    }),
};

/** `kitsmith cache check`. */
export const cacheCheck: Command = {
  name: "cache check",
  summary: "Read the whole cache and name what is damaged or missing; --repair puts right what it can",
  flags: { repair: { kind: "boolean", help: "put right what can be put right; nothing that is good is deleted" } },
  positionals: { min: 0, max: 0 },
  async run(invocation) {
    const { checkCache } = await import("../../run/destinations/image-cache.ts");
    const directory = invocation.text("cache");
    const check = await checkCache({
      repair: invocation.boolean("repair") ?? false,
      signal: invocation.signal,
      ...(directory ? { directory } : {}),
    });
    const status = tellCheck(invocation, check);
    if (status !== 0) {
      const hint = invocation.boolean("repair")
        ? "pull or build these images again"
        : "--repair puts right what it can";
      invocation.stderr.write(`${hint}\n`);
    }
    return status;
  },
};

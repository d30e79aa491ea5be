import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { InputError } from "../../core/errors.ts";
import type { ExportFormat } from "../../oci/index.ts";
import { tell, withCache } from "../cache-access.ts";
import type { Command, Invocation } from "../command.ts";

const FORMATS: readonly ExportFormat[] = ["oci", "docker", "filesystem"];

/** `kitsmith cache export`. */
export const cacheExport: Command = {
  name: "cache export",
  summary: "Write an image from the cache to a tar",
  usage: "NAME",
  flags: {
    platform: { kind: "text", value: "OS/ARCH", help: "this machine's by default; `all` for everything, as oci" },
    format: { kind: "text", value: "FORMAT", help: FORMATS.join(", "), default: "oci" },
    outfile: { kind: "text", value: "FILE", help: "- for stdout; it has to be given" },
    name: { kind: "text", value: "NAME", help: "the image's name in the tar" },
  },
  positionals: { min: 1, max: 1 },
  run: (invocation) => {
    const outfile = invocation.text("outfile");
    if (!outfile) {
      throw new InputError("INPUT_OPTION_INVALID", "--outfile has to be given", { hint: "`-` is stdout." });
    }
    const { platform, name } = { platform: invocation.text("platform"), name: invocation.text("name") };
    const options = {
      ...{ format: formatOf(invocation), signal: invocation.signal },
      ...(platform ? { platform } : {}),
      ...(name ? { name } : {}),
    };
    return withCache(invocation, async (cache) => {
      const [image = ""] = invocation.positionals;
      if (outfile === "-") await toStdout(cache.export(image, options), invocation);
      else await cache.exportTo(image, outfile, options);
      return 0;
    });
  },
};

/** `kitsmith cache import`. */
export const cacheImport: Command = {
  name: "cache import",
  summary: "Take the images of an OCI image tar into the cache",
  usage: "FILE",
  flags: { name: { kind: "text", value: "NAME", help: "the image's name, in place of the one in the tar" } },
  positionals: { min: 1, max: 1 },
  run: (invocation) =>
    withCache(invocation, async (cache) => {
      const [file = "-"] = invocation.positionals;
      const name = invocation.text("name");
      const source = file === "-" ? fromStdin(invocation) : file;
      const images = await cache.import(source, { signal: invocation.signal, ...(name ? { name } : {}) });
      for (const image of images) {
        const { digest } = image.descriptor;
        if (image.name !== undefined) tell(invocation, `imported ${image.name} ${digest}`);
        else
          invocation.stderr.write(`imported ${digest} without a name: nothing refers to it; give it one with --name\n`);
      }
      return 0;
    }),
};

function formatOf(invocation: Invocation): ExportFormat {
  const given = invocation.text("format") || "oci";
  const format = FORMATS.find((candidate) => candidate === given);
  if (format !== undefined) return format;
  throw new InputError("INPUT_OPTION_INVALID", `--format takes ${FORMATS.join(", ")}, not "${given}"`);
}

async function toStdout(content: AsyncIterable<Uint8Array>, { stdout, signal }: Invocation): Promise<void> {
  await pipeline(Readable.from(content), stdout, { end: false, signal });
}

async function* fromStdin({ stdin }: Invocation): AsyncGenerator<Uint8Array, void, undefined> {
  if (stdin.isTTY) {
    throw new InputError("INPUT_OPTION_INVALID", "there is no archive on stdin", {
      hint: "Name a file, or pipe the bytes of a tar into it.",
    });
  }
  for await (const data of stdin) yield typeof data === "string" ? Buffer.from(data) : data;
}

import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { InputError, type SourceLocation } from "../core/errors.ts";
import type { DependsImages } from "../pkg/package.ts";
import type { DependsFields } from "./build-yml-fields.ts";

const DIGEST_DIGITS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/**
 * Checks `depends.docker-images` and reads its `from-file`.
 *
 * @throws InputError `INPUT_OPTION_INVALID`, `INPUT_SOURCE_MISSING`, `INPUT_REFERENCE_INVALID`
 */
export function dependsImages(fields: DependsFields, directory: string): DependsImages | undefined {
  const target = fields.target || undefined;
  const targetDirectory = fields.targetDirectory || undefined;
  const fromFile = fields.fromFile || undefined;
  if (target !== undefined && targetDirectory !== undefined) throw exclusive("target", "target-dir");
  if (fromFile !== undefined && (fields.list?.length ?? 0) > 0) throw exclusive("list", "from-file");
  for (const path of [target, targetDirectory, fromFile]) if (path !== undefined) checkInside(path, directory);
  const images = fromFile === undefined ? (fields.list ?? []) : readImageList(join(directory, fromFile));
  if (fromFile === undefined) for (const image of images) checkImage(image);
  if (images.length === 0 && target === undefined && targetDirectory === undefined) return undefined;
  return {
    images,
    ...(target === undefined ? {} : { target }),
    ...(targetDirectory === undefined ? {} : { targetDirectory }),
  };
}

function exclusive(left: string, right: string): InputError {
  return new InputError(
    "INPUT_OPTION_INVALID",
    `depends.docker-images.${left} and depends.docker-images.${right} exclude each other`,
    {
      hint: "Remove one of them.",
    },
  );
}

function checkInside(path: string, directory: string): void {
  const inside = !isAbsolute(path) && join(directory, path).startsWith(join(directory, "/"));
  if (inside && join(directory, path) !== join(directory, "/")) return;
  throw new InputError(
    "INPUT_SOURCE_MISSING",
    `depends.docker-images: ${path} is not a path in the package's directory`,
    {
      hint: "Name a path relative to the package's directory, and below it.",
      details: { path, directory },
    },
  );
}

/** One image per line; only empty lines and those that begin with `#` are left out, and nothing is trimmed. */
function readImageList(file: string): readonly string[] {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (cause) {
    throw new InputError("INPUT_SOURCE_MISSING", `${file} cannot be read`, {
      cause,
      hint: "depends.docker-images.from-file names a file with one image per line.",
      location: { file },
    });
  }
  const lines = content.split("\n").map((line) => line.replace(/\r$/, ""));
  return lines.flatMap((line, index) => {
    if (line === "" || line.startsWith("#")) return [];
    checkImage(line, { file, line: index + 1, column: 1 });
    return [line];
  });
}

/** The syntax of an image in a depends list: a host or organisation, a slash, a name, and a whole digest. */
function checkImage(image: string, location?: SourceLocation): void {
  const match = /^[^/@\s]+\/[^@\s]+@([a-z0-9]+):([0-9a-f]+)$/.exec(image);
  const [, algorithm = "", hex = ""] = match ?? [];
  if (match && DIGEST_DIGITS[algorithm] === hex.length) return;
  throw new InputError(
    "INPUT_REFERENCE_INVALID",
    `the image ${JSON.stringify(image)} lacks a valid digest or a host or organisation`,
    {
      hint: "Write the whole reference with its digest, such as linuxkit/alpine@sha256:….",
      ...(location === undefined ? {} : { location }),
    },
  );
}

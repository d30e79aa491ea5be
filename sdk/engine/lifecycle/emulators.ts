import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import { runProgram } from "./program.ts";

const BINFMT_DIRECTORY = "/proc/sys/fs/binfmt_misc";

/** The machine's names, as the emulators' packages use them, by OCI architecture. */
const MACHINES: Readonly<Record<string, string>> = {
  amd64: "x86_64",
  arm64: "aarch64",
  arm: "arm",
  riscv64: "riscv64",
  ppc64le: "ppc64le",
  s390x: "s390x",
};

/** What to register, and from where. */
export interface EmulatorOptions extends Abortable {
  /** Root of an unpacked `qemu-user-static` package. */
  readonly root: string;
  /** OCI architectures that the kernel shall run. */
  readonly architectures: readonly string[];
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** The architectures, of those asked for, that the kernel does not run yet. */
export async function missingEmulators(architectures: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const architecture of architectures) {
    const entry = join(BINFMT_DIRECTORY, `qemu-${MACHINES[architecture] ?? architecture}`);
    const text = await readFile(entry, "utf8").catch(() => "");
    if (!text.startsWith("enabled")) missing.push(architecture);
  }
  return missing;
}

/**
 * Registers emulators with the kernel, so that programs of other architectures run. System-wide: it holds for every
 * program of the machine until it restarts, and needs root. What is registered already is left alone. Engines read
 * the table when they start.
 *
 * @throws EngineError ENGINE_START_FAILED without root, or where the kernel or the package lacks what is needed.
 */
export async function registerEmulators(options: EmulatorOptions): Promise<readonly string[]> {
  if ((await stat(join(BINFMT_DIRECTORY, "register")).catch(() => undefined)) === undefined) await mountTable(options);
  const missing = await missingEmulators(options.architectures);
  for (const architecture of missing) {
    const line = await definitionOf(options.root, MACHINES[architecture] ?? architecture);
    await writeFile(join(BINFMT_DIRECTORY, "register"), line).catch((cause: unknown) => {
      throw failure(`the kernel does not take the emulator for ${architecture}`, cause);
    });
    options.onProgress?.(`Registered an emulator for ${architecture} with the kernel (system-wide, until restart)`);
  }
  return missing;
}

async function mountTable({ signal, onProgress }: EmulatorOptions): Promise<void> {
  const result = await runProgram(["mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT_DIRECTORY], { signal });
  if (result.failed) throw failure(`binfmt_misc cannot be mounted: ${result.problem}`, result.cause);
  onProgress?.(`Mounted binfmt_misc on ${BINFMT_DIRECTORY}`);
}

/**
 * The package's own definition, with the emulator's path inside of the root.
 * Flag F is part of it: the kernel opens the emulator at once, so that it also works in containers.
 */
async function definitionOf(root: string, machine: string): Promise<string> {
  const file = join(root, `usr/lib/binfmt.d/qemu-${machine}.conf`);
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw failure(`the package has no emulator for ${machine}`, cause);
  });
  const fields = (text.split("\n")[0] ?? "").split(":");
  const flags = fields.at(-1) ?? "";
  const interpreter = fields.at(-2) ?? "";
  return [...fields.slice(0, -2), join(root, interpreter), flags.includes("F") ? flags : `${flags}F`].join(":");
}

function failure(message: string, cause: unknown): EngineError {
  return new EngineError("ENGINE_START_FAILED", message, {
    cause,
    hint: "Register emulators as root (package qemu-user-static), or build each platform on an engine of its own.",
  });
}

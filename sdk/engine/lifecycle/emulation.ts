import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { missingEmulators, registerEmulators } from "./emulators.ts";
import { openPrivateApt } from "./private-apt.ts";

/** What shall be emulated, and whether the machine may be changed for it. */
export interface EmulationOptions extends Abortable {
  /** Where the emulators are kept once they were fetched. */
  readonly directory: string;
  /** OCI architectures. */
  readonly architectures: readonly string[];
  /** Registering emulators with the kernel is system-wide, so somebody has to agree. Default false. */
  readonly yes?: boolean | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** What came of it. */
export interface EmulationResult {
  readonly registered: readonly string[];
  /** What still does not run here: nobody agreed. */
  readonly missing: readonly string[];
}

/**
 * Makes the kernel run programs of other architectures, with the distribution's emulators unpacked privately.
 *
 * @throws EngineError ENGINE_START_FAILED where that is not possible.
 */
export async function ensureEmulation(options: EmulationOptions): Promise<EmulationResult> {
  const missing = await missingEmulators(options.architectures);
  if (missing.length === 0) return { registered: [], missing };
  if (!options.yes) {
    options.onProgress?.(
      `Not done, as it is system-wide and needs --yes: register emulators for ${missing.join(", ")}`,
    );
    return { registered: [], missing };
  }
  const directory = join(options.directory, "emulators");
  const root = join(directory, "root");
  if (!(await isUnpacked(root))) {
    options.onProgress?.("Fetching the distribution's emulators (about 60 MB, unpacked privately)");
    const apt = await openPrivateApt({ directory: join(directory, "apt"), signal: options.signal });
    await apt.unpack({ packages: ["qemu-user-static"], dependencies: true, root, signal: options.signal });
  }
  const registered = await registerEmulators({ ...options, root, architectures: missing });
  return { registered, missing: [] };
}

async function isUnpacked(root: string): Promise<boolean> {
  return await access(join(root, "usr/lib/binfmt.d")).then(
    () => true,
    () => false,
  );
}

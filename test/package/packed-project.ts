import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const CHECKOUT = join(import.meta.dirname, "../..");

/** What npm says about an archive that it packed. */
export interface PackedArchive {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** The part of package.json that tests read. */
export interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** A project in which the packed package is installed, as a user has it. */
export interface PackedProject extends Disposable {
  readonly directory: string;
  readonly packageDirectory: string;
  readonly archive: PackedArchive;
  readonly manifest: Manifest;
  /** Runs a module with the project as working directory; gives what it printed. */
  run(source: string): string;
}

/** Packs the package and installs it; its dependencies are those of the checkout, or are left out. */
export function createPackedProject(options: { readonly dependencies: boolean }): PackedProject {
  const directory = mkdtempSync(join(tmpdir(), "kitsmith-package-"));
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", directory], {
    cwd: CHECKOUT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [archive]: readonly PackedArchive[] = JSON.parse(packed);
  if (archive === undefined) throw new Error("npm packed nothing");
  const packageDirectory = join(directory, "node_modules/kitsmith");
  mkdirSync(packageDirectory, { recursive: true });
  execFileSync("tar", ["-xzf", join(directory, archive.filename), "--strip-components=1", "-C", packageDirectory]);
  const manifest: Manifest = JSON.parse(readFileSync(join(packageDirectory, "package.json"), "utf8"));
  for (const name of options.dependencies ? Object.keys(manifest.dependencies) : []) {
    const target = join(directory, "node_modules", name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(CHECKOUT, "node_modules", name), target);
  }
  return {
    directory,
    packageDirectory,
    archive,
    manifest,
    run: (source) =>
      execFileSync(process.execPath, ["--input-type=module", "--eval", source], { cwd: directory, encoding: "utf8" }),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { testTools } from "../../test/engines/test-tools.ts";

/** Runs `docker buildx bake --push` for a file. */
export type Bake = (file: string) => Promise<void>;

/** Creates a builder on an engine; what buildx remembers lies in the directory. */
export async function createBake(directory: string, address: string): Promise<Bake> {
  const buildx = async (...args: string[]) => {
    await promisify(execFile)(testTools().buildx, args, {
      env: { ...process.env, BUILDX_CONFIG: join(directory, "buildx"), BUILDX_BAKE_ENTITLEMENTS_FS: "0" },
    });
  };
  await buildx("create", "--name", "bench", "--driver", "remote", address);
  return (file) =>
    buildx("bake", "--builder", "bench", "--push", "--progress", "quiet", "--provenance=false", "-f", file);
}

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { FILE_MODE, type FileStat, hasModeBit } from "../../core/file-stat.ts";

const run = promisify(execFile);

/** Makes a device node or a fifo. Node has no call for it, so `mknod` of the system does it; devices take root. */
export async function makeSpecialFile(path: string, stat: FileStat): Promise<void> {
  const numbers = [String(stat.deviceMajor), String(stat.deviceMinor)];
  const type = hasModeBit(stat.mode, FILE_MODE.fifo)
    ? ["p"]
    : [hasModeBit(stat.mode, FILE_MODE.characterDevice) ? "c" : "b", ...numbers];
  await run("mknod", ["--", path, ...type], { env: { PATH: "/usr/local/bin:/usr/bin:/bin" } });
}

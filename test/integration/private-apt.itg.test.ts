import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readAptSources } from "../../sdk/engine/lifecycle/apt-sources.ts";

const script = join(dirname(fileURLToPath(import.meta.url)), "scripts/unpack-with-apt.ts");
/** As in the image of a container: no index was ever fetched. The rest of the machine does not see it. */
const WITHOUT_INDEXES = 'mount -t tmpfs none /var/lib/apt/lists && exec "$@"';
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-apt-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("unpacks a package on a machine without any index, and leaves it so", async () => {
  const unpack = [process.execPath, "--import", "tsx", script, directory, "busybox-static"];
  const list = `"$@" && ls /var/lib/apt/lists`;
  const { stdout } = await execa("unshare", [
    ...["--mount", "sh", "-c", WITHOUT_INDEXES, "sh"],
    ...["sh", "-c", list, "sh", ...unpack],
  ]);
  expect(stdout).toBe("");
  const busybox = await execa(join(directory, "root/bin/busybox"), ["echo", "unpacked"]);
  expect(busybox.stdout).toBe("unpacked");
});

test("another suite comes from where the machine's own comes from, without updates to it", async () => {
  const own = await readAptSources({ emptyDirectory: directory });
  const testing = await readAptSources({ emptyDirectory: directory, suite: "testing" });
  const main = own.split("\n").find((line) => /\/debian \w+ main$/.test(line)) ?? "";
  expect(testing.split("\n")).toContain(main.replace(/ \w+ main$/, " testing main"));
  expect(testing).not.toMatch(/security|updates/);
  expect(await readdir(directory)).toEqual([]);
});

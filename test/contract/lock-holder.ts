import { lockFile } from "../../sdk/oci/layout/file-lock.ts";

// A program for tests: takes a lock, says so, and holds it until it is killed.
const [path = "", mode = ""] = process.argv.slice(2);
await lockFile(path, { mode: mode === "shared" ? "shared" : "exclusive" });
process.stdout.write("held\n");
setInterval(() => {}, 60_000);

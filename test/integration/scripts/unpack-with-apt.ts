// tsx unpack-with-apt.ts DIRECTORY PACKAGE: unpacks a package of the machine's own suite below the directory.
import { join } from "node:path";
import { openPrivateApt } from "../../../sdk/engine/lifecycle/private-apt.ts";

const [directory = "", packageName = ""] = process.argv.slice(2);
const apt = await openPrivateApt({ directory: join(directory, "apt") });
await apt.unpack({ packages: [packageName], root: join(directory, "root") });

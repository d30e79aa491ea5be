import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

const OLDEST_NODE = [20, 19];

/** What is missing before anything can start, each with the way to get it. */
export function missingPrograms() {
  const missing = [];
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    missing.push(`Node.js ${OLDEST_NODE.join(".")} or newer (this is ${process.versions.node}): see nodejs.org`);
  }
  if (!inPath("npm")) missing.push("npm: it comes with Node.js; Debian's package is npm");
  if (!inPath("git")) missing.push("git: the package git of your distribution (apt-get install git)");
  return missing;
}

/** True if an engine is named, or answers where engines usually do: then none has to be started. */
export async function hasEngine(env = process.env) {
  if (["BUILDKIT_HOST", "DOCKER_HOST", "LINUXKIT_BUILDERS"].some((name) => env[name])) return true;
  const sockets = [
    "/run/buildkit/buildkitd.sock",
    "/var/run/docker.sock",
    join(env.HOME ?? "/", ".docker/run/docker.sock"),
  ];
  if ((await Promise.all(sockets.map(answers))).includes(true)) return true;
  return inPath("docker") && spawnSync("docker", ["info"], { stdio: "ignore", timeout: 10_000 }).status === 0;
}

/** Why no engine can be started here, or undefined if one can. */
export function obstacleToOwnEngine() {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid() !== 0) return "this is not root";
  if (inPath("buildkitd") && inPath("runc")) return undefined;
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const debian = /^ID(_LIKE)?=.*debian/m.test(release) && inPath("apt-get") && inPath("dpkg-deb");
  return debian ? undefined : "this is not Debian, and there is no buildkitd";
}

function inPath(program) {
  return (process.env.PATH ?? "").split(":").some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function answers(path) {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (result) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(1000, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

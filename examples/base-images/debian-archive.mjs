import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./program.mjs";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Opens apt on a directory of its own: it reads where the machine gets its packages from, and changes nothing else.
 * The suite is `own` or another one's name; what it offers is looked at as if no package were installed.
 */
export async function openArchive({ directory, suite, architectures, signal }) {
  for (const part of ["lists/partial", "cache/archives/partial", "empty"]) {
    await mkdir(join(directory, part), { recursive: true });
  }
  const configFile = join(directory, "apt.conf");
  await writeFile(join(directory, "status"), "");
  await writeFile(configFile, formatConfig(directory, architectures));
  const sources = await ownSources(directory, signal);
  await writeFile(
    join(directory, "sources.list"),
    sources.map(({ uri, codename }) => `deb ${uri} ${suite === "own" ? codename : suite} main\n`).join(""),
  );
  const apt = (args, options) => runProgram("apt-get", ["-c", configFile, "-q", ...args], { signal, ...options });
  await apt(["update"]);
  return {
    /** Names of the packages and of all that they depend on, or undefined where the suite lacks one. */
    async closure(packages) {
      if (packages.length === 0) return [];
      const listing = await apt(["-y", "--no-install-recommends", "--print-uris", "install", ...packages]).catch(
        () => "",
      );
      const names = [...listing.matchAll(/^'[^']+' ([^_\s]+)_/gm)].map((match) => match[1]);
      return names.length === 0 ? undefined : names;
    },
    /** Puts the package files into a directory; apt checks them against the suite's signed index. */
    async download(packages, target) {
      await mkdir(target, { recursive: true });
      if (packages.length > 0) await apt(["download", ...packages], { cwd: target });
    },
  };
}

/** `update --print-uris` asks nobody and needs no index that was fetched before. */
async function ownSources(directory, signal) {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const codename = /^VERSION_CODENAME="?([^"\n]*)"?$/m.exec(release)?.[1];
  const listing = await runProgram(
    "apt-get",
    ["-o", `Dir::State::lists=${join(directory, "lists")}`, "update", "--print-uris"],
    { signal },
  );
  const found = [...listing.matchAll(/^'([^']+)\/dists\/([^'/]+)\/(?:In)?Release'/gm)]
    .map((match) => ({ uri: match[1], codename: match[2] }))
    .filter((source) => source.codename === codename || source.codename === "stable");
  const main = found.find((source) => source.uri.endsWith("/debian")) ?? found[0];
  if (main === undefined) throw new Error("apt has no source for this machine's release of Debian");
  const trusted = await readFile(KEYRING).then(
    () => `[signed-by=${KEYRING}] `,
    () => "",
  );
  return [{ uri: `${trusted}${main.uri}`, codename: main.codename }];
}

// Hooks of the machine's own configuration are cleared: they may tidy the machine's own package cache. The caches of
// indexes, which container images turn off, save seconds with every command.
function formatConfig(directory, architectures) {
  return `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architectures { ${architectures.map((name) => `"${name}";`).join(" ")} };
APT::Sandbox::User "";
APT::Default-Release "";
Dir::State "${directory}";
Dir::State::lists "${directory}/lists";
Dir::State::status "${directory}/status";
Dir::Cache "${directory}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Acquire::GzipIndexes "false";
Dir::Etc::sourcelist "${directory}/sources.list";
Dir::Etc::sourceparts "${directory}/empty";
Dir::Etc::preferences "${directory}/empty/none";
Dir::Etc::preferencesparts "${directory}/empty";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
`;
}

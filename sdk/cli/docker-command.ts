import { join } from "node:path";
import type { PlannedBuild } from "../run/facts/planned-builds.ts";

/** A build as a docker command, for people: what a shell would have to be told in quotes stands as it is. */
export function dockerCommand(build: PlannedBuild): string {
  const pairs = (flag: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => `--${flag}=${name}=${value}`);
  return [
    `docker buildx build --platform ${build.platform} -t ${build.reference}`,
    ...(build.dockerfile === undefined ? [] : [`-f ${join(build.directory, build.dockerfile)}`]),
    ...pairs("build-arg", build.buildArgs),
    ...pairs("label", build.labels),
    `--network=${build.network ? "default" : "none"}`,
    build.directory,
  ].join(" ");
}

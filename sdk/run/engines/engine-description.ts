import type { PooledEngine } from "./engine-pool.ts";

/** What an engine is, for people: `dockerd with the graphdriver image store, BuildKit 0.21.0, at unix:///run/docker.sock`. */
export function describeEngine({ engine, info }: Pick<PooledEngine, "engine" | "info">): string {
  const daemon = engine.kind === "docker" ? "dockerd" : "buildkitd";
  const store = info.exporters.includes("image") ? "" : " with the graphdriver image store";
  const version = info.version === "unknown" ? "" : `, BuildKit ${info.version},`;
  return `${daemon}${store}${version} at ${engine.address}`;
}

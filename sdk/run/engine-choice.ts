import { formatPlatform, type Platform } from "../core/platform.ts";
import { connectEngine } from "../engine/connect-engine.ts";
import type { Engine } from "../engine/engine.ts";
import type { EngineChoice } from "./engine-selection.ts";
import type { RunContext } from "./run.ts";

/** An engine that was connected to. */
export interface OpenedEngine {
  readonly engine: Engine;
  readonly sandboxNetwork: "sandbox" | "host";
}

/** Connects to what was chosen; where nothing was named, to what is found on this machine. */
export async function openEngine(choice: EngineChoice, platform: Platform, context: RunContext): Promise<OpenedEngine> {
  const { signal } = context;
  switch (choice.kind) {
    case "address": {
      const { kind, address } = splitAddress(choice.address);
      const tls = choice.tls ? { tls: choice.tls } : {};
      return { engine: await connectEngine(address, { kind, ...tls, signal }), sandboxNetwork: "sandbox" };
    }
    case "docker":
    case "local":
      throw new Error(formatPlatform(platform));
  }
}

function splitAddress(address: string): { readonly kind: "buildkit" | "docker"; readonly address: string } {
  return address.startsWith("docker+")
    ? { kind: "docker", address: address.slice("docker+".length) }
    : { kind: "buildkit", address };
}

import { type Definition, llb, marshal } from "../llb/index.ts";
import type { BuildStep } from "./build-step.ts";
import type { LocalSource } from "./solve-request.ts";

/** How a directory is handed to a frontend. */
export interface LocalGraphOptions {
  /** What people see of the transfer. */
  readonly name: string;
  /** Patterns of what stays here. Default none. */
  readonly exclude?: readonly string[];
}

/** A served directory as graph: what a frontend takes for its context. */
export function localGraph(
  { platform, sessionId }: BuildStep,
  { name: local }: LocalSource,
  options: LocalGraphOptions,
): Definition {
  return marshal(llb.local(local, { sharedKeyHint: local, ...options }), { platform, sessionId });
}

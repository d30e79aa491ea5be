import type { Abortable } from "../../core/abort.ts";
import { listOwnEngines, type OwnEngine, stopOwnEngine } from "../../engine/lifecycle/own-engine.ts";
import { ownStateDirectory } from "../../engine/lifecycle/state-directory.ts";

/** The engines that kitsmith started on this machine and that run. */
export async function listEngines(): Promise<readonly OwnEngine[]> {
  return await listOwnEngines(ownStateDirectory(process.env));
}

/** How engines are stopped. */
export interface StopEnginesOptions extends Abortable {
  /** Only this one. Default: all. */
  readonly id?: string;
  /** Remove their build caches too. Default false. */
  readonly removeData?: boolean;
}

/** Stops engines that kitsmith started, and gives back the ids of those that ran. Others are never touched. */
export async function stopEngines(options: StopEnginesOptions = {}): Promise<readonly string[]> {
  return await stopOwnEngine(ownStateDirectory(process.env), options);
}

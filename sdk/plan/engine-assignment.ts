import { PlanError } from "../core/errors.ts";
import { formatPlatform, type Platform, samePlatform } from "../core/platform.ts";
import type { EngineAssignment, EngineFacts, Execution } from "./plan.ts";

/** Whether steps may run under emulation. */
export type EmulationPolicy = "never" | "allow";

/**
 * Decides how an engine builds for a platform. Only steps that execute count: where all of them run on the
 * engine's own platform, a foreign one needs no emulation.
 *
 * @throws PlanError `PLAN_EMULATION_REFUSED`
 */
export function assignEngine(
  engine: EngineFacts,
  platform: Platform,
  execution: Execution,
  policy: EmulationPolicy,
): EngineAssignment {
  const buildPlatform = engine.platforms[0] ?? platform;
  const assigned = { address: engine.address, buildPlatform };
  if (isNative(engine, platform)) return { ...assigned, emulation: "none" };
  const isForeign = execution === "unknown" || execution === "target-platform";
  if (policy === "allow") return { ...assigned, emulation: isForeign ? "used" : "none" };
  if (execution === "target-platform") throw emulationRefused(engine, platform);
  // A Dockerfile's text does not tell what base images bring along (`ONBUILD`).
  return { ...assigned, emulation: "verify" };
}

/** True if the engine runs the platform's programs without emulation. */
export function isNative(engine: EngineFacts, platform: Platform): boolean {
  return engine.nativePlatforms.some((native) => samePlatform(native, platform));
}

/** Holds that programs of a platform may be run on an engine. @throws PlanError `PLAN_EMULATION_REFUSED` */
export function assertMayRun(engine: EngineFacts, platform: Platform, policy: EmulationPolicy): void {
  if (policy === "never" && !isNative(engine, platform)) throw emulationRefused(engine, platform);
}

/** The error for steps that would have to be emulated against the policy. */
export function emulationRefused(engine: EngineFacts, platform: Platform): PlanError {
  const name = formatPlatform(platform);
  const able = engine.platforms.some((candidate) => samePlatform(candidate, platform));
  return new PlanError("PLAN_EMULATION_REFUSED", `${engine.address} can run steps for ${name} under emulation only`, {
    hint: `Name a native engine for it, engines({ "${name}": … }), cross-compile with FROM --platform=$BUILDPLATFORM, or accept emulation with engines(…, { emulation: "allow" })${able ? "" : "; this engine has no emulator for it yet, see qemu-user-static and binfmt"}.`,
    details: { platform: name, engine: engine.address },
  });
}

import { InputError } from "../core/errors.ts";
import { type AttestSettings, DEFAULT_SCANNER, type ProvenanceSettings } from "../pkg/attestation.ts";
import type { BuildStep } from "./build-step.ts";

/**
 * The options that ask for attestations, as BuildKit names them. Only what is asked for is there: with an option that is
 * empty the engine attests, too.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 * @source https://github.com/moby/buildkit/blob/v0.33.1/frontend/attestations/parse.go
 */
export function attestOptions(settings: AttestSettings = {}): Readonly<Record<string, string>> {
  const { sbom = false, provenance = false } = settings;
  return Object.freeze({
    ...(sbom === false ? {} : { "attest:sbom": sbomFields(sbom === true ? {} : sbom) }),
    ...(provenance === false ? {} : { "attest:provenance": provenanceFields(provenanceSettings(provenance)) }),
  });
}

/**
 * What an engine is told to attest of a step's result. A scanner of the engine's gets a network that an engine without
 * bridge does not have: there it is run within the job.
 */
export function engineAttestOptions({
  package: { attest },
  sandboxNetwork,
}: BuildStep): Readonly<Record<string, string>> {
  return attestOptions(sandboxNetwork === "host" ? { ...attest, sbom: false } : attest);
}

/** The step without attestations: for a result that is only looked at. */
export function withoutAttestations(step: BuildStep): BuildStep {
  const { attest: _attest, ...rest } = step.package;
  return { ...step, package: rest };
}

function sbomFields({
  scanner = DEFAULT_SCANNER,
  parameters = {},
}: Exclude<AttestSettings["sbom"], boolean | undefined>) {
  if (scanner === "") throw invalid("the scanner of the bill of materials has no name");
  const named = Object.entries(parameters).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === "generator") {
      throw invalid(`${JSON.stringify(name)} is no name of a scanner's parameter`);
    }
    return [name, value] as const;
  });
  return formatFields([["generator", scanner], ...named]);
}

function provenanceSettings(given: Exclude<AttestSettings["provenance"], false | undefined>): ProvenanceSettings {
  if (given === true) return {};
  return typeof given === "string" ? { mode: given } : given;
}

function provenanceFields({ mode = "min", version = "v1", builderId, reproducible }: ProvenanceSettings): string {
  if (mode !== "min" && mode !== "max") throw invalid(`a provenance has no mode ${JSON.stringify(mode)}`);
  return formatFields([
    ["mode", mode],
    // Engines differ in what they take by default.
    ["version", version],
    ...(builderId === undefined ? [] : [["builder-id", builderId] as const]),
    ...(reproducible === undefined ? [] : [["reproducible", String(reproducible)] as const]),
  ]);
}

/** One line of comma-separated values. */
function formatFields(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => quoted(`${name}=${value}`)).join(",");
}

function quoted(field: string): string {
  if (/[\r\n\0]/.test(field)) throw invalid(`${JSON.stringify(field)} does not fit on one line`);
  return /[",]|^\s/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

function invalid(problem: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", problem, { hint: "See attest() in the documentation." });
}

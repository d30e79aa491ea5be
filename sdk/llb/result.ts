import type { Digest } from "../core/digest.ts";
import { isDigest } from "../core/digest.ts";
import { canonicalJson } from "../core/json.ts";
import { invalidOp } from "./invalid-op.ts";
import { passthrough } from "./join.ts";
import { State } from "./state.ts";
import { StatePath, type StateValue } from "./state-value.ts";

/** What a statement is about, where it is not the image itself. */
export interface AttestationSubject {
  readonly name: string;
  /** One of each algorithm. */
  readonly digests: readonly Digest[];
}

/** What a recipe attests of its image: the parts of an in-toto statement. */
export interface AttestationInput {
  /** A URI, such as `https://example.com/test-report/v1`. */
  readonly predicateType: string;
  /** What is attested: a JSON file of a state, `report.path("/report.json")`, or a value that becomes one. */
  readonly predicate: StatePath | JsonValue;
  /** Default the image. */
  readonly subjects?: readonly AttestationSubject[];
  /** The file's name where results are files. Default `attestation-1.json` and so on, or that of the file. */
  readonly name?: string;
}

/** What JSON can say. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue | undefined };

/** What a recipe gives besides a root file system. */
export interface ResultInit {
  /**
   * Added to the package's. A key stands for the image's manifest, or begins with the place that it is for, as with
   * `docker buildx build --annotation`: `index:`, `manifest-descriptor:`, `index,manifest:`.
   */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly attestations?: readonly AttestationInput[];
  /** Answered by the exporter; keys begin with `frontend.`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What is attested of a result, as a file in a state. */
export interface ResultAttestation {
  readonly predicateType: string;
  readonly predicate: StatePath;
  readonly subjects: readonly AttestationSubject[];
}

/** A state with all that goes with it. Made by `llb.result`. */
export class BuildResult {
  readonly state: State;
  readonly annotations: Readonly<Record<string, string>>;
  readonly attestations: readonly ResultAttestation[];
  readonly metadata: Readonly<Record<string, string>>;

  constructor(state: State, { annotations = {}, attestations = [], metadata = {} }: ResultInit) {
    this.state = state;
    this.annotations = Object.freeze({ ...annotations });
    this.attestations = Object.freeze(attestations.map(attestationOf));
    this.metadata = Object.freeze(checkMetadata(metadata));
    Object.freeze(this);
  }
}

/**
 * What a recipe may give in place of a state: the state with annotations, attestations and metadata.
 *
 * @throws GraphError `LLB_INVALID_OP`
 * @example
 * ```ts
 * recipe: ({ context }) => {
 *   const tested = llb.image("golang:1.26").copy(context("."), "/src").run("cd /src && go test -json ./... > /report.json");
 *   return llb.result(llb.scratch().copy(tested.path("/src/agent"), "/"), {
 *     attestations: [{ predicateType: "https://example.com/go-test/v1", predicate: tested.path("/report.json") }],
 *     annotations: { "org.opencontainers.image.title": "agent", "index:com.example.tier": "base" },
 *   });
 * };
 * ```
 */
export function result(state: State, parts: ResultInit = {}): BuildResult {
  return new BuildResult(state, parts);
}

/** All states of a result as one, to walk through what they need. It is not for building. */
export function resultRoots({ state, attestations }: BuildResult): StateValue {
  const inputs = [state, ...attestations.map(({ predicate }) => predicate.state)].filter((one) => one.output);
  if (inputs.length < 2) return inputs[0] ? { ...inputs[0], settings: state.settings, image: state.image } : state;
  const all = inputs.map((one) => ({ state: new State(one.output, one.settings, one.image), output: true }));
  const [first = state] = passthrough("result", all);
  return { output: first.output, settings: state.settings, image: state.image };
}

function attestationOf(input: AttestationInput, index: number): ResultAttestation {
  const { predicateType, predicate, subjects = [], name = `attestation-${index + 1}.json` } = input;
  if (predicateType === "") throw refused("an attestation without predicate type", "Give it a URI as predicateType.");
  if (predicateType.startsWith("https://slsa.dev/provenance/")) {
    throw refused("a provenance, which only the engine may attest", "Ask for it with .attest({ provenance }).");
  }
  if (!/^[^/\0]+$/.test(name))
    throw refused(`an attestation's file named ${JSON.stringify(name)}`, "Give a file name.");
  for (const subject of subjects) {
    if (subject.digests.length > 0 && subject.digests.every((digest) => isDigest(digest))) continue;
    throw refused(`a subject without digest, ${JSON.stringify(subject.name)}`, "Write digests as sha256:….");
  }
  return Object.freeze({
    predicateType,
    predicate: predicate instanceof StatePath ? predicate : valueFile(name, predicate),
    subjects: Object.freeze(subjects.map((subject) => Object.freeze({ ...subject }))),
  });
}

/** The same value is the same file, byte for byte. */
function valueFile(name: string, value: JsonValue): StatePath {
  return new State(undefined).mkfile(`/${name}`, canonicalJson(value)).path(`/${name}`);
}

function checkMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const foreign = Object.keys(metadata).find((key) => !key.startsWith("frontend."));
  if (foreign === undefined) return { ...metadata };
  throw refused(`metadata ${JSON.stringify(foreign)}`, "Begin its key with frontend., or no exporter answers it.");
}

function refused(what: string, hint: string): Error {
  return invalidOp(`a result has ${what}`, { op: "result", hint });
}

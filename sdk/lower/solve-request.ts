import type { LocalSource, VirtualRoot } from "../core/local-source.ts";
import type { Platform } from "../core/platform.ts";
import type { Definition } from "../llb/definition.ts";
import type { AttestationSubject } from "../llb/result.ts";

export type { LocalSource, VirtualRoot };

/** A build by a frontend that lives in the daemon or in an image. */
export interface FrontendInput {
  readonly kind: "frontend";
  readonly frontend: "dockerfile.v0" | "gateway.v0";
  /** Frontend attributes as BuildKit names them, such as `build-arg:X` or `filename`. */
  readonly options: Readonly<Record<string, string>>;
  /** Graphs that the frontend can ask for, by name. */
  readonly inputs?: Readonly<Record<string, Definition>>;
}

/** A build of a graph that we made. */
export interface DefinitionInput {
  readonly kind: "definition";
  readonly definition: Definition;
  /** The image config to go with the result: OCI image config, as JSON value. */
  readonly imageConfig: Readonly<Record<string, unknown>>;
  /** The recipe's own, keys with their places. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Handed to the exporters with the result. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What the recipe attests of the result. */
  readonly attestations?: readonly DefinitionAttestation[];
}

/** A graph that makes the predicate of an in-toto statement. */
export interface DefinitionAttestation {
  readonly definition: Definition;
  /** The file that holds the predicate. */
  readonly path: string;
  readonly predicateType: string;
  /** Default the image. */
  readonly subjects: readonly AttestationSubject[];
}

/** All that an engine needs to build one platform of one package; the outputs come in addition. */
export interface SolveRequest {
  /** For people: the package and the platform. */
  readonly title: string;
  readonly platform: Platform;
  readonly input: FrontendInput | DefinitionInput;
  readonly locals: readonly LocalSource[];
  /** Same text, same directories: the daemon then keeps what it has and asks only for changes. */
  readonly sharedKey: string;
  /** Options of the whole build, as BuildKit names them: what the engine is to attest of the result. */
  readonly attest: Readonly<Record<string, string>>;
  readonly entitlements: readonly ("network.host" | "security.insecure")[];
}

import type { Digest } from "../core/digest.ts";
import type { Platform, PlatformText } from "../core/platform.ts";
import type { Descriptor } from "../oci/model/descriptor.ts";
import type { AttestationKind } from "../pkg/attestation.ts";
import type { Package } from "../pkg/package.ts";

/** What a plan is made for. `plan` looks as `push` does, but fails for nothing. */
export type PlanVerb = "build" | "push" | "load" | "export";

/**
 * What is known of one package on one platform:
 * `build`: it must be built; `cached`: in the OCI cache; `published`: in the registry;
 * `unknown`: the registry did not say (401, 403, not reachable).
 */
export type NodeState = "build" | "cached" | "published" | "unknown";

/** What will be done about it: build on an engine, pull to the cache, upload from the cache, or nothing. */
export type NodeAction = "build" | "pull" | "upload" | "none";

/** An image that exists already, and the digest of the inputs that its tag does not cover. */
export interface StoredImage {
  readonly descriptor: Descriptor;
  readonly inputs?: string;
  /** What is attested of it; undefined where nobody asked for that. */
  readonly attested?: readonly AttestationKind[];
}

/** What the registry says of one platform. Only a 404 means absent. */
export type RegistryAnswer =
  | { readonly kind: "present"; readonly image: StoredImage }
  | { readonly kind: "absent" }
  | { readonly kind: "unknown"; readonly why: string; readonly cause?: unknown };

/** How the steps of a build relate to the platform that is built for. */
export type Execution = "none" | "build-platform" | "target-platform" | "unknown";

/** What was found out about one platform of a package. */
export interface PlatformFacts {
  readonly platform: Platform;
  readonly cache?: StoredImage;
  readonly registry: RegistryAnswer;
  /** Digest of what goes into this platform's image besides the tree; undefined if nothing does. */
  readonly inputs?: string;
  /** Short digests of what goes into this platform's image, as text; undefined where the tree is all. */
  readonly inputDigests?: string;
}

/** What was found out about a package. */
export interface PackageFacts {
  readonly package: Package;
  /** `org/image`. */
  readonly name: string;
  readonly tag: string;
  /** Canonical reference of the index, such as `docker.io/linuxkit/init:0df5…`. */
  readonly reference: string;
  readonly dirty: boolean;
  /** False where the tag says nothing of the content. */
  readonly hashed: boolean;
  readonly platforms: readonly PlatformFacts[];
  /** The index that lies under `reference` in the registry. */
  readonly publishedIndex?: Digest;
}

/** An engine, as far as a plan needs to know it. */
export interface EngineFacts {
  readonly address: string;
  readonly platforms: readonly Platform[];
  readonly nativePlatforms: readonly Platform[];
}

/** Where a node is built. */
export interface EngineAssignment {
  readonly address: string;
  /** The platform that `$BUILDPLATFORM` names. */
  readonly buildPlatform: Platform;
  /** `verify`: certain only when the engine has made the graph; it is then looked at before a step runs. */
  readonly emulation: "none" | "used" | "verify";
}

/** One package on one platform. */
export interface PlanNode {
  readonly package: string;
  readonly platform: PlatformText;
  /** `name:tag-arch`, canonical. */
  readonly reference: string;
  readonly state: NodeState;
  readonly action: NodeAction;
  readonly why: string;
  /** The image that exists, where one does. */
  readonly image?: Descriptor;
  /** Set for nodes that are built, once engines are known. */
  readonly engine?: EngineAssignment;
}

/** What will be done, and why: frozen data, made without touching an engine. */
export interface Plan {
  readonly verb: PlanVerb;
  readonly packages: readonly PlannedPackage[];
}

/** One package of a plan. */
export interface PlannedPackage {
  readonly name: string;
  readonly directory: string;
  readonly reference: string;
  readonly tag: string;
  /** The index that lies in the registry under `reference`. */
  readonly publishedIndex?: Digest;
  readonly nodes: readonly PlanNode[];
}

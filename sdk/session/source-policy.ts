import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Abortable } from "../core/abort.ts";
import type { Platform } from "../core/platform.ts";
import type { ResolveSourceMetaResponse } from "../proto/gen/gateway_pb.js";
import {
  type CheckPolicyRequest,
  type CheckPolicyResponseSchema,
  PolicyVerifier,
} from "../proto/gen/policysession_pb.js";
import { PolicyAction } from "../proto/gen/sourcepolicy_pb.js";
import { StatusError } from "../wire/status.ts";
import { callBack } from "./callback-failure.ts";
import type { SessionService } from "./service.ts";
import { unaryMethod } from "./unary-method.ts";

/** A source as a graph names it, such as `docker-image://docker.io/library/alpine:latest` or `local://context`. */
export interface PolicySource {
  readonly identifier: string;
  /** Attributes as BuildKit names them. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A source that a build is about to use. */
export interface SourceQuestion extends PolicySource {
  /** What it is for, where the engine says so. */
  readonly platform?: Platform;
  /** The digest of the image or download, or the git commit: only after the answer `resolve`. */
  readonly digest?: string;
}

/**
 * `allow`; `resolve`, to be asked again with the digest of an image, a download or a git repository; or that the source is
 * denied and why; or another one in its place, which is asked for in turn.
 */
export type SourceDecision = "allow" | "resolve" | { readonly deny: string } | { readonly use: PolicySource };

/** Decides on a source. */
export type SourcePolicy = (source: SourceQuestion, options: Abortable) => SourceDecision | Promise<SourceDecision>;

/**
 * Has a say on each source before a build uses it, whatever frontend or base image brought it in; in a job with
 * `sourcePolicy: true`. A source that is denied fails the build with a BuildError `BUILD_SOURCE_DENIED`; a policy that
 * fails, with its own error if that is one of kitsmith's, else as the cause of a BuildError `BUILD_CALLBACK_FAILED`. An
 * engine asks at most ten times for one source.
 *
 * @example Images only from one registry
 * ```ts
 * const policy = createSourcePolicyService(({ identifier }) =>
 *   !identifier.startsWith("docker-image://") || identifier.startsWith("docker-image://registry.example/")
 *     ? "allow"
 *     : { deny: "images come from registry.example" },
 * );
 * await using job = await engine.openJob({ exporters: [], services: [policy], sourcePolicy: true, sharedKey: "" });
 * ```
 */
export function createSourcePolicyService(decide: SourcePolicy): SessionService {
  return {
    methods: unaryMethod(PolicyVerifier.method.checkPolicy, async (request, { signal }) => {
      const source = request.Source?.Source;
      if (source === undefined) throw new StatusError("INVALID_ARGUMENT", "the question names no source");
      const question = { identifier: source.identifier, attributes: source.attrs, ...contextOf(request) };
      return await callBack(signal, `the policy for ${source.identifier} failed`, async () =>
        answerOf(await decide(question, { signal }), request),
      );
    }),
  };
}

function contextOf({ Platform: platform, Source }: CheckPolicyRequest): Pick<SourceQuestion, "platform" | "digest"> {
  const digest = digestOf(Source);
  const { OS: os = "", Architecture: architecture = "", Variant: variant = "" } = platform ?? {};
  return {
    ...(os === "" ? {} : { platform: { os, architecture, ...(variant === "" ? {} : { variant }) } }),
    ...(digest === "" ? {} : { digest }),
  };
}

function digestOf(source: ResolveSourceMetaResponse | undefined): string {
  const { Image, HTTP, Git } = source ?? {};
  // An annotated tag has a checksum of its own beside that of its commit.
  return Image?.Digest || HTTP?.Checksum || Git?.CommitChecksum || Git?.Checksum || "";
}

function answerOf(
  decision: SourceDecision,
  { Source, Platform }: CheckPolicyRequest,
): MessageInitShape<typeof CheckPolicyResponseSchema> {
  if (decision === "resolve") {
    const request = { Source: Source?.Source, Platform, Image: { NoConfig: true } };
    return { result: { case: "request", value: request } };
  }
  return { result: { case: "decision", value: decisionOf(decision) } };
}

function decisionOf(decision: Exclude<SourceDecision, "resolve">) {
  if (decision === "allow") return { action: PolicyAction.ALLOW };
  if ("deny" in decision) return { action: PolicyAction.DENY, denyMessages: [{ message: decision.deny }] };
  const { identifier, attributes } = decision.use;
  return { action: PolicyAction.CONVERT, update: { identifier, attrs: { ...attributes } } };
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { formatPlatform } from "../../core/platform.ts";
import { type SolveRequest, SolveRequestSchema } from "../../proto/gen/control_pb.js";
import type { DefinitionSchema } from "../../proto/gen/ops_pb.js";
import type { CacheExportOptions, JobOptions } from "../engine.ts";
import { encodeDefinition } from "./definition-message.ts";

/** What a plain build is made of: a frontend's name and options, or a graph. */
export interface PlainBuild {
  readonly Frontend?: string;
  readonly FrontendAttrs?: Record<string, string>;
  readonly FrontendInputs?: Record<string, MessageInitShape<typeof DefinitionSchema>>;
  readonly Definition?: MessageInitShape<typeof DefinitionSchema>;
  /** The session that decides on sources. */
  readonly SourcePolicySession?: string;
}

/** A build that the daemon makes by itself, without outputs. */
export function encodePlainBuild(ref: string, session: string, build: PlainBuild): SolveRequest {
  return create(SolveRequestSchema, { Ref: ref, Session: session, Cache: {}, ...build });
}

/** A build of a graph without outputs but caches. */
export function encodeCacheExport(ref: string, session: string, options: CacheExportOptions): SolveRequest {
  const { definition, cacheExports, entitlements = [] } = options;
  const Exports = cacheExports.map(({ type, attributes }) => ({ Type: type, Attrs: { ...attributes } }));
  return create(SolveRequestSchema, {
    ...{ Ref: ref, Session: session, Definition: encodeDefinition(definition), Cache: { Exports } },
    Entitlements: [...entitlements],
  });
}

/** A build that is directed by the client: no definition, no frontend; the outputs are known from the start. */
export function encodeJob(ref: string, session: string, options: JobOptions): SolveRequest {
  const entry = ({ type, attributes }: { type: string; attributes: Readonly<Record<string, string>> }) => ({
    Type: type,
    Attrs: { ...attributes },
  });
  const exporters = options.exporters.map(entry);
  const [first] = exporters;
  return create(SolveRequestSchema, {
    Ref: ref,
    Session: session,
    Exporters: exporters,
    // Daemons before 0.13 know only these.
    ...(first === undefined ? {} : { ExporterDeprecated: first.Type, ExporterAttrsDeprecated: first.Attrs }),
    EnableSessionExporter: options.sessionExporters ?? false,
    SourcePolicySession: options.sourcePolicy ? session : "",
    FrontendAttrs: {
      ...(options.platforms === undefined ? {} : { platform: options.platforms.map(formatPlatform).join(",") }),
      ...options.attest,
    },
    Entitlements: [...(options.entitlements ?? [])],
    Cache: { Exports: (options.cacheExports ?? []).map(entry) },
  });
}

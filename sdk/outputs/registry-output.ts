import type { Platform } from "../core/platform.ts";
import { readAttestedImage } from "../oci/model/attested-image.ts";
import type { ContentReader } from "../oci/model/content.ts";
import type { BuildOutput } from "./build-output.ts";
import { exportedDescriptor } from "./exported-descriptor.ts";
import { type ImageSettings, imageAttributes } from "./image-attributes.ts";

/** How an engine pushes. */
export interface RegistryOutputOptions {
  /** Plain http, or a certificate that nobody vouches for. */
  readonly insecure: boolean;
  /** Reads what was pushed: an engine that attested something, or made several platforms at once, answers with an index. */
  readonly reader: ContentReader;
  /** Whose image it is. */
  readonly platform: Platform;
}

/** Pushes from the engine straight to the registry, by digest: no tag moves. */
export function registryOutput(
  settings: ImageSettings,
  { insecure, reader, platform }: RegistryOutputOptions,
): BuildOutput {
  return {
    exporter: {
      type: "image",
      attributes: {
        ...imageAttributes(settings),
        push: "true",
        "push-by-digest": "true",
        // The engine's own image store would only keep a second, nameless copy.
        store: "false",
        ...(insecure ? { "registry.insecure": "true" } : {}),
      },
    },
    mounts: true,
    complete: async (exported) => await readAttestedImage(reader, exportedDescriptor(exported), { platform }),
  };
}

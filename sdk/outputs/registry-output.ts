import { readAttestedImage } from "../oci/model/attested-image.ts";
import type { ContentReader } from "../oci/model/content.ts";
import type { BuildOutput } from "./build-output.ts";
import { exportedDescriptor } from "./exported-descriptor.ts";
import { type ImageSettings, imageAttributes } from "./image-attributes.ts";

/** How an engine pushes. */
export interface RegistryOutputOptions {
  /** Plain http, or a certificate that nobody vouches for. */
  readonly insecure: boolean;
  /** Reads what was pushed: an engine that attested something answers with an index. */
  readonly reader: ContentReader;
}

/** Pushes from the engine straight to the registry, by digest: no tag moves. */
export function registryOutput(settings: ImageSettings, { insecure, reader }: RegistryOutputOptions): BuildOutput {
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
    complete: async (exported) => await readAttestedImage(reader, exportedDescriptor(exported)),
  };
}

import { ProtocolError } from "../core/errors.ts";
import type { ExportResult } from "../engine/engine.ts";
import { type Descriptor, parseDescriptor } from "../oci/model/descriptor.ts";

const KEY = "containerimage.descriptor";

/**
 * The descriptor that an image exporter answered with.
 *
 * @throws ProtocolError `WIRE_FRAME_INVALID` if there is none, or it is not a descriptor
 */
export function exportedDescriptor({ response }: ExportResult): Descriptor {
  const encoded = response[KEY];
  if (encoded === undefined) throw new ProtocolError("WIRE_FRAME_INVALID", `the engine's exporter gave no ${KEY}`);
  try {
    return parseDescriptor(JSON.parse(Buffer.from(encoded, "base64").toString("utf8")), `the engine's ${KEY}`);
  } catch (cause) {
    throw new ProtocolError("WIRE_FRAME_INVALID", `the engine's ${KEY} is not a descriptor`, { cause });
  }
}

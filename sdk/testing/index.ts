/**
 * Tests of packages as programs: open what was built and look into it, and a registry to publish to.
 *
 * @module
 */

export type { FileExpectation, Image, ImageEntry, ImageExecOptions } from "../image/image.ts";
export type { ImageConfig, RunConfig } from "../oci/model/image-config.ts";
export { openImage } from "./open-image.ts";
export { type RegistryAuth, type RegistryOptions, type RunningRegistry, startRegistry } from "./registry.ts";

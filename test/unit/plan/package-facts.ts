import { digestOf } from "../../../sdk/core/digest.ts";
import { parsePlatform } from "../../../sdk/core/platform.ts";
import { createPackage } from "../../../sdk/pkg/create-package.ts";
import type { PackageFacts, PlatformFacts, StoredImage } from "../../../sdk/plan/plan.ts";

/** An image that is stored somewhere. */
export function storedImage(content: string, inputs?: string): StoredImage {
  const descriptor = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    size: content.length,
    digest: digestOf(content),
  };
  return { descriptor, ...(inputs === undefined ? {} : { inputs }) };
}

/** Facts of one platform; nothing exists unless it is said. */
export function platformFacts(platform: string, found: Partial<PlatformFacts> = {}): PlatformFacts {
  return { platform: parsePlatform(platform), registry: { kind: "absent" }, ...found };
}

/** Facts of a package in git, clean, that exists nowhere. */
export function packageFacts(platforms: readonly PlatformFacts[], found: Partial<PackageFacts> = {}): PackageFacts {
  return {
    package: createPackage({ directory: "/src/init", org: "acme", image: "init" }),
    name: "acme/init",
    tag: "abc",
    reference: "docker.io/acme/init:abc",
    dirty: false,
    hashed: true,
    platforms,
    ...found,
  };
}

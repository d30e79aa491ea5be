import type { Destination } from "./destination.ts";

/** What is pushed stays in the OCI cache, too, under the names that a build gives it. */
export function keepingImages(pushed: Destination, cached: Destination): Destination {
  return {
    ...pushed,
    output: cached.output,
    publish: async (planned, images) => {
      if (images.length > 0) await cached.publish(planned, images);
      return await pushed.publish(planned, images);
    },
  };
}

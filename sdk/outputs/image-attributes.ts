/**
 * Attributes that every image exporter gets. They are the same for the cache and for registries, so that one build
 * has one digest wherever it goes.
 */
export function imageAttributes(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return {
    "oci-mediatypes": "true",
    ...Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`annotation.${key}`, value])),
  };
}

import { parseAnnotationKey } from "../oci/model/annotation-key.ts";

/** Annotations whose keys say where they belong. @throws InputError `INPUT_OPTION_INVALID` for a place that there is not */
export function checkedAnnotations(
  annotations: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  for (const key of Object.keys(annotations)) parseAnnotationKey(key);
  return { ...annotations };
}

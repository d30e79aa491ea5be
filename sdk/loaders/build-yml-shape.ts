import { CONFIG_SHAPE } from "../pkg/config-shape.ts";
import { boolean, given, listOf, type RecordShape, record, text } from "../pkg/record.ts";

const texts = listOf(text);

/**
 * What a build.yml may hold.
 *
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3a11fc20b459195294a7d8980cbca4195b/docs/packages.md
 */
export const BUILD_YML_SHAPE: RecordShape = record(
  given("image", text),
  given("org", text),
  given("tag", text),
  given("dockerfile", text),
  given("arches", texts),
  given("extra-sources", texts),
  given("gitrepo", text),
  given("network", boolean),
  given("disable-cache", boolean),
  given("config", CONFIG_SHAPE),
  given("buildArgs", texts),
  given(
    "depends",
    record(
      given(
        "docker-images",
        record(given("target-dir", text), given("target", text), given("from-file", text), given("list", texts)),
      ),
    ),
  ),
);

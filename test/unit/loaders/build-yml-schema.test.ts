import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { BUILD_YML_SHAPE } from "../../../sdk/loaders/build-yml-shape.ts";

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), "utf8");
const schema: {
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, { readonly description?: string }>>;
} = JSON.parse(read("schemas/build-yml.json"));

test("editors get every key of build.yml, and what it is for", () => {
  expect(Object.keys(schema.properties)).toEqual(BUILD_YML_SHAPE.members.map(({ yamlKey }) => yamlKey));
  expect(Object.values(schema.properties).filter(({ description }) => !description)).toEqual([]);
  expect(schema.required).toEqual(["image"]);
});

test("the package holds the schema, and the template points at it", () => {
  const { name, files }: { readonly name: string; readonly files: readonly string[] } = JSON.parse(
    read("package.json"),
  );
  const [comment = ""] = read("templates/linuxkit-package/build.yml").split("\n");
  const [folder = ""] = comment
    .replace(/^.*node_modules\//, "")
    .replace(`${name}/`, "")
    .split("/");
  expect(comment).toBe("# yaml-language-server: $schema=./node_modules/kitsmith/schemas/build-yml.json");
  expect(files).toContain(folder);
});

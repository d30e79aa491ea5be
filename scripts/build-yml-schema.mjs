// A JSON Schema of build.yml for editors, from the shape that the loader's own schema is made of.

const DESCRIPTIONS = {
  image: "Name of the image; the only field that must be there.",
  org: "Organisation before the image's name, with a registry's host if it is not Docker Hub. Default linuxkit.",
  tag: "Template of the tag, in Go's template language. Default {{.Hash}}, the hash of the package's tree in git.",
  dockerfile: "Dockerfile, relative to the package's directory. Default Dockerfile.",
  arches: "Architectures that the package is built for, as Go calls them. Default amd64, arm64 and riscv64.",
  "extra-sources":
    "Directories of the repository to add to the build context, as source:destination; their trees count for the tag.",
  gitrepo: "Repository that is named as the image's source.",
  network: "Whether build steps have a network. Default false.",
  "disable-cache": "Run every build step again. Default false.",
  config: "How LinuxKit runs the image; goes into the label org.mobyproject.config.",
  buildArgs:
    "Build arguments, NAME=VALUE. @lkt:pkg:PATH stands for another package's reference, @lkt:pkgs:GLOB for those of several.",
  depends: "What the build needs besides.",
};
const SCALARS = {
  text: { type: ["string", "number", "boolean", "null"] },
  boolean: {
    enum: [
      true,
      false,
      "yes",
      "Yes",
      "YES",
      "y",
      "Y",
      "on",
      "On",
      "ON",
      "no",
      "No",
      "NO",
      "n",
      "N",
      "off",
      "Off",
      "OFF",
      null,
    ],
  },
  "number-or-text": { type: ["string", "number", "null"] },
};

/** The schema as text, ready to be written. */
export function buildYmlSchema(shape) {
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "build.yml of a LinuxKit package",
    ...schemaOf(shape, DESCRIPTIONS),
    required: ["image"],
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

function schemaOf(shape, descriptions = {}) {
  if (shape.kind === "list") return { type: ["array", "null"], items: schemaOf(shape.of) };
  if (shape.kind === "map") return { type: ["object", "null"], additionalProperties: schemaOf(shape.of) };
  if (shape.kind === "record") return recordSchema(shape, descriptions);
  if (shape.kind === "integer") {
    const isSafe = shape.max <= BigInt(Number.MAX_SAFE_INTEGER);
    return { type: ["integer", "null"], ...(isSafe ? { minimum: Number(shape.min), maximum: Number(shape.max) } : {}) };
  }
  return SCALARS[shape.kind];
}

function recordSchema({ members }, descriptions) {
  const properties = members.map(({ yamlKey, shape }) => [
    yamlKey,
    { ...(descriptions[yamlKey] ? { description: descriptions[yamlKey] } : {}), ...schemaOf(shape) },
  ]);
  return { type: ["object", "null"], additionalProperties: false, properties: Object.fromEntries(properties) };
}

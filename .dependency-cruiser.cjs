// The import table stands in scripts/layers.json; docs/layers.md is made from it.
const layers = require("./scripts/layers.json");

const pathOf = (layer) => `^sdk/${layer.path}`;
const effectsAndPure = layers.filter((layer) => layer.ring !== "root").map((layer) => layer.name);
const isCore = (layer) => layer.name === "core";

/** Earlier layers win where two paths match: `progress/reducer` lies in the folder of the renderers. */
const earlierPaths = (layer) =>
  layers
    .slice(0, layers.indexOf(layer))
    .filter((other) => other.path.startsWith(layer.path) && other !== layer)
    .map(pathOf);

function names(layer, types) {
  const listed = types ? [...layer.imports, ...(layer.typeImports ?? [])] : layer.imports;
  const expanded = listed.flatMap((name) => (name === "*" ? effectsAndPure : [name]));
  return layers.filter((other) => isCore(other) || other === layer || expanded.includes(other.name));
}

function importRule(layer, types) {
  return {
    name: `${layer.name} imports ${types ? "types " : ""}only what the table allows`,
    severity: "error",
    from: { path: pathOf(layer), ...(earlierPaths(layer).length > 0 ? { pathNot: earlierPaths(layer) } : {}) },
    to: {
      path: "^sdk/",
      pathNot: names(layer, types).map(pathOf),
      ...(types ? { dependencyTypes: ["type-only"] } : { dependencyTypesNot: ["type-only"] }),
    },
  };
}

const purePaths = layers.filter((layer) => layer.ring === "pure").map(pathOf);
const pureBuiltins = "^(?:node:)?(?:buffer|crypto|path|path/posix|url|util)$";
/** They take a pure function from a module that also does I/O: `isIP` of node:net. */
const onlyPureFunctions = ["^sdk/llb/exec/process-argument\\.ts"];
const homes = [
  ["@grpc/grpc-js", ["^sdk/wire/"]],
  ["@bufbuild/protobuf", ["^sdk/proto/", "^sdk/(?:llb|wire|session|engine)/", "^test/"]],
  ["execa", ["^sdk/(?:git|engine|credentials|outputs)/", "^test/"]],
  ["smol-toml", ["^sdk/engine/"]],
  ["tar-stream", ["^sdk/(?:oci/layout|outputs|image|testing|engine)/", "^test/"]],
  ["yaml", ["^sdk/loaders/", "^test/"]],
  ["zod", ["^sdk/loaders/", "^test/"]],
];

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...layers.flatMap((layer) => [importRule(layer, false), importRule(layer, true)]),
    {
      name: "no cycles",
      severity: "error",
      from: { path: "^sdk/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "pure modules do no input or output",
      severity: "error",
      from: { path: purePaths, pathNot: ["^sdk/proto/generate", ...onlyPureFunctions] },
      to: { dependencyTypes: ["core"], pathNot: pureBuiltins },
    },
    {
      name: "sdk imports nothing of the project from outside of sdk",
      severity: "error",
      from: { path: "^sdk/" },
      to: { path: "^(?:test|pipelines|examples|templates|bench|scripts)/" },
    },
    {
      name: "users' scripts import the public API by the package's name",
      severity: "error",
      from: { path: "^(?:pipelines|examples|templates)/" },
      to: { path: "^sdk/", dependencyTypes: ["local"] },
    },
    { name: "every import is found", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "sdk needs no development dependency",
      severity: "error",
      from: { path: "^sdk/", pathNot: ["^sdk/proto/generate"] },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    ...homes.map(([dependency, paths]) => ({
      name: `${dependency} has its home modules`,
      severity: "error",
      from: { path: "^(?:sdk|test)/", pathNot: paths },
      to: { path: `node_modules/${dependency}/`, dependencyTypesNot: ["type-only"] },
    })),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: ["^dist/", "^docs/"] },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["kitsmith-source", "import", "node", "default", "types"],
      extensions: [".ts", ".js", ".mjs", ".cjs", ".d.ts"],
    },
  },
};

// Makes one graph with what `npm run build` built, marshals it, and prints what that took as JSON.
import { createHash } from "node:crypto";
import { llb, marshal, withoutCallSites } from "kitsmith/llb";

const [shape, count, capture] = process.argv.slice(2);
const SHAPES = { merged, chain, diamonds, recipe };
const RECIPE_RUNS = 200;

const before = process.cpuUsage();
const definition = make(SHAPES[shape], Number(count));
const { user, system } = process.cpuUsage(before);
const hash = createHash("sha256");
for (const op of definition.ops) hash.update(op);
console.log(
  JSON.stringify({
    cpuMs: (user + system) / 1000 / (shape === "recipe" ? RECIPE_RUNS : 1),
    memoryBytes: process.resourceUsage().maxRSS * 1024,
    digest: hash.digest("hex"),
  }),
);

function make(graph, size) {
  const build = () => marshal(graph(size), { platform: "linux/amd64" });
  return capture === "sites" ? build() : withoutCallSites(build);
}

function step(state, name) {
  return state.run(["/bin/echo", name]);
}

function merged(size) {
  const base = llb.image("alpine");
  return llb.merge(Array.from({ length: size }, (_, index) => step(base, String(index))));
}

function chain(size) {
  let state = llb.image("alpine");
  for (let index = 0; index < size; index++) state = step(state, String(index));
  return state;
}

function diamonds(size) {
  let state = llb.image("alpine");
  for (let index = 0; index < Math.floor(size / 3); index++) {
    state = llb.merge([step(state, `left${index}`), step(state, `right${index}`)]);
  }
  return state;
}

/** Short graphs, many times over: what most people have. */
function recipe(size) {
  for (let run = 1; run < RECIPE_RUNS; run++) marshal(chain(size), { platform: "linux/amd64" });
  return chain(size);
}

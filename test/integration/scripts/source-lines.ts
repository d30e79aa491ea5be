import { llb, pkg, type Recipe } from "kitsmith";

/** Prints the lines that the steps of a recipe were written on, which no engine is asked for. */
interface Options {
  readonly says: string;
}

const options: Options = { says: "oops" };
const recipe: Recipe = ({ context }) => llb.scratch().copy(context("."), "/bin").run(`echo ${options.says}; exit 7`);

const agent = pkg({ directory: import.meta.dirname, org: "acme", image: "agent", recipe }).hash({ hash: "x" });
const { source } = await agent.toLLB("linux/amd64");
const places = [...(source?.locations.values() ?? [])].flat();
console.log(
  JSON.stringify(
    places.map(({ fileIndex, ranges }) => [source?.files[fileIndex]?.filename, ranges[0]?.start.line] as const),
  ),
);

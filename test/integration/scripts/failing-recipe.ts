import { type EngineChoice, isKitsmithError, llb, pkg } from "kitsmith";

/** A user's script, told where the package lies, which engine builds and where the cache is. */
const [directory = "", engineText = "", cacheDirectory = "", base = ""] = process.argv.slice(2);
const engine: EngineChoice = JSON.parse(engineText);

interface Options {
  readonly says: string;
}

// Types and comments that vanish would shift the lines, were they not mapped.
const options: Options = { says: "oops" };

const agent = pkg({
  directory,
  org: "acme",
  image: "agent",
  platforms: [process.arch === "arm64" ? "linux/arm64" : "linux/amd64"],
  recipe: ({ context }) => {
    // Without a base image the shell comes with the package.
    const shell = base === "" ? llb.scratch().copy(context("."), "/bin") : llb.image(base);
    return shell.run("true").run(`echo ${options.says}; exit 7`).run("never");
  },
}).engines(engine);

try {
  await agent.build({ cacheDirectory });
} catch (error) {
  const cause = isKitsmithError(error) ? error.cause : error;
  if (!isKitsmithError(cause)) throw cause;
  const { code, location, details } = cause;
  console.log(JSON.stringify({ code, location, source: details.source }));
}

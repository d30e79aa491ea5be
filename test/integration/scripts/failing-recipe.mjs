import { llb, pkg } from "kitsmith";

const [directory, engine, cacheDirectory] = process.argv.slice(2);

const agent = pkg({
  directory,
  org: "acme",
  image: "agent",
  platforms: [process.arch === "arm64" ? "linux/arm64" : "linux/amd64"],
  recipe: ({ context }) => llb.scratch().copy(context("."), "/bin").run("true").run("echo oops; exit 7"),
}).engines(JSON.parse(engine));

try {
  await agent.build({ cacheDirectory });
} catch ({ cause }) {
  console.log(JSON.stringify({ code: cause.code, location: cause.location, source: cause.details.source }));
}

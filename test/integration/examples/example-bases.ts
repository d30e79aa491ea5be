import { execa } from "execa";
import { type EngineChoice, llb, pkg } from "kitsmith";
import { createRepository } from "../package-repository.ts";
import { sshFiles } from "../ssh-fixture.ts";

/** What the images are made on, and where they go. */
export interface ExampleBases {
  readonly registry: string;
  readonly engine: EngineChoice;
  readonly cacheDirectory: string;
  /** An image with a shell. */
  readonly base: string;
}

/** What a compiler of static programs needs of Go's own directory. */
const TOOLS = ["asm", "compile", "link"].map((tool) => `pkg/tool/*/${tool}`);
const GO_FILES = ["VERSION", "go.env", "bin/go", "pkg/include", ...TOOLS, "src"];
const GO_LEFT_OUT = ["src/cmd", "**/testdata", "**/*_test.go"];

/** Publishes an image with the machine's own Go; gives its reference. */
export async function publishGoImage({ registry, engine, cacheDirectory, base }: ExampleBases): Promise<string> {
  const { stdout } = await execa("go", ["env", "GOROOT", "GOVERSION", "GOARCH"]);
  const [root = "", version = "", architecture = ""] = stdout.split("\n");
  const image = pkg({
    ...{ directory: root, org: `${registry}/examples`, image: "go", hash: { hash: version } },
    recipe: ({ context }) =>
      llb
        .image(base)
        .copy(context(".", { include: GO_FILES, exclude: GO_LEFT_OUT }), "/usr/local/go")
        .env("PATH", "/usr/local/go/bin:/bin"),
  });
  const platform = architecture === "arm64" ? "linux/arm64" : "linux/amd64";
  return (await image.platforms(platform).engines(engine).push({ cacheDirectory })).reference;
}

/** Publishes an image with OpenSSH's client; gives its reference. */
export async function publishSshImage({ registry, engine, cacheDirectory, base }: ExampleBases): Promise<string> {
  await using files = await createRepository(await sshFiles("ssh/root", ["ssh-add"]));
  const image = pkg({
    ...{ directory: `${files.directory}/ssh`, org: `${registry}/examples`, image: "ssh", hash: { hash: "ssh" } },
    recipe: ({ context }) => llb.image(base).copy(context("root"), "/"),
  });
  return (await image.platforms("linux/amd64").engines(engine).push({ cacheDirectory })).reference;
}

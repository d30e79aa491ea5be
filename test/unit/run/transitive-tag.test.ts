import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { llb } from "../../../sdk/llb/index.ts";
import { transitive } from "../../../sdk/pkg/transitive-tag.ts";
import type { FluentPackage } from "../../../sdk/run/facade/fluent-package.ts";
import { pkg } from "../../../sdk/run/facade/pkg.ts";
import { fromValue } from "../../../sdk/run/facade/secret-source.ts";
import { createRepository, type PackageRepository } from "../../integration/package-repository.ts";

let repository: PackageRepository;

beforeAll(async () => {
  repository = await createRepository({
    "base/build.yml": "image: base\norg: acme\narches: [amd64, arm64]\n",
    "base/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n",
    "agent/build.yml":
      'image: agent\norg: acme\narches: [amd64, arm64]\nbuildArgs: ["MODE=fast", "BASE=@lkt:pkg:../base"]\n',
    "agent/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n",
    "code/file": "text\n",
    "tools/Dockerfile": "FROM scratch\n",
  });
});
afterAll(async () => {
  await repository?.[Symbol.asyncDispose]();
});

const at = (path: string): string => join(repository.directory, path);
const code = (image: string, use: () => FluentPackage): FluentPackage =>
  pkg({
    directory: at("code"),
    org: "acme",
    image,
    platforms: ["linux/amd64", "linux/arm64"],
    recipe: ({ platform }) => llb.from(use()).run(["make", platform.architecture]),
  });

describe("a transitive tag", () => {
  test("covers build arguments, what they resolve to, contexts and settings", async () => {
    const agent = pkg(at("agent")).tag(transitive());
    const tags = await Promise.all(
      [
        pkg(at("agent")),
        agent,
        agent.buildArgs({ CHANNEL: "stable" }),
        agent.buildArgs({ CHANNEL: "edge" }),
        agent.target("small"),
        agent.contexts({ base: pkg(at("base")) }),
        agent.contexts({ base: pkg(at("base")).org("other") }),
        agent.attest({ provenance: "max" }),
      ].map((one) => one.tag()),
    );
    expect(new Set(tags).size).toBe(tags.length);
    expect(await agent.tag()).toBe(tags[1]);
    expect(
      await agent
        .platforms("linux/amd64")
        .secrets({ TOKEN: fromValue("x") })
        .tag(),
    ).toBe(tags[1]);
    expect(await agent.tag(transitive("v-{{.Hash}}")).tag()).toMatch(/^acme\/agent:v-[0-9a-f]{40}$/);
    expect(await agent.tag("{{.Hash}}").tag()).toBe(tags[0]);
  });

  test("covers the packages that a recipe uses, and what their tags do not cover", async () => {
    const bases = [pkg(at("base")), pkg(at("base")).buildArgs({ A: "1" }), pkg(at("base")).tag(transitive())];
    const tags = await Promise.all(
      bases.map((base) =>
        code("composed", () => base)
          .tag(transitive())
          .tag(),
      ),
    );
    expect(new Set(tags).size).toBe(3);
    const plain = await Promise.all(bases.map((base) => code("composed", () => base).tag()));
    expect(new Set(plain).size).toBe(1);
  });
});

describe("explainTag", () => {
  test("lists what the tag is made from, and what it does not cover", async () => {
    const {
      tag,
      transitive: isTransitive,
      inputs,
      reference,
    } = await pkg(at("agent"))
      .buildArgs({ CHANNEL: "stable" })
      .secrets({ TOKEN: fromValue("geheim") })
      .explainTag();
    expect(isTransitive).toBe(false);
    expect(reference).toBe(`acme/agent:${tag}`);
    expect(inputs.map(({ kind, name, inTag }) => [kind, name, inTag])).toEqual([
      ["buildArg", "BASE", false],
      ["buildArg", "CHANNEL", false],
      ["buildArg", "MODE", true],
      ["tree", ".", true],
    ]);
    expect(inputs.find(({ name }) => name === "BASE")?.value).toBe(await pkg(at("base")).tag());
    expect(JSON.stringify(inputs)).not.toContain("geheim");
  });

  test("tells a recipe's graph for each platform, its packages and the directories that it hands on", async () => {
    const composed = pkg({
      directory: at("code"),
      org: "acme",
      image: "composed",
      platforms: ["linux/amd64", "linux/arm64"],
      recipe: ({ platform }) =>
        llb
          .from(pkg(at("base")), { platform: "linux/amd64" })
          .copy(llb.dockerfile("../tools"), "/tools")
          .run(["make", platform.architecture]),
    }).tag(transitive());
    const { inputs } = await composed.explainTag();
    expect(inputs.map(({ kind, name, platform, inTag }) => [kind, name, platform, inTag])).toEqual([
      ["dependency", "docker.io/acme/base linux/amd64", undefined, true],
      ["directory", "../tools", undefined, true],
      ["recipe", "recipe", "linux/amd64", true],
      ["recipe", "recipe", "linux/arm64", true],
      ["tree", ".", undefined, true],
    ]);
    const before = await composed.tag();
    await repository.write("tools/Dockerfile", "FROM scratch\nENV A=1\n");
    expect(await composed.tag()).not.toBe(before);
  });
});

describe("packages that use each other in a circle", () => {
  const circle = (): FluentPackage => {
    const first: FluentPackage = code("first", () => second);
    const second: FluentPackage = code("second", () => third);
    const third: FluentPackage = code("third", () => first);
    return first;
  };

  test.each([
    ["by default", () => circle()],
    ["with transitive tags", () => circle().tag(transitive())],
  ])("are refused with their names and the line, %s", async (_, make) => {
    await expect(make().explainTag()).rejects.toMatchObject({
      code: "PLAN_CYCLE",
      details: { packages: ["acme/first", "acme/second", "acme/third", "acme/first"] },
      location: { file: import.meta.filename },
    });
  });
});

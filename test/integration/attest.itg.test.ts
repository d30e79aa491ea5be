import { readFile } from "node:fs/promises";
import { execa } from "execa";
import { type EngineChoice, engines, type FluentPackage, llb } from "kitsmith";
import { jobOutputs, localOutput } from "kitsmith/engine";
import { beforeAll, describe, expect, inject, test } from "vitest";
import type { BuildStep } from "../../sdk/lower/build-step.ts";
import { lowerStep } from "../../sdk/lower/lowering.ts";
import { createPackage } from "../../sdk/pkg/create-package.ts";
import { withSettings } from "../../sdk/pkg/settings.ts";
import { withOwnScan } from "../../sdk/run/build/sbom-scan.ts";
import { testTools } from "../engines/test-tools.ts";
import { manifestOf, statementsOf } from "./attestations.ts";
import { connectShared, openTestJob } from "./engine-fixture.ts";
import { useRunBench } from "./run-bench.ts";
import { createScratch, failureOf, startedNodes } from "./run-fixture.ts";
import { publishScanner, SCANNED_NAME } from "./scanner-image.ts";

const registry = inject("registryHost");
const { buildx, skopeo } = testTools();
const SPDX = "https://spdx.dev/Document";
const SLSA = "https://slsa.dev/provenance/v1";
const FILES = {
  "p/build.yml": "image: p\norg: acme\narches: [amd64, arm64]\n",
  "p/Dockerfile": "FROM scratch\nCOPY greeting /\n",
  "p/greeting": "hello\n",
};
const KINDS: readonly (readonly [string, EngineChoice])[] = [
  ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
];

async function inspect<T>(reference: string, template: string): Promise<T> {
  const { stdout } = await execa(buildx, ["imagetools", "inspect", reference, "--format", template]);
  return JSON.parse(stdout);
}

describe("bills of materials", () => {
  const bench = useRunBench("attest-sbom");
  let scanner: string;
  const open = async (): Promise<FluentPackage> => (await bench.open(FILES)).attest({ sbom: { scanner } });

  beforeAll(async () => {
    await using scratch = await createScratch();
    const engine = engines.buildkit(inject("buildkitAddress"));
    scanner = await publishScanner(registry, engine, scratch.directory);
  });

  test("lie with the provenance beside each image in the index, and are about that image", async () => {
    const attested = (await bench.open(FILES)).attest({
      sbom: { scanner, parameters: { WORD: "one, two" } },
      provenance: "max",
    });
    const pushed = await attested.push(bench.options());
    const { manifests } = await manifestOf(pushed.reference);
    expect(manifests.map(({ platform }) => platform?.architecture)).toEqual(["amd64", "unknown", "arm64", "unknown"]);
    for (const { digest } of Object.values(pushed.images)) {
      const statements = await statementsOf(pushed.reference, digest);
      expect(statements.map(({ predicateType }) => predicateType).sort()).toEqual([SLSA, SPDX]);
      for (const { subject } of statements) {
        expect(subject.map((entry) => `sha256:${entry.digest.sha256}`)).toEqual([digest]);
        expect(subject[0]?.name).toContain(`${bench.org}/p`);
      }
      expect(statements.find(({ predicateType }) => predicateType === SPDX)?.predicate).toMatchObject({
        name: SCANNED_NAME,
        comment: "one, two",
        files: [{ fileName: "/greeting", comment: expect.stringContaining("layerID: sha256:") }],
      });
    }
    // What lies under the tag of one architecture is the image alone.
    expect(await manifestOf(`${pushed.reference}-amd64`)).not.toHaveProperty("manifests");
    expect(await inspect(pushed.reference, "{{json .SBOM}}")).toMatchObject({
      "linux/amd64": { SPDX: { name: SCANNED_NAME } },
      "linux/arm64": { SPDX: { name: SCANNED_NAME } },
    });
  });

  test("are in the cache, too: other readers take it, an upload brings them along, a pull brings them back", async () => {
    const attested = await open();
    const built = await attested.build(bench.options());
    const { stdout } = await execa(skopeo, ["inspect", "--raw", `oci:${bench.cacheDirectory}:${built.reference}`]);
    expect(JSON.parse(stdout).manifests).toHaveLength(4);

    const uploaded = await attested.push(bench.options());
    expect(uploaded.digest).toBe(built.digest);
    expect(await statementsOf(uploaded.reference, built.images["linux/arm64"]?.digest ?? "")).toHaveLength(1);

    const other = { cacheDirectory: `${bench.directory}/other-cache` };
    const pulled = await attested.build(other);
    expect(pulled.images["linux/amd64"]?.outcome).toBe("pulled");
    expect(pulled.digest).toBe(built.digest);
    expect((await attested.push({ ...other, force: true })).digest).toBe(built.digest);
  });

  test("are made for what is stored without: the image stays the same, and the next run does nothing", async () => {
    const plain = (await bench.open(FILES)).reproducible();
    const before = await plain.push(bench.options());
    const attested = plain.attest({ sbom: { scanner } });
    const kept = await attested.attest({ keepStored: true }).push(bench.options());
    expect(kept.digest).toBe(before.digest);
    const { packages } = await attested.plan(bench.options());
    expect(packages[0]?.nodes.map(({ action }) => action)).toEqual(["build", "build"]);

    const built = await attested.build(bench.options());
    const pushed = await attested.push(bench.options());
    for (const platform of ["linux/amd64", "linux/arm64"] as const) {
      expect(built.images[platform]?.outcome).toBe("built");
      expect(pushed.images[platform]?.digest).toBe(before.images[platform]?.digest);
      expect(await statementsOf(pushed.reference, pushed.images[platform]?.digest ?? "")).toHaveLength(1);
    }
    expect(pushed.digest).not.toBe(before.digest);
    const runs = [attested.build(bench.options()), attested.push(bench.options())];
    expect(await Promise.all(runs.map(startedNodes))).toEqual([0, 0]);
    // A provenance is missing still.
    expect(await startedNodes(attested.attest({ provenance: "min" }).build(bench.options()))).toBe(2);
  });

  test("cannot be made where the scanner cannot be had, which is said before anything is built", async () => {
    const missing = (await open()).attest({ sbom: { scanner: `${registry}/scan/absent:v1` } });
    const run = missing.build(bench.options());
    const [failure, started] = await Promise.all([failureOf(run), startedNodes(run)]);
    expect(failure.code).toBe("PLAN_SCANNER_UNAVAILABLE");
    expect(started).toBe(0);
    await bench.expectNothingPublished();
    // An image that is only looked at needs none.
    await using image = await missing.open("linux/amd64", bench.options());
    expect(await image.readFile("/greeting", "utf8")).toBe("hello\n");
  });

  test("are written as a file where the result is files", async () => {
    const dest = `${bench.directory}/files`;
    await (await open()).platforms("linux/amd64").export({ ...bench.options(), type: "local", dest });
    const statement = JSON.parse(await readFile(`${dest}/linux_amd64/sbom.spdx.json`, "utf8"));
    expect(statement).toMatchObject({ predicateType: SPDX, subject: [{ name: "greeting" }] });
  });
});

describe.each(["buildkit", "docker"] as const)("a scan within the job, on %s", (kind) => {
  const bench = useRunBench(`attest-scan-${kind}`);

  test("is attested as the engine's own is, though nothing has a network", async () => {
    const scanner = await publishScanner(registry, engines.buildkit(inject("buildkitAddress")), bench.cacheDirectory);
    const platform = { os: "linux", architecture: "amd64" };
    const made = createPackage({
      ...{ directory: "/p", image: "p", platforms: ["linux/amd64"] },
      recipe: () => llb.scratch().mkfile("/greeting", "hello"),
    });
    const step: BuildStep = {
      package: withSettings(made, { attest: { sbom: { scanner, parameters: { WORD: "one" } } } }),
      ...{ title: "p", platform, buildPlatform: platform, buildArgs: {}, labels: {}, sandboxNetwork: "host" },
    };
    const dest = `${bench.directory}/files`;
    await using engine = await connectShared(kind);
    await using job = await openTestJob(engine, jobOutputs([localOutput(dest)]));
    const { input, attest } = lowerStep(step);
    expect(attest).toEqual({});
    const result = await job.solve({ input });
    const graph = input.kind === "definition" ? input.definition : result.reference?.definition;
    await job.finish(await withOwnScan(step, { job, result, graph }, platform, {}));
    expect(JSON.parse(await readFile(`${dest}/sbom.spdx.json`, "utf8"))).toMatchObject({
      predicateType: SPDX,
      subject: [{ name: "greeting" }],
      predicate: { name: SCANNED_NAME, comment: "one", files: [{ fileName: "/greeting" }] },
    });
  });
});

describe.each(KINDS)("a provenance by %s", (name, engine) => {
  const bench = useRunBench(`attest-provenance-${name}`);

  test.each(["min", "max"] as const)("of mode %s says what went in", async (mode) => {
    const { reference, images } = await (await bench.open(FILES))
      .engines(engine)
      .platforms("linux/amd64")
      .attest({ provenance: { mode, builderId: "https://example.com/builder" } })
      .push(bench.options());
    const [statement] = await statementsOf(reference, images["linux/amd64"].digest);
    expect(statement).toMatchObject({
      predicateType: SLSA,
      predicate: { runDetails: { builder: { id: "https://example.com/builder" } } },
    });
    expect(JSON.stringify(statement).includes('"llbDefinition"')).toBe(mode === "max");
  });
});

import { execa } from "execa";
import { testTools } from "../engines/test-tools.ts";

/** What an index or manifest refers to. */
export interface Entry {
  readonly digest: string;
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture: string };
}

/** An in-toto statement. */
export interface Statement {
  readonly predicateType: string;
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicate: unknown;
}

/** An index or a manifest as the registry has it. */
export interface Manifest {
  readonly manifests: readonly Entry[];
  readonly layers: readonly Entry[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Reads an index or a manifest with crane. */
export async function manifestOf(reference: string): Promise<Manifest> {
  const { stdout } = await execa(testTools().crane, ["manifest", "--insecure", reference]);
  return JSON.parse(stdout);
}

/** The statements that an index holds about one of its images. */
export async function statementsOf(reference: string, image: string): Promise<readonly Statement[]> {
  const { manifests } = await manifestOf(reference);
  const about = manifests.filter(({ annotations }) => annotations?.["vnd.docker.reference.digest"] === image);
  const repository = reference.slice(0, reference.lastIndexOf(":"));
  const attestations = await Promise.all(about.map(({ digest }) => manifestOf(`${repository}@${digest}`)));
  const layers = attestations.flatMap((manifest) => manifest.layers);
  return await Promise.all(
    layers.map(async ({ digest }): Promise<Statement> => {
      const { stdout } = await execa(testTools().crane, ["blob", "--insecure", `${repository}@${digest}`]);
      return JSON.parse(stdout);
    }),
  );
}

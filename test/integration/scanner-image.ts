import { readFile } from "node:fs/promises";
import { type EngineChoice, pkg } from "kitsmith";
import { testTools } from "../engines/test-tools.ts";
import { createRepository } from "./package-repository.ts";

/** What the scanner finds in everything. */
export const SCANNED_NAME = "found-by-the-scanner";

/** A scanner is an image whose program writes in-toto statements about what lies in a directory. */
const SCAN = `
for path in "$BUILDKIT_SCAN_SOURCE"/*; do
  files="$files{\\"SPDXID\\":\\"SPDXRef-\${path##*/}\\",\\"fileName\\":\\"/\${path##*/}\\"},"
done
echo '{
  "_type": "https://in-toto.io/Statement/v0.1",
  "predicateType": "https://spdx.dev/Document",
  "subject": [],
  "predicate": {
    "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "dataLicense": "CC0-1.0", "name": "${SCANNED_NAME}",
    "documentNamespace": "https://example.com/scan",
    "creationInfo": {"creators": ["Tool: scan"], "created": "2024-05-06T07:08:09Z"},
    "comment": "'"$BUILDKIT_SCAN_WORD"'",
    "files": ['"\${files%,}"']
  }
}' > "$BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"
`;

/** Publishes a scanner; gives its reference. */
export async function publishScanner(registry: string, engine: EngineChoice, cacheDirectory: string): Promise<string> {
  const { busybox } = testTools();
  await using repository = await createRepository({
    "scanner/build.yml": `image: scanner\norg: ${registry}/scan\narches: [amd64]\n`,
    "scanner/Dockerfile": 'FROM scratch\nCOPY busybox /bin/sh\nCOPY scan /scan\nENTRYPOINT ["/bin/sh", "/scan"]\n',
    "scanner/busybox": { content: await readFile(busybox.amd64), mode: 0o755 },
    "scanner/scan": SCAN,
  });
  const { reference } = await pkg(`${repository.directory}/scanner`).engines(engine).push({ cacheDirectory });
  return reference;
}

/** What the LinuxKit CLI has and kitsmith has not: what each is, in a few words. */
const FOREIGN: Readonly<Record<string, string>> = {
  build: "assembles bootable images",
  metadata: "makes the metadata that machines read",
  push: "uploads bootable images to clouds",
  run: "starts virtual machines",
  serve: "serves files to machines that boot",
};

/** One line for a command that only the LinuxKit CLI has; undefined for any other word. */
export function foreignCommand(word: string): string | undefined {
  if (!Object.hasOwn(FOREIGN, word)) return undefined;
  return `kitsmith does not have \`${word}\`, which ${FOREIGN[word]}: use the LinuxKit CLI for it, on the same cache`;
}

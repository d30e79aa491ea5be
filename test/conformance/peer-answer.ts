/** What a call gave: exit status, and of stdout what scripts read. */
export interface PeerAnswer {
  readonly status: number;
  readonly lines: readonly string[];
}

/** Labels in which each program names itself. */
const OWN_LABELS = /^--label=org\.mobyproject\.linuxkit\.(?:version|revision)=/;

/**
 * An answer without what depends on the machine: the repository's directory, and in docker commands the order of
 * arguments, which the LinuxKit CLI leaves to chance, and its own version. Build commands also tell how they go on;
 * of that the lines that both write are kept.
 */
export function comparableAnswer(status: number, stdout: string, root: string): PeerAnswer {
  const lines = stdout.replaceAll(root, "{root}").split("\n").filter(Boolean);
  const isBuild = lines.some((line) => line.startsWith("docker buildx build"));
  const kept = isBuild ? lines.filter((line) => line.startsWith("docker buildx build")).map(sorted) : lines;
  return { status, lines: status === 0 ? kept : [] };
}

function sorted(command: string): string {
  return command
    .split(" ")
    .filter((word) => !OWN_LABELS.test(word))
    .sort()
    .join(" ");
}

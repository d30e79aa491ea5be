// docs/linuxkit.md: what became of every promise, from the table that the conformance suite checks.

const TITLES = {
  same: "The same",
  better: "The same, and better",
  gone: "Gone",
  later: "Not yet",
  other: "Of no concern here",
};

/** The document as text. */
export function linuxkitDocument(sections, { flags, oldFlags, foreignCommands, commands }) {
  const rows = sections.flatMap((section) => section.rows);
  const counts = Object.entries(TITLES).map(
    ([kind, title]) => `${title.toLowerCase()} ${rows.filter(({ outcome }) => outcome.kind === kind).length}`,
  );
  return `<!-- Made by \`npm run docs:tables\` from test/conformance/rows.ts, which the conformance suite checks. -->

# Coming from LinuxKit

\`kitsmith pkg\` and \`kitsmith cache\` take the place of the LinuxKit CLI's commands: a Makefile with \`LINUXKIT=kitsmith\` goes on working, on the
same cache directory. Tags and labels come out equal, byte for byte; the suite holds them against answers that the LinuxKit CLI gave.

## What to know first

- Every promise of LinuxKit's documents and of BuildKit's README is in the tables below: ${counts.join(", ")}.
- Packages and platforms are built in parallel. One line in a log no longer follows from the one before it.
- A push refuses a package with uncommitted changes, missing credentials and a missing scanner before it builds.
- An image under the same tag that was made from other build arguments or settings is never reused silently: \`PLAN_INPUTS_DIFFER\`.
- \`pkg build\` makes a bill of materials, as LinuxKit does. \`--sbom-scanner=false\` makes none.
- Long flags may have one dash or two. Exit statuses are 0 and 1; 130 after an interruption. Results go to stdout, progress and errors to stderr.

## Commands and flags

| command | flags of the LinuxKit CLI that it takes | without effect here, said in one line |
|---|---|---|
${commandRows(flags, commands).join("\n")}

Flags of older documents that only get a line: ${code(oldFlags)}. Commands that only the LinuxKit CLI has: ${code(foreignCommands)}.

${Object.entries(TITLES)
  .map(([kind, title]) => outcomeSection(kind, title, sections))
  .join("\n\n")}
`;
}

function commandRows(flags, commands) {
  return Object.entries(flags).map(([name, names]) => {
    const own = commands.find((command) => command.name === name)?.flags ?? {};
    const replaced = names.filter((flag) => own[flag]?.replaced !== undefined);
    const taken = names.filter((flag) => !replaced.includes(flag)).map((flag) => `--${flag}`);
    return `| \`${name}\` | ${code(taken)} | ${code(replaced.map((flag) => `--${flag}`)) || "–"} |`;
  });
}

function code(names) {
  return names.map((name) => `\`${name}\``).join(" ");
}

function outcomeSection(kind, title, sections) {
  const rows = sections.flatMap((section) => section.rows.filter(({ outcome }) => outcome.kind === kind));
  const lines = rows.map(({ id, says, outcome }) => {
    const proof = outcome.proof
      ? `[${outcome.proof.test.replaceAll("|", "\\|").replaceAll("%s", "…")}](../test/${outcome.proof.file})`
      : "–";
    const cells = kind === "same" ? [id, says, proof] : [id, says, outcome.note, proof];
    return `| ${cells.join(" | ")} |`;
  });
  const head = kind === "same" ? ["", "promise", "test"] : ["", "promise", "here", "test"];
  return [`## ${title}`, "", `| ${head.join(" | ")} |`, `|${head.map(() => "---|").join("")}`, ...lines].join("\n");
}

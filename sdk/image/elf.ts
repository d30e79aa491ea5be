import type { Platform } from "../core/platform.ts";

/** What an ELF header says of a program. */
export interface ElfFacts {
  readonly architecture: string;
  /** No interpreter and no shared libraries: the program runs without anything beside it. */
  readonly static: boolean;
}

const MACHINES: Readonly<Record<number, string>> = {
  3: "386",
  8: "mips",
  21: "ppc64le",
  22: "s390x",
  40: "arm",
  62: "amd64",
  183: "arm64",
  243: "riscv64",
  258: "loong64",
};
const PROGRAM_HEADER_INTERPRETER = 3;

/** Reads an ELF header; undefined if the bytes are no ELF file. */
export function parseElf(bytes: Uint8Array): ElfFacts | undefined {
  if (bytes.length < 52 || Buffer.from(bytes.subarray(0, 4)).toString("latin1") !== "\x7fELF") return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[4] === 2;
  const little = bytes[5] === 1;
  const tableOffset = wide ? Number(view.getBigUint64(32, little)) : view.getUint32(28, little);
  const entrySize = view.getUint16(wide ? 54 : 42, little);
  const count = view.getUint16(wide ? 56 : 44, little);
  const offsets = Array.from({ length: count }, (_, index) => tableOffset + index * entrySize);
  const hasInterpreter = offsets
    .filter((offset) => offset + 4 <= bytes.length)
    .some((offset) => view.getUint32(offset, little) === PROGRAM_HEADER_INTERPRETER);
  return { architecture: MACHINES[view.getUint16(18, little)] ?? "unknown", static: !hasInterpreter };
}

/** True if a program of these facts runs on the platform. */
export function runsOn(elf: ElfFacts, platform: Platform): boolean {
  return platform.os === "linux" && elf.architecture === platform.architecture;
}

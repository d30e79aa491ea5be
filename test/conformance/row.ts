/** A test, by its file below test/ and the name in it. */
export interface Proof {
  readonly file: string;
  readonly test: string;
}

/** What became of something that LinuxKit or BuildKit documents. */
export type Outcome =
  /** It is so. */
  | { readonly kind: "same"; readonly proof: Proof }
  /** It is so, or was promised and is so only here; `note` says what is better. */
  | { readonly kind: "better"; readonly note: string; readonly proof: Proof }
  /** It is not so any more, also with LinuxKit; `note` says what there is in its place. */
  | { readonly kind: "gone"; readonly note: string; readonly proof?: Proof }
  /** It does not concern kitsmith; `note` says why. */
  | { readonly kind: "other"; readonly note: string }
  /** It is not there yet; `note` names what it waits for. */
  | { readonly kind: "later"; readonly note: string };

/** One promise, in words of our own. */
export interface Row {
  readonly id: string;
  readonly says: string;
  readonly outcome: Outcome;
}

export const same = (file: string, test: string): Outcome => ({ kind: "same", proof: { file, test } });
export const better = (note: string, file: string, test: string): Outcome => ({
  kind: "better",
  note,
  proof: { file, test },
});
export const gone = (note: string, file?: string, test?: string): Outcome => ({
  kind: "gone",
  note,
  ...(file === undefined || test === undefined ? {} : { proof: { file, test } }),
});
export const other = (note: string): Outcome => ({ kind: "other", note });
export const later = (note: string): Outcome => ({ kind: "later", note });
export const row = (id: string, says: string, outcome: Outcome): Row => ({ id, says, outcome });

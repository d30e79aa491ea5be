/**
 * True if git prints a name in quotes: control characters, `"`, `\`, and with `core.quotePath` every byte above 0x7f.
 *
 * @param name one character per byte
 * @source https://git-scm.com/docs/git-config/2.39.0#Documentation/git-config.txt-corequotePath
 */
export function quotedByGit(name: string, quotePath: boolean): boolean {
  for (let index = 0; index < name.length; index += 1) {
    const byte = name.charCodeAt(index);
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c || byte === 0x7f || (quotePath && byte > 0x7f)) return true;
  }
  return false;
}

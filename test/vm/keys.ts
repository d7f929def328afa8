/** What a person presses for a text, in QEMU's names of the keys of a US keyboard. */

const NAMES: Readonly<Record<string, string>> = {
  " ": "spc",
  "\n": "ret",
  "-": "minus",
  "=": "equal",
  ".": "dot",
  ",": "comma",
  "/": "slash",
  ";": "semicolon",
  "'": "apostrophe",
};
const SHIFTED: Readonly<Record<string, string>> = { ">": ".", "<": ",", "&": "7", "|": "\\", "?": "/" };

/** The keys of one character, all down at the same time. */
export function keysOf(character: string): string[] {
  const plain = SHIFTED[character];
  if (plain !== undefined) return ["shift", ...keysOf(plain)];
  if (character !== character.toLowerCase()) return ["shift", character.toLowerCase()];
  const name = NAMES[character] ?? character;
  if (!/^[a-z0-9_]+$/.test(name)) throw new Error(`there is no key for ${JSON.stringify(character)}`);
  return [name];
}

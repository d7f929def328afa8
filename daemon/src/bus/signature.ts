/** Signatures: what a list of types looks like, and whether it is one. */

/** One complete type. */
export interface Type {
  /** The letter; "a" for arrays, "(" for structs, "{" for dictionary entries. */
  readonly code: string;
  readonly text: string;
  /** Element of an array, members of a struct, key and value of an entry. */
  readonly inner: readonly Type[];
}

const SIGNATURE_MAX = 255;
const DEPTH_MAX = 32;
const BASIC = "ybnqiuxtdsogh";

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  all(): Type[] {
    const types: Type[] = [];
    while (this.#at < this.#text.length) types.push(this.#one(0, 0, false));
    return types;
  }

  #one(arrays: number, structs: number, inArray: boolean): Type {
    const from = this.#at;
    const code = this.#text[this.#at] ?? "";
    this.#at += 1;
    if (code === "v" || (code !== "" && BASIC.includes(code))) return { code, text: code, inner: [] };
    if (code === "a" && arrays < DEPTH_MAX)
      return this.#done(code, from, [this.#one(arrays + 1, structs, true)]);
    if (code === "(" && structs < DEPTH_MAX)
      return this.#done(code, from, this.#until(")", arrays, structs + 1));
    if (code === "{" && inArray && structs < DEPTH_MAX) {
      const inner = this.#until("}", arrays, structs + 1);
      if (inner.length === 2 && BASIC.includes(inner[0]?.code ?? " ")) return this.#done(code, from, inner);
    }
    throw new SyntaxError("no such type");
  }

  #until(end: string, arrays: number, structs: number): Type[] {
    const inner: Type[] = [];
    while (this.#text[this.#at] !== end) inner.push(this.#one(arrays, structs, false));
    this.#at += 1;
    if (inner.length === 0) throw new SyntaxError("nothing in it");
    return inner;
  }

  #done(code: string, from: number, inner: readonly Type[]): Type {
    return { code, text: this.#text.slice(from, this.#at), inner };
  }
}

/** The complete types of the signature; null if it is not one. */
export function parseSignature(text: string): readonly Type[] | null {
  if (text.length > SIGNATURE_MAX) return null;
  try {
    return new Parser(text).all();
  } catch {
    return null;
  }
}

/** Its complete types as signatures of their own; throws if it is not a signature, which is for constants. */
export function splitSignature(text: string): string[] {
  const types = parseSignature(text);
  if (types === null) throw new TypeError(`"${text}" is not a signature`);
  return types.map((type) => type.text);
}

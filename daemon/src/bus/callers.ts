/** Who the connections to the bus are, as the bus says, each asked for once. */

import type { Caller } from "./call.ts";
import { type Value, Variant } from "./values.ts";

const UID_MAX = 0xffff_fffe;

class Known implements Caller {
  readonly name: string;
  readonly uid: number;
  readonly pid: number | null;
  readonly #watchers = new Set<() => void>();
  #gone = false;

  constructor(name: string, uid: number, pid: number | null) {
    this.name = name;
    this.uid = uid;
    this.pid = pid;
  }

  get gone(): boolean {
    return this.#gone;
  }

  whenGone(left: () => void): () => void {
    // the same function may be given twice
    const tell = () => left();
    this.#watchers.add(tell);
    if (this.#gone) queueMicrotask(() => this.#tellAll());
    return () => void this.#watchers.delete(tell);
  }

  leave(): void {
    this.#gone = true;
    this.#tellAll();
  }

  #tellAll(): void {
    for (const tell of [...this.#watchers]) {
      if (this.#watchers.delete(tell)) tell();
    }
  }
}

/** null for an answer without a uid: nobody is root because of a missing word. */
function toCaller(name: string, credentials: Value | undefined): Known | null {
  if (!(credentials instanceof Map)) return null;
  const uid = numberIn(credentials.get("UnixUserID"));
  const pid = numberIn(credentials.get("ProcessID"));
  if (uid === null || uid > UID_MAX) return null;
  return new Known(name, uid, pid === 0 ? null : pid);
}

function numberIn(value: unknown): number | null {
  if (!(value instanceof Variant) || value.signature !== "u") return null;
  return typeof value.value === "number" ? value.value : null;
}

interface Asked {
  readonly answer: Promise<Caller | null>;
  /** It left after the bus had answered and before the answer was looked at. */
  left: boolean;
}

export class Callers {
  /** The bus's own words on a unique name; rejects if there is no such connection. */
  readonly #ask: (name: string) => Promise<readonly Value[]>;
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, Asked>();

  constructor(ask: (name: string) => Promise<readonly Value[]>) {
    this.#ask = ask;
  }

  get count(): number {
    return this.#known.size;
  }

  names(): string[] {
    return [...this.#known.keys()];
  }

  get(name: string): Caller | undefined {
    return this.#known.get(name);
  }

  /** null if there is no such connection, or nobody can say. */
  lookUp(name: string): Promise<Caller | null> {
    const known = this.#known.get(name);
    if (known !== undefined) return Promise.resolve(known);
    const asked = this.#asked.get(name);
    if (asked !== undefined) return asked.answer;
    const asking: Asked = { answer: this.#lookUp(name, () => asking.left), left: false };
    this.#asked.set(name, asking);
    return asking.answer;
  }

  left(name: string): void {
    const asked = this.#asked.get(name);
    if (asked !== undefined) asked.left = true;
    const known = this.#known.get(name);
    this.#known.delete(name);
    known?.leave();
  }

  /** The bus is lost. */
  lost(): void {
    const all = [...this.#known.values()];
    this.#known.clear();
    for (const known of all) known.leave();
  }

  async #lookUp(name: string, hasLeft: () => boolean): Promise<Caller | null> {
    try {
      const [credentials] = await this.#ask(name);
      const known = hasLeft() ? null : toCaller(name, credentials);
      if (known !== null) this.#known.set(name, known);
      return known;
    } catch {
      return null;
    } finally {
      this.#asked.delete(name);
    }
  }
}

/**
 * An immutable map whose copies share almost everything: two levels of 32 slots above small buckets, so that a
 * change costs the same with ten and with ten thousand entries, and the difference of two Worlds is found
 * without reading what they share.
 */

const WIDTH = 32;
const MASK = WIDTH - 1;

/** Without holes: looking into one takes many times as long. */
const VACANT: readonly undefined[] = Array.from({ length: WIDTH }, () => undefined);

type Bucket<K, V> = ReadonlyMap<K, V> | undefined;
type Leaf<K, V> = readonly Bucket<K, V>[] | undefined;

export interface Change<V> {
  readonly before: V | undefined;
  readonly after: V | undefined;
}

function slot(key: string | number): number {
  if (typeof key === "number") return key >>> 0;
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
  return hash >>> 0;
}

export class Table<K extends string | number, V> {
  readonly size: number;
  readonly #leaves: readonly Leaf<K, V>[];

  private constructor(leaves: readonly Leaf<K, V>[], size: number) {
    this.#leaves = leaves;
    this.size = size;
  }

  static empty<K extends string | number, V>(): Table<K, V> {
    return new Table<K, V>(VACANT, 0);
  }

  get(key: K): V | undefined {
    const at = slot(key);
    return this.#leaves[at & MASK]?.[(at >>> 5) & MASK]?.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /** A table that also maps key to value. */
  with(key: K, value: V): Table<K, V> {
    const known = this.has(key);
    return this.#changed(key, (bucket) => bucket.set(key, value), known ? 0 : 1);
  }

  /** A table that does not have key. */
  without(key: K): Table<K, V> {
    if (!this.has(key)) return this;
    return this.#changed(key, (bucket) => bucket.delete(key), -1);
  }

  #changed(key: K, change: (bucket: Map<K, V>) => void, growth: number): Table<K, V> {
    const at = slot(key);
    const leaves = this.#leaves.slice();
    const leaf: Bucket<K, V>[] = (leaves[at & MASK] ?? VACANT).slice();
    const bucket = new Map(leaf[(at >>> 5) & MASK]);
    change(bucket);
    leaf[(at >>> 5) & MASK] = bucket;
    leaves[at & MASK] = leaf;
    return new Table<K, V>(leaves, this.size + growth);
  }

  /** A list, because a generator takes many times as long. */
  values(): readonly V[] {
    const found: V[] = [];
    this.#eachBucket((bucket) => {
      for (const value of bucket.values()) found.push(value);
    });
    return found;
  }

  keys(): readonly K[] {
    const found: K[] = [];
    this.#eachBucket((bucket) => {
      for (const key of bucket.keys()) found.push(key);
    });
    return found;
  }

  #eachBucket(look: (bucket: ReadonlyMap<K, V>) => void): void {
    for (let i = 0; i < WIDTH; i++) {
      const leaf = this.#leaves[i];
      if (leaf === undefined) continue;
      for (let j = 0; j < WIDTH; j++) {
        const bucket = leaf[j];
        if (bucket !== undefined && bucket.size > 0) look(bucket);
      }
    }
  }

  /** What differs between an older table and this one, in no particular order. */
  since(older: Table<K, V>): Change<V>[] {
    const changes: Change<V>[] = [];
    const now = this.#leaves;
    const then = older.#leaves;
    if (now === then) return changes;
    for (let i = 0; i < WIDTH; i++) if (now[i] !== then[i]) compareLeaves(then[i], now[i], changes);
    return changes;
  }
}

function compareLeaves<K, V>(
  then: Leaf<K, V> = VACANT,
  now: Leaf<K, V> = VACANT,
  changes: Change<V>[],
): void {
  for (let j = 0; j < WIDTH; j++) if (then[j] !== now[j]) compareBuckets(then[j], now[j], changes);
}

function compareBuckets<K, V>(then: Bucket<K, V>, now: Bucket<K, V>, changes: Change<V>[]): void {
  for (const [key, after] of now ?? []) {
    const before = then?.get(key);
    if (before !== after) changes.push({ before, after });
  }
  for (const [key, before] of then ?? []) {
    if (now?.get(key) === undefined) changes.push({ before, after: undefined });
  }
}

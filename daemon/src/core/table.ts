/**
 * An immutable map whose copies share almost everything: two levels of 32 slots above small buckets, so that a
 * change costs the same with ten and with ten thousand entries, and the difference of two Worlds is found
 * without reading what they share.
 */

const WIDTH = 32;
const MASK = WIDTH - 1;

/** Without holes: looking into one takes many times as long. */
const VACANT: readonly undefined[] = Array.from({ length: WIDTH }, () => undefined);

/** Of one entry mostly, of ten where there are ten thousand: for so few, lists are twice as fast as a Map. */
interface Entries<K, V> {
  readonly keys: readonly K[];
  readonly values: readonly V[];
}

type Bucket<K, V> = Entries<K, V> | undefined;
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

function find<K, V>(bucket: Bucket<K, V>, key: K): V | undefined {
  if (bucket === undefined) return undefined;
  const at = bucket.keys.indexOf(key);
  return at < 0 ? undefined : bucket.values[at];
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
    return find(this.#leaves[at & MASK]?.[(at >>> 5) & MASK], key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /** A table that also maps key to value. */
  with(key: K, value: V): Table<K, V> {
    const at = slot(key);
    const bucket = this.#leaves[at & MASK]?.[(at >>> 5) & MASK];
    if (bucket === undefined) return this.#changed(at, { keys: [key], values: [value] }, 1);
    const { keys, values } = bucket;
    const known = keys.indexOf(key);
    if (known >= 0) return this.#changed(at, { keys, values: values.with(known, value) }, 0);
    // not by [...keys, key], which leaves room for more
    const longer = {
      keys: keys.toSpliced(keys.length, 0, key),
      values: values.toSpliced(keys.length, 0, value),
    };
    return this.#changed(at, longer, 1);
  }

  /** A table that does not have key. */
  without(key: K): Table<K, V> {
    const at = slot(key);
    const bucket = this.#leaves[at & MASK]?.[(at >>> 5) & MASK];
    const known = bucket?.keys.indexOf(key) ?? -1;
    if (bucket === undefined || known < 0) return this;
    if (bucket.keys.length === 1) return this.#changed(at, undefined, -1);
    const keys = bucket.keys.toSpliced(known, 1);
    return this.#changed(at, { keys, values: bucket.values.toSpliced(known, 1) }, -1);
  }

  #changed(at: number, bucket: Bucket<K, V>, growth: number): Table<K, V> {
    const leaves = this.#leaves.slice();
    const leaf: Bucket<K, V>[] = (leaves[at & MASK] ?? VACANT).slice();
    leaf[(at >>> 5) & MASK] = bucket;
    leaves[at & MASK] = leaf;
    return new Table<K, V>(leaves, this.size + growth);
  }

  /** A list, because a generator takes many times as long. */
  values(): readonly V[] {
    const found: V[] = [];
    this.#eachBucket(({ values }) => found.push(...values));
    return found;
  }

  keys(): readonly K[] {
    const found: K[] = [];
    this.#eachBucket(({ keys }) => found.push(...keys));
    return found;
  }

  #eachBucket(look: (bucket: Entries<K, V>) => void): void {
    for (let i = 0; i < WIDTH; i++) {
      const leaf = this.#leaves[i];
      if (leaf === undefined) continue;
      for (let j = 0; j < WIDTH; j++) {
        const bucket = leaf[j];
        if (bucket !== undefined) look(bucket);
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

const NOTHING = { keys: [], values: [] };

function compareBuckets<K, V>(
  then: Entries<K, V> = NOTHING,
  now: Entries<K, V> = NOTHING,
  changes: Change<V>[],
): void {
  for (let i = 0; i < now.keys.length; i++) {
    const after = now.values[i];
    const before = find(then, now.keys[i] as K);
    if (before !== after) changes.push({ before, after });
  }
  for (let i = 0; i < then.keys.length; i++) {
    if (!now.keys.includes(then.keys[i] as K)) changes.push({ before: then.values[i], after: undefined });
  }
}

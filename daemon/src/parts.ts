/**
 * sessionmand.cjs: loads the daemon's parts, each when it is first asked for, from the one file beside it that
 * bundle.mjs makes. The file stays open: what is loaded late is of the version that was started, whatever an upgrade
 * has put in its place meanwhile. Beside each part is what V8 made of it at the build, which saves half of a start. V8
 * takes that back only in the release of Node and with the flags it was made with, and else compiles as usual.
 */

import { fstatSync, openSync, readSync } from "node:fs";
import { Script } from "node:vm";

/** First byte and number of bytes. */
type Place = readonly [number, number];

type Factory = (
  exports: unknown,
  require: (name: string) => unknown,
  module: { exports: unknown },
  filename: string,
  dirname: string,
) => void;

interface Index {
  /** How many requests the rehearsal answered: all of them, or the caches lack what they could have. */
  readonly rehearsed: number;
  /** Each makes an object of modules, by their names. */
  readonly parts: readonly { readonly text: Place; readonly cache: Place | null }[];
  /** The part that a module is in. */
  readonly modules: { readonly [name: string]: number };
}

const FILE = `${__dirname}/sessionmand.parts`;
const INDEX: Place = [0, 4096];

const fd = openSync(FILE, "r");
const opened = fstatSync(fd);
export const index: Index = JSON.parse(read(INDEX).toString("latin1"));
const factories = new Map<string, Factory>();
const loaded = new Map<string, { exports: unknown }>();

/** Of the parts that are loaded: the build asks V8 what it has compiled of them. */
export const scripts: Script[] = [];

function read([position, length]: Place): Buffer {
  // of its own, because V8 wants the cache aligned
  const bytes = Buffer.allocUnsafeSlow(length);
  const count = readSync(fd, bytes, 0, length, position);
  const now = fstatSync(fd);
  if (count === length && now.mtimeMs === opened.mtimeMs && now.size === opened.size) return bytes;
  throw new Error(`${FILE} was overwritten while in use: it has to be replaced by a new file`);
}

function compile(number: number): void {
  const part = index.parts[number];
  if (part === undefined) throw new Error(`${FILE} has no part ${number}`);
  const script = new Script(read(part.text).toString("latin1"), {
    filename: `sessionmand/${number}`,
    ...(part.cache && { cachedData: read(part.cache) }),
  });
  scripts[number] = script;
  const made: Record<string, Factory> = script.runInThisContext();
  for (const [name, factory] of Object.entries(made)) factories.set(name, factory);
}

/** Stands for require() in all parts: of one of their modules, or of one of Node's own. */
export function load(name: string): unknown {
  const known = loaded.get(name);
  if (known) return known.exports;
  const number = Object.hasOwn(index.modules, name) ? index.modules[name] : undefined;
  const module: { exports: unknown } = { exports: number === undefined ? require(name) : {} };
  loaded.set(name, module);
  if (number === undefined) return module.exports;
  if (!factories.has(name)) compile(number);
  factories.get(name)?.(module.exports, load, module, __filename, __dirname);
  factories.delete(name);
  return module.exports;
}

if (require.main === module) load("./main.js");

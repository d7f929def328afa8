/**
 * What the library contains that a process has mapped. Only Linux knows which file that is, and it may take its time
 * where the process does not want to be looked at: so one look at a time, beside the loop, and none after one that
 * did not end.
 */

import { readFile, readlinkSync, stat } from "node:fs";
import type { Kernel } from "./kernel.ts";

/** A loaded machine takes its time after a restart, and a wrong guess ends the client. */
const PATIENCE_MS = 5000;
const LARGEST = 1 << 23;
/** Where reading a file waits for nobody: a home may be on a server that is away. */
const PLACES = /^\/(usr|lib|lib64|nix\/store|gnu\/store)\//;

type Found = (texts: readonly string[] | null) => void;

interface Look {
  readonly pid: number;
  readonly library: string;
  readonly texts: readonly string[];
  readonly found: Found;
}

/** The file, as Linux knows it for this process, then by its name. */
interface Mapped {
  readonly link: string;
  readonly path: string;
}

function findMapped(pid: number, library: string, maps: string): Mapped | null {
  for (const line of maps.split("\n")) {
    const [range = "", , , , , ...rest] = line.split(/ +/);
    const path = rest.join(" ").replace(/ \(deleted\)$/, "");
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name.startsWith(`${library}.so`) && PLACES.test(path))
      return { link: `/proc/${pid}/map_files/${range}`, path };
  }
  return null;
}

/** Otherwise its paths are not ours. */
function sharesMounts(pid: number): boolean {
  try {
    const links = ["ns/mnt", "root"];
    return links.every((link) => readlinkSync(`/proc/${pid}/${link}`) === readlinkSync(`/proc/self/${link}`));
  } catch {
    return false;
  }
}

class Libraries {
  readonly #looks: Look[] = [];
  /** By what says that a file is still the same. */
  readonly #known = new Map<string, readonly string[]>();
  #busy = false;
  #stuck = false;

  search(look: Look): void {
    this.#looks.push(look);
    if (!this.#busy) this.#next();
  }

  #next(): void {
    const look = this.#looks.shift();
    this.#busy = look !== undefined;
    if (look === undefined) return;
    let told = false;
    const tell: Found = (texts) => {
      // late, but not never
      if (told && texts !== null) this.#stuck = false;
      if (told) return;
      told = true;
      clearTimeout(timer);
      look.found(texts);
      this.#next();
    };
    const giveUp = () => {
      if (told) return;
      this.#stuck = true;
      tell(null);
    };
    // what came while the loop was busy is heard first
    const timer = setTimeout(() => setImmediate(giveUp), PATIENCE_MS);
    if (this.#stuck || !sharesMounts(look.pid)) setImmediate(tell, null);
    else this.#look(look, tell);
  }

  #look({ pid, library, texts }: Look, finish: Found): void {
    readFile(`/proc/${pid}/maps`, "latin1", (error, maps) => {
      const mapped = error === null ? findMapped(pid, library, maps) : null;
      if (mapped === null) return finish(null);
      this.#read(mapped.link, texts, (found) =>
        found === null ? this.#read(mapped.path, texts, finish) : finish(found),
      );
    });
  }

  #read(path: string, texts: readonly string[], finish: Found): void {
    stat(path, (failed, status) => {
      if (failed !== null || !status.isFile() || status.size > LARGEST) return finish(null);
      const { dev, ino, mtimeMs, size } = status;
      const key = [dev, ino, mtimeMs, size, ...texts].join("\0");
      const known = this.#known.get(key);
      if (known !== undefined) return finish(known);
      readFile(path, (error, content) => {
        if (error !== null) return finish(null);
        const found = texts.filter((text) => content.includes(text, 0, "latin1"));
        this.#known.set(key, found);
        finish(found);
      });
    });
  }
}

export function createLibraries(): Pick<Kernel, "searchLibrary"> {
  const libraries = new Libraries();
  return {
    searchLibrary: (pid, library, texts, found) => libraries.search({ pid, library, texts, found }),
  };
}

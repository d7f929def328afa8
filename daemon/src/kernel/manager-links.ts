/** The connections to the sessionman-runs, one for each user. */

import type { ManagerNews, Uid } from "../core/model.ts";
import type { Base } from "./base.ts";
import { errnoOf } from "./cgroup-tree.ts";
import { ManagerLink } from "./manager-link.ts";

export type Told = (news: ManagerNews) => void;

/** Nobody listens any more: sessionman-run is gone. */
const DEAD: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOENT"]);
/** Between attempts to reach one that is there and has no room, or while we have no descriptor. */
const RETRY_MS = 200;

export class ManagerLinks {
  readonly #base: Base;
  readonly #links = new Map<Uid, ManagerLink>();
  readonly #retries = new Map<Uid, NodeJS.Timeout>();
  readonly #socketOf: (uid: Uid) => string;

  constructor(base: Base, socketOf: (uid: Uid) => string) {
    this.#base = base;
    this.#socketOf = socketOf;
  }

  get(uid: Uid): ManagerLink | undefined {
    return this.#links.get(uid);
  }

  connect(uid: Uid): ManagerLink {
    const fd = this.#base.addon.connectPackets(this.#socketOf(uid));
    const link = new ManagerLink(this.#base, fd, `sessionman-run of user ${uid}`);
    this.#links.set(uid, link);
    return link;
  }

  /** The connection, now or as it was; null if nobody is there. Throws if that cannot be said. */
  reach(uid: Uid): ManagerLink | null {
    try {
      return this.#links.get(uid) ?? this.connect(uid);
    } catch (error) {
      if (DEAD.has(errnoOf(error))) return null;
      throw error;
    }
  }

  listen(uid: Uid, link: ManagerLink, told: Told): void {
    link.listen((news) => {
      if (news.state === "ended" && this.#links.get(uid) === link) this.#links.delete(uid);
      told(news);
    });
  }

  /** What comes is of no interest any more; the connection goes on until its other end is closed. */
  silence(uid: Uid): void {
    this.#stopTrying(uid);
    const link = this.#links.get(uid);
    if (link !== undefined) this.listen(uid, link, () => {});
  }

  /** Tries until it is clear whether it lives. */
  adoptLater(uid: Uid, told: Told): void {
    const timer = setTimeout(() => {
      this.#retries.delete(uid);
      try {
        const link = this.reach(uid);
        if (link === null) told({ state: "ended", message: "sessionman-run is gone" });
        else this.listen(uid, link, told);
      } catch (error) {
        errnoOf(error);
        this.adoptLater(uid, told);
      }
    }, RETRY_MS);
    this.#retries.set(uid, timer);
  }

  close(uid: Uid): void {
    this.#stopTrying(uid);
    this.#links.get(uid)?.close();
    this.#links.delete(uid);
  }

  #stopTrying(uid: Uid): void {
    clearTimeout(this.#retries.get(uid));
    this.#retries.delete(uid);
  }

  shut(): void {
    for (const uid of [...this.#links.keys(), ...this.#retries.keys()]) this.close(uid);
  }
}

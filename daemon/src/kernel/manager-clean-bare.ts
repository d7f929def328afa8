/**
 * The same without control groups: sessionman-run is asked to kill what it started, and is gone when nobody listens at
 * its socket any more.
 */

import type { Uid } from "../core/model.ts";
import type { Base } from "./base.ts";
import type { ManagerLinks } from "./manager-links.ts";
import { encodeOrder } from "./manager-socket.ts";

/** It takes a few seconds over the kill where it has to, and then closes the PAM session. */
const GIVEN_UP_MS = 15_000;
/** From the end of the connection to the end of the process. */
const LOOK_MS = 20;

export class BareCleaning {
  readonly #base: Base;
  readonly #links: ManagerLinks;
  readonly #uid: Uid;
  readonly #done: () => void;
  #next: NodeJS.Timeout | undefined;
  #last: NodeJS.Timeout | undefined;

  constructor(base: Base, links: ManagerLinks, uid: Uid, done: () => void) {
    this.#base = base;
    this.#links = links;
    this.#uid = uid;
    this.#done = done;
  }

  start(): void {
    this.#last = setTimeout(() => {
      this.#base.log.warn(
        "a sessionman-run does not end, and without cgroup v2 it cannot be found and killed",
      );
      this.#finish();
    }, GIVEN_UP_MS);
    this.#next = setTimeout(() => this.#look(), 0);
  }

  stop(): void {
    clearTimeout(this.#next);
    clearTimeout(this.#last);
  }

  #finish(): void {
    this.stop();
    this.#done();
  }

  #look(): void {
    const again = () => {
      this.#next = setTimeout(() => this.#look(), LOOK_MS);
    };
    try {
      const link = this.#links.reach(this.#uid);
      if (link === null) return this.#finish();
      link.send(encodeOrder("kill"));
      this.#links.listen(this.#uid, link, (news) => {
        if (news.state === "ended") again();
      });
    } catch {
      again();
    }
  }
}

/**
 * The same without control groups: sessionman-run is asked to kill what it started, and is gone when nobody listens at
 * its socket any more. One that does not do it in time is killed itself.
 */

import type { Uid } from "../core/model.ts";
import type { Base } from "./base.ts";
import { killHolders } from "./manager-holder.ts";
import type { ManagerLinks } from "./manager-links.ts";
import { encodeOrder } from "./manager-socket.ts";

/** It takes a few seconds over the kill where it has to, and then closes the PAM session. */
const GIVEN_UP_MS = 15_000;
/** From the kill of sessionman-run itself to its end. */
const KILLED_MS = 1_000;
/** From the end of the connection to the end of the process. */
const LOOK_MS = 20;

interface Holder {
  readonly uid: Uid;
  readonly argument: string;
}

export class BareCleaning {
  readonly #base: Base;
  readonly #links: ManagerLinks;
  readonly #uid: Uid;
  /** An argument that no other sessionman-run has. */
  readonly #argument: string;
  readonly #done: () => void;
  #next: NodeJS.Timeout | undefined;
  #last: NodeJS.Timeout | undefined;

  constructor(base: Base, links: ManagerLinks, { uid, argument }: Holder, done: () => void) {
    this.#base = base;
    this.#links = links;
    this.#uid = uid;
    this.#argument = argument;
    this.#done = done;
  }

  start(): void {
    this.#last = setTimeout(() => this.#kill(), GIVEN_UP_MS);
    this.#next = setTimeout(() => this.#look(), 0);
  }

  stop(): void {
    clearTimeout(this.#next);
    clearTimeout(this.#last);
  }

  /** Its end shows as always; what it started gets TERM with it. */
  #kill(): void {
    const found = killHolders(this.#base, this.#argument) > 0;
    const what = `sessionman-run of user ${this.#uid} does not end`;
    this.#base.log.warn(found ? `${what}: killed` : `${what}, and cannot be found and killed`);
    this.#last = setTimeout(() => this.#finish(), found ? KILLED_MS : 0);
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

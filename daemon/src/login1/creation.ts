/** How a session is asked of the core, whichever way the request came. */

import type { Account, Event } from "../core/events.ts";
import type { Requester, World } from "../core/model.ts";
import { seat0 } from "../core/seats.ts";
import type { ProcessFacts } from "../kernel/kernel.ts";
import { type CreateArguments, checkArguments, leaderFacts, sessionFacts, Unfit } from "./create-facts.ts";
import type { Room } from "./room.ts";

export interface Creation {
  readonly given: CreateArguments;
  /** Throws a KernelError if the process is not there. */
  readonly leader: () => ProcessFacts;
  /** Whether the session lives as long as somebody holds its FIFO, and not only as long as its leader. */
  readonly lifetime: boolean;
}

type Needs = Pick<Room, "world" | "now"> & { readonly kernel: Pick<Room["kernel"], "lookUpUser"> };

/** The order for the core; throws Unfit. */
export type Ordered = () => (requester: Requester) => Event;

/**
 * Throws Unfit for what is wrong at first sight. ready is called when it is known who the user is. The leader is looked
 * at again only then: during the look-up its pid may have become another process's.
 */
export function prepareSession(
  { kernel, world, now }: Needs,
  creation: Creation,
  ready: (ordered: Ordered) => void,
): void {
  const { given, leader, lifetime } = creation;
  const place = checkArguments(given, surroundings(world()));
  leaderFacts(leader());
  const order = (account: Account | null) => {
    if (account === null) throw new Unfit("uid", `there is no user ${given.uid}`, "no-such-user");
    const facts = sessionFacts(given, place, account);
    const led = leaderFacts(leader());
    const at = now();
    return (requester: Requester): Event => ({
      kind: "session.openRequested",
      at,
      requester,
      facts,
      leader: led,
      nonce: "",
      lifetime,
    });
  };
  kernel.lookUpUser(given.uid, (account) => ready(() => order(account)));
}

function surroundings(world: World) {
  return { seats: new Set(world.seats.keys()), hasVts: seat0(world).hasVts };
}

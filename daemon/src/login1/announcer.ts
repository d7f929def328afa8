/**
 * Tells the bus what was published. Who comes and who goes is told at once and each of them; changes of properties
 * wait while the bus does not keep up, and are told as one then: what listeners get is where things are, not how they
 * went there.
 */

import type { Bus } from "../bus/bus.ts";
import type { SessionId, Uid, World } from "../core/model.ts";
import {
  arrivals,
  broadcast,
  changesOf,
  type Departures,
  departures,
  difference,
  type News,
} from "./difference.ts";
import type { Room } from "./room.ts";

/** Bytes that the bus has not taken: with more than this it does not keep up. */
const QUEUE_MAX = 64 * 1024;
/** Milliseconds after which it is looked at again. */
const PAUSE = 20;

type Out = Pick<Bus, "emit" | "changed" | "queued">;

export class Announcer {
  readonly #bus: Out;
  readonly #room: Room;
  /** While changes wait: what listeners know, and in which World they first heard of the younger objects. */
  #told: World | null = null;
  #latest: World | null = null;
  readonly #sessions = new Map<SessionId, World>();
  readonly #users = new Map<Uid, World>();
  readonly #seats = new Map<string, World>();

  constructor(room: Room, bus: Out) {
    this.#room = room;
    this.#bus = bus;
  }

  published(before: World, after: World): void {
    const bus = this.#bus;
    if (this.#told === null && bus.queued <= QUEUE_MAX) {
      for (const news of difference(this.#room, before, after)) send(bus, news);
      return;
    }
    if (this.#told === null) {
      this.#told = before;
      setTimeout(() => this.#look(), PAUSE);
    }
    this.#latest = after;
    for (const news of arrivals(before, after)) send(bus, news);
    const gone: Departures = departures(before, after);
    for (const news of [...gone.sessions, ...gone.rest]) send(bus, news);
    this.#remember(before, after);
  }

  /** What waits is told now: an answer is about to be given that comes after it. */
  flush(): void {
    const [told, latest] = [this.#told, this.#latest];
    if (told === null || latest === null) return;
    this.#told = this.#latest = null;
    const said = {
      session: (id: SessionId) => this.#sessions.get(id) ?? told,
      user: (uid: Uid) => this.#users.get(uid) ?? told,
      seat: (id: string) => this.#seats.get(id) ?? told,
    };
    const { sessions, users, seats, manager } = changesOf(this.#room, told, latest, said);
    for (const news of [...sessions, ...users, ...seats, ...manager]) send(this.#bus, news);
    this.#sessions.clear();
    this.#users.clear();
    this.#seats.clear();
  }

  #look(): void {
    if (this.#told === null) return;
    if (this.#bus.queued <= QUEUE_MAX) this.flush();
    else setTimeout(() => this.#look(), PAUSE);
  }

  #remember(before: World, after: World): void {
    for (const change of after.sessions.since(before.sessions))
      if (change.before === undefined && change.after !== undefined)
        this.#sessions.set(change.after.id, after);
    for (const change of after.users.since(before.users))
      if (change.before === undefined && change.after !== undefined) this.#users.set(change.after.uid, after);
    for (const change of after.seats.since(before.seats))
      if (change.before === undefined && change.after !== undefined) this.#seats.set(change.after.id, after);
  }
}

function send(bus: Out, news: News): void {
  if (news.kind === "signal") broadcast(bus, news);
  else news.send(bus);
}

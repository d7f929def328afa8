/**
 * Tells the bus what was published. Who comes and who goes is told at once and each of them; changes of properties
 * wait while the bus does not keep up, and are told as one then: what listeners get is where things are, not how they
 * went there.
 */

import type { Bus } from "../bus/bus.ts";
import type { SessionId, Uid, World } from "../core/model.ts";
import { switched } from "../core/select.ts";
import {
  arrivals,
  broadcast,
  changesOf,
  type Departures,
  departures,
  difference,
  type News,
  type Said,
  saidIn,
} from "./difference.ts";
import { sessionPath } from "./paths.ts";
import type { Room } from "./room.ts";
import { sessionInterface } from "./session.ts";

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
  /** Sessions that were told since the last published World to be in the foreground of these seats; null: nobody is. */
  readonly #fronts = new Map<string, SessionId | null>();
  /** While changes wait: the World by which sessions know who is in the foreground, if they know more than listeners. */
  #shown: World | null = null;

  constructor(room: Room, bus: Out) {
    this.#room = room;
    this.#bus = bus;
  }

  published(before: World, after: World): void {
    const bus = this.#bus;
    const shown = this.#shownSince(before);
    if (this.#told === null && bus.queued <= QUEUE_MAX) {
      const said: Said = { ...saidIn(before), session: () => shown, shown };
      for (const news of difference(this.#room, before, after, said)) send(bus, news);
      return;
    }
    if (this.#told === null) {
      this.#told = before;
      setTimeout(() => this.#look(), PAUSE);
    }
    if (shown !== before) {
      this.#shown = shown;
      for (const { id } of [...switched(before, shown), ...switched(shown, after)])
        this.#sessions.set(id, shown);
    }
    this.#latest = after;
    for (const news of arrivals(before, after)) send(bus, news);
    const gone: Departures = departures(before, after);
    for (const news of [...gone.sessions, ...gone.rest]) send(bus, news);
    this.#remember(before, after);
  }

  /**
   * Who is not in the foreground any more hears that before the World is published, and so does the controller of who is
   * there now: it may be given devices next. Nobody else is told, and of nothing else.
   */
  switched(before: World, after: World): void {
    this.flush();
    for (const { id, active } of after.seats.values()) {
      const told = this.#fronts.has(id) ? this.#fronts.get(id) : before.seats.get(id)?.active;
      if (told === active) continue;
      this.#tellFront(after, told);
      const controlled = after.sessions.get(active ?? "")?.control ? active : null;
      this.#tellFront(after, controlled);
      this.#fronts.set(id, controlled);
    }
  }

  #tellFront(world: World, id: SessionId | null | undefined): void {
    const session = world.sessions.get(id ?? "");
    if (session === undefined) return;
    const target = { room: this.#room, world, session };
    this.#bus.changed(sessionPath(session.id), sessionInterface, target, ["Active", "State"]);
  }

  /** The World published last, with those in the foreground of whom sessions were told since. */
  #shownSince(before: World): World {
    if (this.#fronts.size === 0) return before;
    let { seats } = before;
    for (const [id, active] of this.#fronts) {
      const seat = seats.get(id);
      if (seat !== undefined) seats = seats.with(id, { ...seat, active });
    }
    this.#fronts.clear();
    return { ...before, seats };
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
      shown: this.#shown ?? told,
    };
    const { sessions, users, seats, manager } = changesOf(this.#room, told, latest, said);
    for (const news of [...sessions, ...users, ...seats, ...manager]) send(this.#bus, news);
    this.#sessions.clear();
    this.#users.clear();
    this.#seats.clear();
    this.#shown = null;
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

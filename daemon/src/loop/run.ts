/** One switch, one line per effect, calling a port. What a port throws becomes an event or a line in the log. */

import type { Effect } from "../core/effects.ts";
import { withBus } from "../core/env.ts";
import type { Event } from "../core/events.ts";
import type { ProcessIdentity, SessionId } from "../core/model.ts";
import { absent, errno, GONE, NO_CGROUPS, text } from "./failure.ts";
import type { Ports } from "./ports.ts";
import { InhibitorRunner } from "./run-inhibitors.ts";
import { SeatRunner } from "./run-seats.ts";
import { ServiceRunner } from "./run-services.ts";

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

/** What the World of now is made into. */
export type Making = Readonly<Record<"published" | "publishedSoon" | "switchPublished", () => void>> & {
  readonly seatWritten: (seat: string) => void;
};

export class Runner {
  readonly #ports: Ports;
  readonly #submit: (event: Event) => void;
  readonly #making: Making;
  readonly #services: ServiceRunner;
  readonly #inhibitors: InhibitorRunner;
  readonly #seats: SeatRunner;

  constructor(ports: Ports, submit: (event: Event) => void, making: Making) {
    this.#ports = ports;
    this.#submit = submit;
    this.#making = making;
    this.#services = new ServiceRunner(ports, submit);
    this.#inhibitors = new InhibitorRunner(ports, submit);
    this.#seats = new SeatRunner(ports, submit);
  }

  /** The effect is an attempt: its failure is said and nothing depends on it. */
  #attempt(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (errno(error) !== NO_CGROUPS && errno(error) !== GONE)
        this.#ports.log.warn(`cannot ${what}: ${text(error)}`);
    }
  }

  /** The effect reports back: one event when it worked, another when it did not. */
  #report(action: () => Event, failed: (error: unknown) => Event): void {
    let event: Event;
    try {
      event = action();
    } catch (error) {
      event = failed(error);
    }
    this.#submit(event);
  }

  #save({ session, answer }: Of<"session.save">): void {
    const { id } = session;
    try {
      this.#ports.store.saveSession(session);
    } catch (error) {
      this.#submit({ kind: "record.failed", at: this.#ports.clock.now(), id, error: text(error) });
      return;
    }
    if (answer) this.#submit({ kind: "record.saved", id });
  }

  #createRuntime({ uid, gid, bytes, inodes }: Of<"runtime.create">): void {
    this.#report(
      () => ({
        kind: "runtime.created",
        at: this.#ports.clock.now(),
        uid,
        directory: this.#ports.system.createRuntimeDirectory(uid, gid, bytes, inodes),
      }),
      (error) => ({ kind: "runtime.failed", at: this.#ports.clock.now(), uid, error: text(error) }),
    );
  }

  #removeRuntime({ uid, gid, directory }: Of<"runtime.remove">): void {
    this.#ports.system.removeRuntimeDirectory(uid, gid, directory, (error) => {
      if (error !== null)
        this.#ports.log.warn(`cannot remove the runtime directory of user ${uid}: ${error}`);
      this.#submit({ kind: "runtime.removed", at: this.#ports.clock.now(), uid });
    });
  }

  /** Three attempts; each failure but that of the absent control groups is told. */
  #make({ id, uid, leader, limits, lifetime }: Of<"session.make">): void {
    const { system } = this.#ports;
    const problems: string[] = [];
    const attempt = (action: () => void): boolean => {
      try {
        action();
        return true;
      } catch (error) {
        if (errno(error) !== NO_CGROUPS && errno(error) !== GONE) problems.push(text(error));
        return false;
      }
    };
    const scope = attempt(() => system.enterScope(id, uid, leader, limits));
    const held = lifetime && attempt(() => system.createLifetime(id, this.#lifetimeEnded(id, leader)));
    this.#watchLeader(id, leader);
    this.#submit({ kind: "session.made", at: this.#ports.clock.now(), id, scope, lifetime: held, problems });
  }

  #watchScope({ id, uid }: Of<"scope.watch">): void {
    try {
      this.#ports.system.watchScope(id, uid, () => this.#submit({ kind: "scope.emptied", id }));
    } catch (error) {
      // only an absent scope is an empty one; what else fails is tried again when the daemon looks again
      if (absent(error)) this.#submit({ kind: "scope.emptied", id });
      else this.#ports.log.warn(`cannot watch scope ${id}: ${text(error)}`);
    }
  }

  #removeScope({ id, uid }: Of<"scope.remove">): void {
    const { system, clock } = this.#ports;
    this.#report(
      () => {
        system.removeScope(id, uid);
        return { kind: "scope.removed", at: clock.now(), id };
      },
      (error) =>
        absent(error) ? { kind: "scope.removed", at: clock.now(), id } : { kind: "scope.busy", id },
    );
  }

  #lifetimeEnded(id: SessionId, leader: ProcessIdentity): () => void {
    const { system, clock } = this.#ports;
    return () =>
      this.#submit({ kind: "lifetime.ended", at: clock.now(), id, executable: system.executableOf(leader) });
  }

  #resumeLifetime({ id, leader }: Of<"lifetime.resume">): void {
    const ended = this.#lifetimeEnded(id, leader);
    try {
      this.#ports.system.resumeLifetime(id, ended);
    } catch (error) {
      this.#ports.log.warn(`cannot open the lifetime FIFO of session ${id} again: ${text(error)}`);
      ended();
    }
  }

  #watchLeader(id: SessionId, leader: ProcessIdentity): void {
    const { system, clock, log } = this.#ports;
    const exited = () => this.#submit({ kind: "leader.exited", at: clock.now(), id });
    try {
      system.watchLeader(id, leader, exited);
    } catch (error) {
      if (errno(error) !== GONE) log.warn(`cannot watch the leader of session ${id}: ${text(error)}`);
      else exited();
    }
  }

  #reserve({ below }: Of<"ids.reserve">): void {
    try {
      this.#ports.store.reserveIds(below);
    } catch (error) {
      this.#ports.log.error(`cannot reserve session ids: ${text(error)}`);
      return;
    }
    this.#submit({ kind: "ids.reserved", below });
  }

  #openReply({ requester, result }: Of<"open.reply">): void {
    const bus = "environment" in result && this.#hasBus(result.environment.get("XDG_RUNTIME_DIR"));
    const complete = bus ? { ...result, environment: withBus(result.environment) } : result;
    this.#ports.replies[requester.room].openReply(requester.call, complete);
  }

  #hasBus(directory: string | undefined): boolean {
    const uid = Number(directory?.split("/").at(-1) || Number.NaN);
    return Number.isInteger(uid) && this.#ports.system.hasRuntimeSocket(uid, "bus");
  }

  // biome-ignore lint/complexity/noExcessiveLinesPerFunction: the table of contents of all effects.
  run(effect: Effect): void {
    switch (effect.kind) {
      case "ids.reserve":
        return this.#reserve(effect);
      case "session.save":
        return this.#save(effect);
      case "session.erase":
        return this.#attempt(`erase the record of session ${effect.id}`, () =>
          this.#ports.store.eraseSession(effect.id),
        );
      case "user.save":
        return this.#attempt(`record user ${effect.user.uid}`, () => this.#ports.store.saveUser(effect.user));
      case "user.erase":
        return this.#attempt(`erase the record of user ${effect.uid}`, () =>
          this.#ports.store.eraseUser(effect.uid),
        );
      case "runtime.create":
        return this.#createRuntime(effect);
      case "runtime.remove":
        return this.#removeRuntime(effect);
      case "slice.create":
        return this.#attempt(`make the slice of user ${effect.uid}`, () =>
          this.#ports.system.createSlice(effect.uid, effect.limits),
        );
      case "slice.limit":
        return this.#attempt(`limit the slice of user ${effect.uid}`, () =>
          this.#ports.system.limitSlice(effect.uid, effect.limits),
        );
      case "slice.remove":
        return this.#attempt(`remove the slice of user ${effect.uid}`, () =>
          this.#ports.system.removeSlice(effect.uid),
        );
      case "session.make":
        return this.#make(effect);
      case "scope.watch":
        return this.#watchScope(effect);
      case "scope.signal":
        return this.#attempt(`signal session ${effect.id}`, () =>
          this.#ports.system.signalScope(effect.id, effect.uid, effect.signal, effect.except),
        );
      case "scope.kill":
        return this.#attempt(`kill session ${effect.id}`, () =>
          this.#ports.system.killScope(effect.id, effect.uid),
        );
      case "scope.remove":
        return this.#removeScope(effect);
      case "lifetime.resume":
        return this.#resumeLifetime(effect);
      case "lifetime.drop":
        return this.#attempt(`drop the lifetime FIFO of session ${effect.id}`, () =>
          this.#ports.system.dropLifetime(effect.id),
        );
      case "leader.watch":
        return this.#watchLeader(effect.id, effect.leader);
      case "leader.unwatch":
        return this.#ports.system.unwatchLeader(effect.id);
      case "leader.signal":
        return this.#attempt(`signal the leader ${effect.leader.pid}`, () =>
          this.#ports.system.signalProcess(effect.leader, effect.signal),
        );
      case "manager.start":
        return this.#services.start(effect);
      case "manager.adopt":
        return this.#services.adopt(effect);
      case "manager.order":
        return this.#services.order(effect);
      case "manager.signal":
        return this.#services.signal(effect);
      case "manager.kill":
        return this.#services.kill(effect);
      case "manager.clean":
        return this.#services.clean(effect);
      case "manager.environment":
        return this.#services.tellEnvironment(effect);
      case "manager.graphical":
        return this.#services.tellGraphical(effect);
      case "manager.erase":
        return this.#services.erase(effect);
      case "user.lookUp":
        return this.#services.lookUp(effect);
      case "linger.save":
        return this.#services.saveLinger(effect);
      case "session.lock":
        return this.#ports.login1.lock(effect.id, effect.lock);
      case "inhibit.create":
        return this.#inhibitors.create(effect);
      case "inhibitor.watch":
        return this.#inhibitors.watch(effect);
      case "inhibitor.drop":
        return this.#attempt(`remove the FIFO of inhibitor ${effect.id}`, () =>
          this.#ports.system.dropInhibitor(effect.id),
        );
      case "inhibitor.erase":
        return this.#attempt(`erase the record of inhibitor ${effect.id}`, () =>
          this.#ports.store.eraseInhibitor(effect.id),
        );
      case "timer.set":
        return this.#ports.clock.setTimer(effect.timer, effect.afterMs, () =>
          this.#submit({ kind: "timer.fired", at: this.#ports.clock.now(), timer: effect.timer }),
        );
      case "timer.cancel":
        return this.#ports.clock.cancelTimer(effect.timer);
      case "state.write":
        return this.#making.seatWritten(effect.seat);
      case "publish":
        return this.#making.published();
      case "publish.soon":
        return this.#making.publishedSoon();
      case "publish.switch":
        return this.#making.switchPublished();
      case "open.reply":
        return this.#openReply(effect);
      case "call.reply":
        return this.#ports.replies[effect.requester.room].callReply(effect.requester.call, effect.result);
      case "inhibit.reply":
        return this.#ports.login1.inhibitReply(effect.requester.call, effect.result);
      case "log":
        return this.#ports.log[effect.level](effect.message);
      default:
        return this.#seats.run(effect);
    }
  }
}

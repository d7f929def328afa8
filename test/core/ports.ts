/** The ports of a simulated daemon: each call is one it may be killed before, and some check what must be true by then. */

import type { OpenResult } from "../../daemon/src/core/effects.ts";
import type { ManagerNews, World } from "../../daemon/src/core/model.ts";
import type { ManagerOrder, Ports } from "../../daemon/src/loop/ports.ts";
import { renderSession } from "../../daemon/src/store/render.ts";
import { renderInhibitor } from "../../daemon/src/store/render-inhibitor.ts";
import { renderSeat } from "../../daemon/src/store/render-seat.ts";
import { renderUser } from "../../daemon/src/store/render-user.ts";
import { BOOT, checksum, GID } from "./machine.ts";
import { brokenAlways } from "./seat-invariants.ts";
import type { Simulation } from "./simulation.ts";

const NOTHING = () => {};
const SIGKILL = 9;

export class DaemonPorts {
  readonly #machine: Simulation;
  /** FIFOs whose write end the daemon still holds itself. */
  readonly #ungranted = new Set<string>();

  constructor(machine: Simulation) {
    this.#machine = machine;
  }

  get all(): Ports {
    const machine = this.#machine;
    const reply = this.#replyPort();
    const alive = (action: () => void) => this.#alive(action);
    return {
      store: this.#storePort(),
      system: { ...this.#sessionPorts(), ...this.#managerPorts(), ...machine.seats.systemPort(alive) },
      clock: {
        now: () => machine.instant(),
        setTimer: (timer, afterMs, fired) => this.#alive(() => machine.setTimer(timer, afterMs, fired)),
        cancelTimer: (timer) => this.#alive(() => machine.cancelTimer(timer)),
        soon: (action) => machine.report(action),
      },
      log: { info: NOTHING, warn: NOTHING, error: NOTHING },
      replies: { pam: reply, control: reply, login1: this.#busReplyPort(), seatd: this.#seatdReplyPort() },
      login1: {
        inhibitReply: (call, result) => this.#alive(() => machine.bus.inhibitAnswered(call, result)),
        lock: NOTHING,
        ...machine.seats.login1Port(alive),
      },
      seatd: machine.seats.seatdPort(alive),
      writeState: (_before, after) =>
        this.#alive(() => {
          this.#machine.readable = after;
        }),
      writeSeatState: (world) =>
        this.#alive(() => {
          this.#machine.readable = world;
        }),
      publishSwitch: () => this.#alive(NOTHING),
      publish: (before, after) => this.#alive(() => this.#announce(before, after)),
    };
  }

  /** Nothing happens that the daemon does not live to do. */
  #alive(action: () => void): void {
    if (this.#machine.burn()) action();
  }

  #announce(before: World, after: World): void {
    this.#machine.published = after;
    this.#machine.seats.wrongs.push(...brokenAlways(this.#machine, after));
    const { types } = this.#machine.bus;
    for (const { id, type } of after.sessions.values()) if (!types.has(id)) types.set(id, type);
    for (const change of after.sessions.since(before.sessions)) {
      const id = change.after?.id ?? change.before?.id ?? "";
      if (change.before === undefined)
        this.#machine.announced.set(id, (this.#machine.announced.get(id) ?? 0) + 1);
      if (change.after === undefined)
        this.#machine.announced.set(id, (this.#machine.announced.get(id) ?? 0) - 1);
    }
  }

  #write(key: string, text: string): void {
    this.#alive(() => {
      this.#machine.needSpace(key);
      this.#machine.disk.set(key, text);
    });
  }

  #storePort(): Ports["store"] {
    return {
      reserveIds: (below) => this.#write("next-id", String(below)),
      saveSession: (session) => this.#write(`sessions/${session.id}`, renderSession(session, BOOT, checksum)),
      eraseSession: (id) => this.#alive(() => void this.#machine.disk.delete(`sessions/${id}`)),
      saveInhibitor: (inhibitor) =>
        this.#write(`inhibitors/${inhibitor.id}`, renderInhibitor(inhibitor, BOOT, checksum)),
      eraseInhibitor: (id) => this.#alive(() => void this.#machine.disk.delete(`inhibitors/${id}`)),
      saveUser: (user) => this.#write(`users/${user.uid}`, renderUser(user, BOOT, checksum)),
      saveSeat: (seat) => this.#write(`seats/${seat.id}`, renderSeat(seat, BOOT, checksum)),
      eraseSeat: (id) => this.#alive(() => void this.#machine.disk.delete(`seats/${id}`)),
      eraseUser: (uid) => this.#alive(() => this.#forgetUser(uid)),
      saveLinger: (uid, name, done) =>
        this.#alive(() => {
          this.#machine.needSpace("linger");
          this.#machine.lingering.set(uid, name);
          this.#machine.excused.delete(uid);
          this.#machine.report(() => done(null));
        }),
      eraseLinger: (uid, done) =>
        this.#alive(() => {
          this.#machine.lingering.delete(uid);
          this.#machine.report(() => done(null));
        }),
    };
  }

  #forgetUser(uid: number): void {
    if (this.#machine.managers.runs.has(uid))
      this.#machine.managers.wrongs.push(`user ${uid} was erased before the manager`);
    if (this.#machine.managers.logs.has(uid))
      this.#machine.managers.wrongs.push(`user ${uid} was erased before the log`);
    this.#machine.disk.delete(`users/${uid}`);
    this.#machine.logins.forgotten(uid);
  }

  /** Checks what must be there before a manager may be. */
  #startManager(order: ManagerOrder, told: (news: ManagerNews) => void): void {
    const { uid, gid } = order;
    const { wrongs } = this.#machine.managers;
    if (!this.#machine.runtime.has(uid))
      wrongs.push(`a manager of ${uid} was started without a runtime directory`);
    if (gid !== GID) wrongs.push(`a manager of ${uid} was started with a guessed group`);
    const state = this.#machine.storedUser(uid)?.manager.state;
    if (!this.#machine.isDiskFull && state !== "starting")
      wrongs.push(`a manager of ${uid} was started unrecorded: ${state}`);
    this.#machine.managers.start(order, this.#listen(uid, told));
  }

  #listen(uid: number, told: (news: ManagerNews) => void): (news: ManagerNews) => void {
    return (news) => {
      if (news.state === "running") this.#machine.logins.ran(uid);
      told(news);
    };
  }

  #managerPorts() {
    const { managers } = this.#machine;
    return {
      startManager: (order, told) => this.#alive(() => this.#startManager(order, told)),
      adoptManager: (uid, told) => this.#alive(() => managers.adopt(uid, this.#listen(uid, told))),
      orderManager: (uid, order) => this.#alive(() => managers.order(uid, order)),
      tellEnvironment: (uid, set, unset) => this.#alive(() => managers.environment(uid, set, unset)),
      tellGraphical: (uid, phase) => this.#alive(() => managers.graphical(uid, phase)),
      signalManager: NOTHING,
      killManager: (uid) => this.#alive(() => managers.kill(uid)),
      cleanManager: (uid, cleaned) => this.#alive(() => managers.clean(uid, cleaned)),
      eraseManager: (uid) => this.#alive(() => void managers.logs.delete(uid)),
      lookUpUser: (uid, found) =>
        this.#alive(() => {
          const account = this.#machine.account(uid);
          this.#machine.report(() => found(account));
        }),
    } satisfies Partial<Ports["system"]>;
  }

  #watch(ready: () => boolean, run: () => void): void {
    this.#alive(() => this.#machine.watch(ready, run));
  }

  #sessionPorts() {
    return {
      createRuntimeDirectory: (uid) => {
        this.#alive(() => this.#mount(uid));
        return "tmpfs";
      },
      removeRuntimeDirectory: (uid, _gid, _kind, done) =>
        this.#alive(() => {
          if (this.#machine.managers.runs.has(uid))
            this.#machine.managers.wrongs.push(
              `the runtime directory of ${uid} was removed before the manager`,
            );
          this.#machine.runtime.delete(uid);
          this.#machine.report(() => done(null));
        }),
      createSlice: NOTHING,
      limitSlice: NOTHING,
      removeSlice: NOTHING,
      enterScope: (id, uid, leader) => this.#alive(() => this.#machine.enter(id, uid, leader)),
      watchScope: (id, _uid, emptied) => this.#watch(() => !this.#machine.scopePopulated(id), emptied),
      signalScope: (_id, _uid, signal) => this.#alive(() => void this.#machine.signals.push(signal)),
      killScope: (id) =>
        this.#alive(() => {
          for (const process of this.#machine.processes.values())
            if (process.scope === id) this.#machine.exit(process);
        }),
      removeScope: (id) => this.#alive(() => void this.#machine.scopes.delete(id)),
      createLifetime: (id, ended) => {
        this.#alive(() => {
          this.#machine.fifos.add(id);
          this.#ungranted.add(id);
        });
        this.#watch(
          () => this.#machine.fifos.has(id) && !this.#machine.fifoHeld(id) && !this.#ungranted.has(id),
          ended,
        );
      },
      resumeLifetime: (id, ended) =>
        this.#watch(() => this.#machine.fifos.has(id) && !this.#machine.fifoHeld(id), ended),
      dropLifetime: (id) => this.#alive(() => void this.#machine.fifos.delete(id)),
      createInhibitor: (id) =>
        this.#alive(() => {
          if (this.#machine.inhibitorFifos.has(id))
            this.#machine.bus.wrongs.push(`inhibitor ${id} is there already`);
          this.#machine.inhibitorFifos.add(id);
        }),
      watchInhibitor: (id, ended) =>
        this.#watch(() => this.#machine.inhibitorFifos.has(id) && !this.#machine.inhibitorHeld(id), ended),
      dropInhibitor: (id) => this.#alive(() => void this.#machine.inhibitorFifos.delete(id)),
      watchLeader: (_id, leader, exited) =>
        this.#watch(() => !this.#machine.processes.get(leader.pid)?.alive, exited),
      unwatchLeader: NOTHING,
      signalProcess: ({ pid }, signal) =>
        this.#alive(() => {
          const process = this.#machine.processes.get(pid);
          if (signal === SIGKILL && process !== undefined) this.#machine.exit(process);
          else this.#machine.signals.push(signal);
        }),
      executableOf: (process) => {
        const found = this.#machine.processes.get(process.pid);
        return found?.alive ? found.executable : "";
      },
      hasRuntimeSocket: () => false,
    } satisfies Partial<Ports["system"]>;
  }

  /** One that is there is kept. */
  #mount(uid: number): void {
    const { mountFails, runtime } = this.#machine;
    if (mountFails && !runtime.has(uid)) throw Object.assign(new Error("mount: ENOMEM"), { errno: "ENOMEM" });
    runtime.set(uid, "tmpfs");
  }

  #busReplyPort(): Ports["replies"]["login1"] {
    return {
      openReply: NOTHING,
      callReply: (call, { ok }) =>
        this.#alive(() => {
          if (!this.#machine.seats.clients.answered(call, ok)) this.#machine.bus.answered(call);
        }),
    };
  }

  #seatdReplyPort(): Ports["replies"]["seatd"] {
    const { clients } = this.#machine.seats;
    return {
      openReply: NOTHING,
      callReply: (call, { ok }) =>
        this.#alive(() => {
          if (!clients.answered(call, ok))
            clients.wrongs.push(`call ${call} was answered without a question`);
        }),
    };
  }

  #replyPort(): Ports["replies"]["pam"] {
    return {
      openReply: (call, result) => this.#alive(() => this.#answer(call, result)),
      callReply: () => {},
    };
  }

  #answer(call: number, result: OpenResult): void {
    this.#machine.answers.push({ call, result });
    this.#machine.logins.answered(call, result);
    if (result.outcome !== "opened") return;
    const { session } = result;
    this.#ungranted.delete(session.id);
    const stored = this.#machine.storedSession(session.id);
    if (stored?.stage.phase !== "running")
      throw new Error(`session ${session.id} was granted before it was recorded`);
    const leader = this.#machine.processes.get(session.leader.pid);
    if (leader?.alive && leader.scope !== session.id)
      throw new Error(`session ${session.id} was granted outside its scope`);
    if (result.lifetime && leader?.alive) leader.writes.add(session.id);
  }
}

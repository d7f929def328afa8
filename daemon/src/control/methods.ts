/** What each method of org.sessionman.Login does: questions are answered from the World, orders go to the core. */

import { sessionOfProcess } from "../core/belonging.ts";
import type { OpenResult } from "../core/effects.ts";
import type { Account, Event } from "../core/events.ts";
import type { Instant, Session, SessionId, World } from "../core/model.ts";
import { isUid } from "../core/names.ts";
import { mayControl } from "../core/policy.ts";
import { allUsers } from "../core/select.ts";
import { type Kernel, KernelError, processOrNull } from "../kernel/kernel.ts";
import { type Failure, invalidParameter } from "../varlink/errors.ts";
import { type Ask, settle } from "./ask.ts";
import { Devices } from "./devices.ts";
import { failed, failure, refused } from "./errors.ts";
import { explain } from "./explain.ts";
import type { Method, SessionRecord } from "./interface.ts";
import { Lists } from "./lists.ts";
import { callerOf, registration, userOf } from "./register.ts";
import { renderSession, renderUser } from "./render.ts";
import { Seats } from "./seats.ts";
import { UserServices } from "./services.ts";
import { visible } from "./visible.ts";

export interface MethodsOptions {
  readonly kernel: Kernel;
  readonly world: () => World;
  /** What monitoring clients were told last. */
  readonly published: () => World;
  readonly submit: (event: Event) => void;
  readonly now: () => Instant;
  readonly version: string;
}

const SIGNAL_MAX = 64;

type Handlers = { readonly [Name in Method]: (ask: Ask<Name>) => void };

export class Methods implements Handlers {
  readonly #options: MethodsOptions;
  readonly #kernel: Kernel;
  readonly #lists: Lists;
  readonly #services: UserServices;
  readonly #seats: Seats;
  readonly #devices: Devices;

  constructor(options: MethodsOptions) {
    this.#options = options;
    this.#kernel = options.kernel;
    this.#lists = new Lists(options.kernel);
    this.#services = new UserServices(options);
    this.#seats = new Seats(options);
    this.#devices = new Devices(options);
  }

  ListSessions(ask: Ask<"ListSessions">): void {
    ask.replyText(this.#lists.sessions(this.#options.world()));
  }

  ListUsers(ask: Ask<"ListUsers">): void {
    const world = this.#options.world();
    ask.reply({ users: allUsers(world).map((user) => renderUser(world, user, this.#kernel)) });
  }

  GetSession(ask: Ask<"GetSession">): void {
    const session = this.#find(ask, ask.parameters.id);
    if (session === null) return;
    const processes = visible(ask.peer, session.uid, () =>
      this.#kernel.scopeProcesses(session.id, session.uid),
    );
    ask.reply({ session: this.#render(session), processes });
  }

  GetUser(ask: Ask<"GetUser">): void {
    const world = this.#options.world();
    const { uid } = ask.parameters;
    const user = isUid(uid) ? world.users.get(uid) : undefined;
    if (user === undefined) return ask.refuse(failure("NoSuchUser", { uid }));
    const processes = visible(ask.peer, uid, () => this.#kernel.sliceProcesses(uid));
    ask.reply({ user: renderUser(world, user, this.#kernel), processes });
  }

  GetSessionByProcess(ask: Ask<"GetSessionByProcess">): void {
    const pid = ask.parameters.pid ?? 0;
    if (pid < 0) return ask.refuse(invalidParameter("pid"));
    const id = this.#sessionOf(pid === 0 ? ask.peer.pid : pid);
    if (typeof id !== "string") return ask.refuse(id);
    const session = this.#find(ask, id);
    if (session !== null) ask.reply({ session: this.#render(session) });
  }

  Explain(ask: Ask<"Explain">): void {
    const session = this.#find(ask, ask.parameters.id);
    if (session === null) return;
    const maySee = mayControl(callerOf(ask.peer), session.uid);
    ask.reply(explain(this.#options.world(), session, this.#kernel, maySee));
  }

  GetStatus(ask: Ask<"GetStatus">): void {
    const { sessions, users } = this.#options.world();
    ask.reply({
      version: this.#options.version,
      pid: process.pid,
      sessions: sessions.size,
      users: users.size,
      cgroup: this.#kernel.slicePath(0)?.replace(/\/[^/]*$/, "") ?? null,
      degraded: this.#kernel.degraded(),
    });
  }

  Monitor(ask: Ask<"Monitor">): void {
    ask.watch(this.#lists.snapshot(this.#options.published()));
  }

  TerminateSession(ask: Ask<"TerminateSession">): void {
    const { id } = ask.parameters;
    const caller = callerOf(ask.peer);
    const at = this.#options.now();
    ask.order((requester) => ({ kind: "session.terminateRequested", at, requester, id, caller }), {
      call: (result) => settle(ask, result, { id, uid: 0 }, {}),
    });
  }

  TerminateUser(ask: Ask<"TerminateUser">): void {
    const { uid } = ask.parameters;
    if (!isUid(uid)) return ask.refuse(failure("NoSuchUser", { uid }));
    const caller = callerOf(ask.peer);
    const at = this.#options.now();
    ask.order((requester) => ({ kind: "user.terminateRequested", at, requester, uid, caller }), {
      call: (result) => settle(ask, result, { id: "", uid }, {}),
    });
  }

  SetLinger(ask: Ask<"SetLinger">): void {
    this.#services.setLinger(ask);
  }

  ListLinger(ask: Ask<"ListLinger">): void {
    this.#services.listLinger(ask);
  }

  GetUserLog(ask: Ask<"GetUserLog">): void {
    this.#services.giveLog(ask);
  }

  ImportEnvironment(ask: Ask<"ImportEnvironment">): void {
    const from = this.#sessionOf(ask.peer.pid);
    this.#services.importEnvironment(ask, typeof from === "string" ? from : null);
  }

  ListSeats(ask: Ask<"ListSeats">): void {
    this.#seats.list(ask);
  }

  GetSeat(ask: Ask<"GetSeat">): void {
    this.#seats.show(ask);
  }

  ActivateSession(ask: Ask<"ActivateSession">): void {
    const session = this.#find(ask, ask.parameters.id);
    if (session !== null) this.#seats.activate(ask, session, this.#sessionOf(ask.peer.pid));
  }

  SwitchTo(ask: Ask<"SwitchTo">): void {
    this.#seats.switchTo(ask, ask.parameters.place, this.#sessionOf(ask.peer.pid));
  }

  SwitchToNext(ask: Ask<"SwitchToNext">): void {
    this.#seats.switchTo(ask, "next", this.#sessionOf(ask.peer.pid));
  }

  SwitchToPrevious(ask: Ask<"SwitchToPrevious">): void {
    this.#seats.switchTo(ask, "previous", this.#sessionOf(ask.peer.pid));
  }

  LockSession(ask: Ask<"LockSession">): void {
    this.#seats.lock(ask, true);
  }

  UnlockSession(ask: Ask<"UnlockSession">): void {
    this.#seats.lock(ask, false);
  }

  AttachDevice(ask: Ask<"AttachDevice">): void {
    this.#devices.attach(ask);
  }

  FlushDevices(ask: Ask<"FlushDevices">): void {
    this.#devices.flush(ask);
  }

  ExplainDevice(ask: Ask<"ExplainDevice">): void {
    this.#devices.explain(ask);
  }

  KillSession(ask: Ask<"KillSession">): void {
    const { id, whom, signal } = ask.parameters;
    if (signal < 1 || signal > SIGNAL_MAX) return ask.refuse(invalidParameter("signal"));
    const caller = callerOf(ask.peer);
    ask.order((requester) => ({ kind: "session.killRequested", requester, id, caller, whom, signal }), {
      call: (result) => settle(ask, result, { id, uid: 0 }, {}),
    });
  }

  Deregister(ask: Ask<"Deregister">): void {
    const id = ask.parameters.id ?? this.#sessionOf(ask.peer.pid);
    if (typeof id !== "string") return ask.refuse(id);
    const caller = callerOf(ask.peer);
    const at = this.#options.now();
    ask.order(
      (requester) => ({ kind: "session.closeRequested", at, requester, id, caller, reason: "deregistered" }),
      { call: (result) => settle(ask, result, { id, uid: 0 }, { id }) },
    );
  }

  Register(ask: Ask<"Register">): void {
    const uid = userOf(ask.parameters, ask.peer);
    if (typeof uid !== "number") return ask.refuse(uid);
    this.#kernel.lookUpUser(uid, (user) => {
      ask.resume(() => this.#registerUser(ask, uid, user));
    });
  }

  /** The leader is read only now: during the look-up its pid may have become another process's. */
  #registerUser(ask: Ask<"Register">, uid: number, user: Account | null): void {
    if (user === null) return ask.refuse(failure("NoSuchUser", { uid }));
    const event = registration(ask.parameters, ask.peer, user, this.#kernel);
    if (!("kind" in event)) return ask.refuse(event);
    const at = this.#options.now();
    ask.order((requester) => ({ ...event, at, requester }), { open: (result) => this.#opened(ask, result) });
  }

  #opened(ask: Ask<"Register">, result: OpenResult): void {
    switch (result.outcome) {
      case "opened":
        return this.#grant(ask, result);
      case "existing":
        return ask.refuse(failure("AlreadyInSession", { id: result.id }));
      case "none":
        return ask.refuse(failed("register a session: class none and the service sessionman-user have none"));
      case "refused":
        return ask.refuse(refused(result.refusal, { id: "", uid: ask.peer.uid }, result.message));
    }
  }

  #grant(ask: Ask<"Register">, result: Extract<OpenResult, { outcome: "opened" }>): void {
    const reply = {
      session: this.#render(result.session),
      environment: Object.fromEntries(result.environment),
    };
    if (!result.lifetime) return ask.reply(reply);
    try {
      ask.reply(reply, () => this.#kernel.openLifetime(result.session.id));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.withdraw(result.session.id);
      ask.refuse(failed(`give session ${result.session.id} its lifetime fd: ${error.message}`));
    }
  }

  /** Ends a session that was opened for a client that is not there any more to have it. */
  withdraw(id: string): void {
    this.#options.submit({
      kind: "session.closeRequested",
      at: this.#options.now(),
      requester: { room: "control", call: 0 },
      id,
      caller: { uid: 0, pid: 0 },
      reason: "deregistered",
    });
  }

  #render(session: Session): SessionRecord {
    return renderSession(this.#options.world(), session, this.#kernel);
  }

  #find(ask: Ask<Method>, id: string): Session | null {
    const session = this.#options.world().sessions.get(id);
    if (session !== undefined) return session;
    ask.refuse(failure("NoSuchSession", { id }));
    return null;
  }

  /** The session that a process is in, or the answer where it is in none. */
  #sessionOf(pid: number): SessionId | Failure {
    const found = sessionOfProcess(this.#options.world(), (at) => processOrNull(this.#kernel, at), pid);
    return found?.id ?? failure("NotInSession", { pid });
  }
}

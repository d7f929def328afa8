/**
 * Serves org.freedesktop.login1 on the system bus. Who asks is what the bus says of the connection. Without a bus the
 * rest of the daemon goes on, and when one comes it finds the same sessions.
 */

import type { Bus } from "../bus/bus.ts";
import type { Call, Caller } from "../bus/call.ts";
import { createPolkit } from "../bus/polkit.ts";
import { createBus } from "../bus/system-bus.ts";
import type { Interface } from "../bus/table.ts";
import { isActive } from "../core/display.ts";
import type { Event } from "../core/events.ts";
import type { Instant, Requester, SessionId, World } from "../core/model.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Login1Port, LogPort, ReplyPort } from "../loop/ports.ts";
import { Announcer } from "./announcer.ts";
import { Authority } from "./authority.ts";
import type { ControllerSignals, Outlet } from "./controller-signals.ts";
import type { LogControl } from "./log-control.ts";
import { managerInterface } from "./manager.ts";
import { Orders } from "./orders.ts";
import { MANAGER_PATH, SERVICE, sessionPath } from "./paths.ts";
import type { Room } from "./room.ts";
import { sessionInterface } from "./session.ts";
import { Tracker } from "./tracking.ts";
import { createLogin1Tree } from "./tree.ts";

export interface Login1Options {
  readonly kernel: Room["kernel"] & Pick<Kernel, "connect">;
  /** Path of the bus. */
  readonly socket: string;
  readonly submit: (event: Event) => void;
  readonly world: () => World;
  readonly now: () => Instant;
  readonly log: LogPort & LogControl;
  /** Reads the configuration again. */
  readonly reload: () => void;
  readonly controllers: ControllerSignals;
  /** Another one for each order. */
  readonly requester: () => Requester;
  /** Nobody has the session that was opened. */
  readonly unclaimed: (id: SessionId) => void;
}

export interface Login1 {
  readonly port: ReplyPort & Login1Port;
  /** To be told of each published World and the one before it. */
  published(before: World, after: World): void;
  /** To be told who is in the foreground before the World is published. */
  switched(before: World, after: World): void;
  /** All that was there before is known: from now on callers are answered. */
  start(): void;
}

export function createLogin1(options: Login1Options): Login1 {
  return new Server(options);
}

class Server implements Login1 {
  readonly port: ReplyPort & Login1Port;
  readonly #options: Login1Options;
  readonly #room: Room;
  readonly #bus: Bus;
  readonly #announcer: Announcer;
  /** Unique names whose end the core is told of. */
  readonly #controllers = new Set<string>();

  constructor(options: Login1Options) {
    const { kernel, world, submit, log, now } = options;
    const { requester, unclaimed } = options;
    const orders = new Orders({ submit, log, requester, unclaimed });
    this.#options = options;
    this.#room = {
      kernel,
      world,
      now,
      orders,
      authority: new Authority({ check: (question) => polkit.check(question) }),
      tracker: new Tracker(kernel, world),
      wall: { enabled: true, message: "" },
      bus: () => this.#bus.guid ?? "",
      watchController: ({ caller }: Call) => this.#watch(caller),
      reload: options.reload,
      logControl: log,
      prepareForSleep: (start) => this.#emit(managerInterface, MANAGER_PATH, "PrepareForSleep", [start]),
    };
    this.#bus = createBus({
      kernel,
      path: options.socket,
      name: SERVICE,
      tree: createLogin1Tree(this.#room),
      log,
      connected: () => void this.#connected(),
    });
    const polkit = createPolkit(this.#bus);
    options.controllers.use(this.#outlet());
    this.#announcer = new Announcer(this.#room, this.#bus);
    this.port = {
      openReply: (call, result) => this.#afterNews(() => orders.openReply(call, result)),
      callReply: (call, result) => this.#afterNews(() => orders.callReply(call, result)),
      inhibitReply: (call, result) => this.#afterNews(() => orders.inhibitReply(call, result)),
      takeReply: (call, result) => this.#afterNews(() => orders.takeReply(call, result)),
      paused: (...word) => this.#afterNews(() => options.controllers.paused(...word)),
      resumed: (...word) => this.#afterNews(() => options.controllers.resumed(...word)),
      lock: (id, lock) => this.#emit(sessionInterface, sessionPath(id), lock ? "Lock" : "Unlock", []),
    };
  }

  start(): void {
    this.#bus.start();
    this.#bus.ready();
  }

  published(before: World, after: World): void {
    if (this.#bus.guid !== null) this.#announcer.published(before, after);
  }

  switched(before: World, after: World): void {
    if (this.#bus.guid !== null) this.#announcer.switched(before, after);
  }

  /** Whoever has an answer has heard of what it brought about. */
  #afterNews(answer: () => void): void {
    this.#announcer.flush();
    answer();
  }

  #emit<T>(table: Interface<T>, path: string, signal: string, body: readonly boolean[]): void {
    this.#bus.emit(path, table as Interface<never>, signal, body);
  }

  #outlet(): Outlet {
    const bus = this.#bus;
    return {
      get guid() {
        return bus.guid;
      },
      tell: (id, signal) =>
        bus.tell({ ...signal, path: sessionPath(id), table: sessionInterface as Interface<never> }),
    };
  }

  /** Controllers of an earlier connection, or of an earlier daemon, are still there if the bus knows them. */
  async #connected(): Promise<void> {
    const bus = this.#bus.guid;
    if (bus === null) return;
    const controls = [...this.#options.world().sessions.values()].flatMap((each) => each.control ?? []);
    if (controls.length === 0) return this.#options.controllers.flush();
    const names = controls.flatMap((control) => (control.bus === bus ? [control.name] : []));
    const callers = await Promise.all(names.map((name) => this.#bus.lookUp(name)));
    if (this.#bus.guid !== bus) return;
    const present = callers.filter((caller) => caller !== null);
    for (const caller of present) this.#watch(caller);
    const known = new Set(present.map(({ name }) => name));
    this.#remind(known, true);
    this.#options.controllers.flush();
    this.#options.submit({ kind: "bus.connected", at: this.#options.now(), bus, names: known });
    this.#remind(known, false);
  }

  /**
   * Who is in front may have changed while nobody told of it, and there are controllers that go by that alone. As at a
   * switch, it comes before live devices and after muted ones.
   */
  #remind(controllers: ReadonlySet<string>, active: boolean): void {
    const world = this.#options.world();
    for (const session of world.sessions.values()) {
      if (!controllers.has(session.control?.name ?? "") || isActive(world, session) !== active) continue;
      const target = { room: this.#room, world, session };
      this.#bus.changed(sessionPath(session.id), sessionInterface, target, ["Active", "State"]);
    }
  }

  #watch(caller: Caller): void {
    const { name } = caller;
    if (this.#controllers.has(name)) return;
    this.#controllers.add(name);
    caller.whenGone(() => {
      this.#controllers.delete(name);
      this.#options.submit({ kind: "bus.nameLost", at: this.#options.now(), name });
    });
  }
}

/** Seats of a simulated machine: its hardware, its keeper and its controllers, and the daemon's way to them. */

import type { Device } from "../../daemon/src/core/seat-model.ts";
import type { Ports } from "../../daemon/src/loop/ports.ts";
import type { GettyOrder } from "../../daemon/src/loop/seat-ports.ts";
import { Clients } from "./clients.ts";
import { Hardware, type OpenFile } from "./hardware.ts";
import { KeeperModel } from "./keeper-model.ts";
import type { Simulation } from "./simulation.ts";

/** Udev's helper may be late with what it read. */
const HELPER_MS = 300;
const GRAB_MS = 400;

export class Seats {
  readonly hardware: Hardware;
  readonly keeper: KeeperModel;
  readonly clients: Clients;
  readonly wrongs: string[] = [];
  /** Nothing moves by itself: the history says when. */
  lazy = false;
  /** What udev has told and nobody has read. */
  #udev: { readonly changed: readonly Device[]; readonly removed: readonly string[] }[] = [];
  /** No daemon has given it an order. */
  #freshKeeper = false;
  /** The card that is. */
  #grabbed = "";
  /** The screen has changed since anybody looked. */
  #moved = false;
  #heard = 0;
  /** Open files that came with answers and were not fetched. */
  #descriptors = new Map<number, OpenFile>();
  readonly #machine: Simulation;

  constructor(machine: Simulation, activeVt: number) {
    this.#machine = machine;
    this.hardware = new Hardware(activeVt);
    this.keeper = new KeeperModel(this.hardware, (pid) => {
      const process = machine.processes.get(pid);
      if (process !== undefined) machine.exit(process);
    });
    this.clients = new Clients(machine);
  }

  get hasVts(): boolean {
    return this.hardware.activeVt !== 0;
  }

  /** Somebody presses Ctrl-Alt-Fn, or a program asks for it. */
  switchVt(vt: number): void {
    const { hardware, keeper } = this;
    if (!this.hasVts || hardware.activeVt === vt) return;
    const left = new Set(keeper.leave(hardware.activeVt) ? [hardware.activeVt] : []);
    this.clients.left(hardware.activeVt);
    hardware.activeVt = vt;
    this.#moved = true;
    for (const each of keeper.muteBackground()) left.add(each);
    for (const each of left)
      keeper.tell(() =>
        this.#machine.submit({
          kind: "vt.left",
          at: this.#machine.instant(),
          vt: each,
          // now and then it is heard before the screen has changed
          shown: this.#heard++ % 2 === 0 ? hardware.activeVt : each,
        }),
      );
  }

  /** News of it come when udev's rules were run. */
  plug(word: string): void {
    const device = this.hardware.plug(word);
    const tell = () => {
      if (this.hardware.devices.get(device.name)?.device === device)
        this.#udev.push({ changed: [device], removed: [] });
    };
    if (device.uaccess) this.#help(device, tell);
    else tell();
  }

  /** Something happens to a device that is as it was before, of which nobody is told. */
  trigger(name: string): void {
    const device = this.hardware.devices.get(name)?.device;
    if (device?.uaccess) this.#help(device, () => {});
  }

  unplug(name: string): void {
    const found = this.hardware.devices.get(name);
    if (found === undefined) return;
    this.hardware.unplug(name);
    this.#udev.push({ changed: [], removed: [found.device.path] });
  }

  /** Somebody who has nothing to do with sessions is master of a card for a moment. */
  grab(name: string): void {
    const kind = this.hardware.devices.get(name)?.kind;
    if (kind !== "drm" || this.#grabbed === name) return;
    const file = this.hardware.open(name);
    if (file === null || !file.live) return;
    this.#grabbed = name;
    file.holders.add(this.#machine.spawn());
    this.#machine.naturally(GRAB_MS, () => {
      file.live = false;
      file.holders.clear();
    });
    // who wants it back gets it in between
    this.#machine.naturally(GRAB_MS + HELPER_MS, () => {
      this.#grabbed = "";
    });
  }

  /** Udev's helper gives the node to whom the seat's file names, and takes it from everybody else. */
  #help(device: Device, then: () => void): void {
    const { readable } = this.#machine;
    const active = readable.seats.get(device.seat)?.active ?? "";
    const uid = readable.sessions.get(active)?.uid ?? 0;
    this.#machine.naturally(HELPER_MS, () => {
      if (this.hardware.devices.get(device.name)?.device === device) {
        this.hardware.access.set(device.name, new Set(uid === 0 ? [] : [uid]));
        this.hardware.tampered.add(device.name);
      }
      then();
    });
  }

  /** One thing happens, if there is one of that sort. */
  move(sort: number): boolean {
    this.sweep();
    if (this.#machine.dead) return sort === 0 && this.keeper.work();
    const sorts = [
      () => this.keeper.work(),
      () => this.keeper.deliver(),
      () => this.#look(),
      () => this.#hear(),
      () => this.clients.react(),
      () => this.clients.hangUp(),
      () => this.#machine.bus.comeBack(),
    ];
    return sorts[sort]?.() ?? false;
  }

  /** Everything that is on its way arrives. */
  quiet(): boolean {
    let moved = false;
    for (let again = true; again && !this.#machine.dead; moved ||= again)
      again = [0, 1, 2, 3, 4, 5, 6].some((sort) => this.move(sort));
    return moved;
  }

  #look(): boolean {
    if (!this.#moved) return false;
    this.#moved = false;
    const vt = this.hardware.activeVt;
    this.#machine.submit({ kind: "vt.activated", at: this.#machine.instant(), vt });
    return true;
  }

  #hear(): boolean {
    const news = this.#udev.shift();
    if (news === undefined) return false;
    this.#machine.submit({ kind: "devices.changed", at: this.#machine.instant(), ...news });
    return true;
  }

  /** After daemon.started: what main.ts submits. */
  begin(): void {
    this.#moved = false;
    this.#udev = [];
    for (const vt of this.keeper.gettys.untold) this.#tellGettyEnded(vt, null);
    this.keeper.gettys.untold.clear();
    if (this.hasVts)
      this.#machine.submit({ kind: "vt.activated", at: this.#machine.instant(), vt: this.hardware.activeVt });
    const devices = [...this.hardware.devices.values()].map(({ device }) => device);
    this.#machine.submit({ kind: "devices.found", at: this.#machine.instant(), devices });
    this.clients.askAgain();
  }

  /** The daemon is gone; the keeper has seen so many of its last orders. */
  disconnect(orders: number): void {
    this.keeper.disconnect(orders);
    // the last words of a daemon are heard, but for very many: those about terminals of an earlier keeper are not many
    for (const vt of this.hardware.graphics)
      if (!this.#freshKeeper && !this.keeper.vts.has(vt)) this.hardware.graphics.delete(vt);
    this.#freshKeeper = false;
    this.#descriptors.clear();
    this.clients.restarted();
  }

  keeperDies(): void {
    this.keeper.die();
    this.#freshKeeper = true;
    this.clients.cutOff();
    // what it was preparing for somebody who did not get it yet, the kernel puts back at the next switch
    const recorded = this.#machine.stored("sessions/").map((id) => this.#machine.storedSession(id));
    for (const vt of this.hardware.graphics)
      if (!recorded.some((session) => session?.vtnr === vt && session.control?.vt))
        this.hardware.graphics.delete(vt);
  }

  /** Files that nobody has any more are closed. */
  sweep(): void {
    this.hardware.sweep(this.keeper.files);
  }

  #fetch(key: number): OpenFile | null {
    const file = this.#descriptors.get(key) ?? null;
    this.#descriptors.delete(key);
    return file;
  }

  /** An order to the keeper; alive: runs what only a living daemon does or hears. */
  #order<T>(alive: (action: () => void) => void, action: () => T, done: (result: T) => void): void {
    alive(() =>
      this.keeper.order(() => {
        const result = action();
        this.keeper.tell(() => done(result));
      }),
    );
  }

  systemPort(alive: (action: () => void) => void) {
    const { keeper } = this;
    return {
      setAccess: (devices, uid, remove) => {
        alive(() => this.#setAccess(devices, uid, remove));
        return [];
      },
      takeVt: (vt, _uid, done) => this.#order(alive, () => keeper.takeVt(vt), done),
      releaseVt: (vt) => alive(() => keeper.order(() => keeper.releaseVt(vt))),
      allocateVt: () => alive(() => {}),
      startGetty: (order) => alive(() => keeper.order(() => this.#startGetty(order))),
      activateVt: (vt) => alive(() => this.switchVt(vt)),
      openDevice: (order, opened) =>
        this.#order(
          alive,
          () => ({ result: keeper.open(order), file: keeper.devices.get(order.device.key)?.file }),
          ({ result, file }) => {
            if (file !== undefined && "active" in result) this.#descriptors.set(order.device.key, file);
            opened(result);
          },
        ),
      pauseDevice: (key, done) => this.#order(alive, () => keeper.pause(key), done),
      resumeDevice: (key, done) =>
        this.#order(
          alive,
          () => ({ error: keeper.resume(key), file: keeper.devices.get(key)?.file }),
          ({ error, file }) => {
            if (file !== undefined && error === null) this.#descriptors.set(key, file);
            done(error);
          },
        ),
      closeDevice: (key, done) => this.#order(alive, () => keeper.close(key), done),
    } satisfies Partial<Ports["system"]>;
  }

  #startGetty(order: GettyOrder): void {
    const error = this.keeper.gettys.start(order);
    if (error !== null) this.#tellGettyEnded(order.vt, error);
  }

  #tellGettyEnded(vt: number, error: string | null): void {
    const event = { kind: "getty.ended", vt, error, how: error === null ? "exit code 0" : "" } as const;
    this.keeper.tell(() => this.#machine.submit({ ...event, at: this.#machine.instant() }));
  }

  endGetty(vt: number): void {
    const { gettys } = this.keeper;
    if (!gettys.running.delete(vt)) return;
    if (this.#machine.dead) gettys.untold.add(vt);
    else this.#tellGettyEnded(vt, null);
  }

  #setAccess(devices: readonly Device[], uid: number | null, remove: readonly number[]): void {
    if (devices.length === 0) this.wrongs.push("access was set on no device");
    for (const { name } of devices) {
      const users = this.hardware.access.get(name);
      this.hardware.tampered.delete(name);
      for (const each of remove) if (each !== uid) users?.delete(each);
      if (uid !== null) users?.add(uid);
    }
  }

  login1Port(alive: (action: () => void) => void) {
    return {
      takeReply: (call, result) => alive(() => this.clients.taken(call, result, (key) => this.#fetch(key))),
      paused: (id, control, number, how) => alive(() => this.clients.paused(id, control.name, number, how)),
      resumed: (id, control, number, key) =>
        alive(() => this.clients.resumed(id, control.name, number, this.#fetch(key))),
    } satisfies Partial<Ports["login1"]>;
  }

  seatdPort(alive: (action: () => void) => void): Ports["seatd"] {
    return {
      takeReply: (call, result) => alive(() => this.clients.taken(call, result, (key) => this.#fetch(key))),
      tell: (name, what) => alive(() => this.clients.told(name, what)),
    };
  }
}

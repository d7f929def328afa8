/** The methods about devices: to which seat they belong, and who may open them. */

import type { Account } from "../core/events.ts";
import { isPathBelow, isSeatName } from "../core/names.ts";
import type { Device } from "../core/seat-model.ts";
import { KernelError, type Peer } from "../kernel/kernel.ts";
import { invalidParameter, permissionDenied } from "../varlink/errors.ts";
import type { Ask } from "./ask.ts";
import { failed, failure } from "./errors.ts";
import { type Asker, explainDevice } from "./explain-device.ts";
import type { MethodsOptions } from "./methods.ts";
import { userOf } from "./register.ts";
import { nearest, renderAccess, renderDevice, takenDevices } from "./render-seat.ts";

type Options = Pick<MethodsOptions, "kernel" | "world">;

/** A node and what is known of it. */
interface Node {
  readonly path: string;
  readonly device: Device | null;
  /** Compositors can have it from us. */
  readonly takeable: boolean;
}

export class Devices {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  attach(ask: Ask<"AttachDevice">): void {
    const { seat, path } = ask.parameters;
    const { kernel, world } = this.#options;
    if (ask.peer.uid !== 0) return ask.refuse(permissionDenied);
    if (!isSeatName(seat)) return ask.refuse(invalidParameter("seat"));
    if (!isPathBelow("/sys", path)) return ask.refuse(invalidParameter("path"));
    const attached = nearest(world(), path, (device) => device.assignable)?.path ?? path;
    this.#attempt(ask, path, () => {
      kernel.attachDevice(seat, attached);
      ask.reply({ path: attached });
    });
  }

  flush(ask: Ask<"FlushDevices">): void {
    if (ask.peer.uid !== 0) return ask.refuse(permissionDenied);
    this.#attempt(ask, "", () => {
      this.#options.kernel.flushDevices();
      ask.reply({});
    });
  }

  explain(ask: Ask<"ExplainDevice">): void {
    const uid = userOf(ask.parameters, ask.peer);
    if (typeof uid !== "number") return ask.refuse(uid);
    if (!isPathBelow("/dev", ask.parameters.node)) return ask.refuse(invalidParameter("node"));
    this.#options.kernel.lookUpUser(uid, (user) => {
      ask.resume(() => this.#explainTo(ask, askerOf(uid, user, ask.peer)));
    });
  }

  #explainTo(ask: Ask<"ExplainDevice">, asker: Asker): void {
    const world = this.#options.world();
    const { path, device, takeable } = this.#find(ask.parameters.node);
    const access = this.#options.kernel.readAccess(path);
    if (access === null) return ask.refuse(failure("NoSuchDevice", { device: ask.parameters.node }));
    ask.reply({
      uid: asker.uid,
      ...explainDevice(world, { device, access, takeable }, asker),
      access: renderAccess(access),
      device: device === null ? null : renderDevice(device, access, takenDevices(world)),
    });
  }

  /** An event node belongs to the seat of its parent, which udev has to be asked for. */
  #find(path: string): Node {
    const { kernel, world } = this.#options;
    try {
      const found = kernel.findNode(path);
      if (found !== null) {
        const { device, kind } = found;
        return { path: device.node, device, takeable: kind !== "render" };
      }
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    }
    const known = [...world().devices.values()].find((device) => device.node === path);
    return { path, device: known ?? null, takeable: false };
  }

  #attempt(ask: Ask<"AttachDevice" | "FlushDevices">, device: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const none = error.errno === "ENODEV" || error.errno === "ENOENT";
      ask.refuse(none ? failure("NoSuchDevice", { device }) : failed(error.message));
    }
  }
}

/** The caller has the groups of its process; of others the user database knows what a login would give them. */
function askerOf(uid: number, user: Account | null, peer: Peer): Asker {
  const known = user === null ? [] : [user.gid, ...user.groups];
  const groups = new Set(uid === peer.uid ? [peer.gid, ...peer.groups] : known);
  return { uid, name: user?.name ?? String(uid), groups };
}

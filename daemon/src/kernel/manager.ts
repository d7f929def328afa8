/**
 * The users' service managers: the groups they live in, the order to the keeper that starts each, and the connection
 * to the sessionman-run that has started it.
 */

import { readdirSync } from "node:fs";
import type { Uid } from "../core/model.ts";
import { parseUid } from "../core/names.ts";
import type { ManagerOrder } from "../loop/ports.ts";
import type { Base } from "./base.ts";
import type { ManagerGroups } from "./cgroup-manager.ts";
import { errnoOf } from "./cgroup-tree.ts";
import type { Keeper } from "./keeper.ts";
import { KernelError, type Paths } from "./kernel.ts";
import { Cleaning } from "./manager-clean.ts";
import { BareCleaning } from "./manager-clean-bare.ts";
import type { ManagerLink } from "./manager-link.ts";
import { ManagerLinks, type Told } from "./manager-links.ts";
import { readManagerLog } from "./manager-log.ts";
import { encodeEnvironment, encodeGraphical, encodeOrder } from "./manager-socket.ts";
import type { ManagerPart } from "./parts.ts";

export interface Managers extends ManagerPart {
  shut(): void;
}

const SOCKET_NAME = /^([0-9]{1,10})\.sock$/;
/** Users find their readiness FIFO in it by name. */
const DIRECTORY_MODE = 0o711;

/** What the functions of this file share. */
interface Shared {
  readonly base: Base;
  readonly links: ManagerLinks;
  readonly groups: ManagerGroups | null;
  readonly fileOf: (uid: Uid, kind: string) => string;
}

export function createManagers(
  base: Base,
  keeper: Keeper,
  groups: ManagerGroups | null,
  paths: Paths,
): Managers {
  const directory = `${paths.run}/managers`;
  const fileOf = (uid: Uid, kind: string) => `${directory}/${uid}.${kind}`;
  const links = new ManagerLinks(base, (uid) => fileOf(uid, "sock"));
  const shared = { base, links, groups, fileOf };
  const cleaner = createCleaner(shared);
  base.addon.makeDirectory(directory, DIRECTORY_MODE);

  return {
    ...createTelling(shared),
    ...cleaner,
    startManager(order, told) {
      links.close(order.uid);
      try {
        start(shared, keeper, { paths, order, told });
      } catch (error) {
        links.close(order.uid);
        throw error;
      }
    },
    adoptManager(uid, told) {
      let link: ManagerLink | null;
      try {
        link = links.reach(uid);
      } catch (error) {
        errnoOf(error);
        return links.adoptLater(uid, told);
      }
      if (link === null) throw new KernelError("connect", "ECONNREFUSED", fileOf(uid, "sock"));
      links.listen(uid, link, told);
    },
    managers: () => found(shared, directory),
    managerPath: (uid) => groups?.path(uid) ?? null,
    managerLog: (uid) => readManagerLog(fileOf(uid, "log")),
    shut() {
      cleaner.shut();
      links.shut();
    },
  };
}

interface Wanted {
  readonly paths: Paths;
  readonly order: ManagerOrder;
  readonly told: Told;
}

const logArgument = ({ fileOf }: Pick<Shared, "fileOf">, uid: Uid) => `log=${fileOf(uid, "log")}`;

/** The listening socket exists before the order, so that whoever asks later finds the one that is about to start. */
function start(shared: Shared, keeper: Keeper, { paths, order, told }: Wanted): void {
  const { base, links, groups, fileOf } = shared;
  const { uid } = order;
  const made = groups?.make(uid, order.gid) ?? null;
  const listener = base.addon.listenPackets(fileOf(uid, "sock"), 0o600);
  try {
    links.listen(uid, links.connect(uid), told);
  } catch (error) {
    base.addon.close(listener);
    throw error;
  }
  const given = [
    `uid=${uid}`,
    `gid=${order.gid}`,
    `user=${order.user}`,
    `backend=${order.backend}`,
    `config=${paths.backendConfiguration}`,
    `runtime=${paths.runtimeDirectories}/${uid}`,
    `group=${made?.service ?? "-"}`,
    `ready=${fileOf(uid, "ready")}`,
    logArgument(shared, uid),
  ];
  keeper.run(made?.holder ?? "-", given, listener);
}

function found({ base, links, groups }: Shared, directory: string): { uid: Uid; alive: boolean }[] {
  const alive = (uid: Uid): boolean => {
    try {
      return links.reach(uid) !== null;
    } catch (error) {
      errnoOf(error); // no room, or no descriptor: not a sign of death
      return true;
    }
  };
  const left = readdirSync(directory);
  for (const name of left) if (name.endsWith(".new")) removeFile(base, `${directory}/${name}`);
  const sockets = left.flatMap((name) => parseUid(SOCKET_NAME.exec(name)?.[1] ?? "") ?? []);
  const uids = new Set([...sockets, ...(groups?.users() ?? [])]);
  return [...uids].map((uid) => ({ uid, alive: alive(uid) }));
}

type Telling = Pick<
  ManagerPart,
  "orderManager" | "tellEnvironment" | "tellGraphical" | "signalManager" | "killManager"
>;

function createTelling({ base, links, groups }: Shared): Telling {
  return {
    orderManager: (uid, order) => links.get(uid)?.send(encodeOrder(order)),
    tellEnvironment(uid, set, unset) {
      const { packets, left } = encodeEnvironment(set, unset);
      if (left.length > 0) base.log.warn(`${left.length} variables are not passed to user ${uid}'s services`);
      for (const packet of packets) links.get(uid)?.send(packet);
    },
    tellGraphical: (uid, phase) => links.get(uid)?.send(encodeGraphical(phase)),
    signalManager: (uid, signal) => groups?.signal(uid, signal),
    killManager(uid) {
      links.get(uid)?.send(encodeOrder("kill"));
      groups?.kill(uid, "service");
    },
  };
}

type Cleaner = Pick<ManagerPart, "cleanManager" | "eraseManager"> & { shut(): void };

function createCleaner(shared: Shared): Cleaner {
  const { base, links, groups, fileOf } = shared;
  const cleanings = new Map<Uid, Cleaning | BareCleaning>();
  const remove = (uid: Uid, kinds: readonly string[]) => {
    for (const kind of kinds) removeFile(base, fileOf(uid, kind));
  };
  return {
    cleanManager(uid, cleaned) {
      const finish = () => {
        cleanings.delete(uid);
        links.close(uid);
        remove(uid, ["sock", "ready"]);
        cleaned();
      };
      const cleaning =
        groups === null
          ? new BareCleaning(base, links, { uid, argument: logArgument(shared, uid) }, finish)
          : new Cleaning(base, groups, uid, finish);
      cleanings.get(uid)?.stop();
      cleanings.set(uid, cleaning);
      links.silence(uid);
      cleaning.start();
    },
    eraseManager: (uid) => remove(uid, ["log", "log.1"]),
    shut() {
      for (const cleaning of cleanings.values()) cleaning.stop();
    },
  };
}

function removeFile({ addon, log }: Base, path: string): void {
  try {
    addon.unlink(path);
  } catch (error) {
    log.warn(`cannot remove what is left of a user's services: ${(error as Error).message}`);
  }
}

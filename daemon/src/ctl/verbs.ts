/** All verbs, in the order of the help text. */

import { activate, switchTo } from "./activate.ts";
import { attach, flushDevices } from "./attach.ts";
import { deregister } from "./deregister.ts";
import { explain } from "./explain.ts";
import { importEnvironment } from "./import-environment.ts";
import { kill } from "./kill.ts";
import { linger } from "./linger.ts";
import { list } from "./list.ts";
import { lock, unlock } from "./lock.ts";
import { monitor } from "./monitor.ts";
import { register } from "./register.ts";
import { seatStatus } from "./seat-status.ts";
import { seats } from "./seats.ts";
import { show } from "./show.ts";
import { status } from "./status.ts";
import { terminate, terminateUser } from "./terminate.ts";
import { userLog } from "./user-log.ts";
import { userStatus } from "./user-status.ts";
import { users } from "./users.ts";
import type { Verb } from "./verb.ts";
import { version } from "./version.ts";

export const verbs: readonly Verb[] = [
  list,
  status,
  show,
  explain,
  users,
  userStatus,
  userLog,
  linger,
  importEnvironment,
  seats,
  seatStatus,
  activate,
  switchTo,
  lock,
  unlock,
  attach,
  flushDevices,
  monitor,
  terminate,
  terminateUser,
  kill,
  register,
  deregister,
  version,
];

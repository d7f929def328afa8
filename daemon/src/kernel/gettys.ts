/** Gettys: the order to the keeper that starts them, and their ends in words. */

import type { Base } from "./base.ts";
import type { CgroupRoot } from "./cgroup-root.ts";
import type { Keeper } from "./keeper.ts";
import type { GettyPart } from "./parts.ts";
import type { GettyEnd } from "./seat-kernel.ts";

/** The first keeper that says what it knows to do starts gettys. */
const KNOWS_GETTYS = 1;
const OLD_KEEPER =
  "the running sessionmand is of an older release than its parts: no getty is started before it is started again";

function inWords(status: number): string {
  const signal = status & 0x7f;
  return signal === 0 ? `exit code ${(status >> 8) & 0xff}` : `signal ${signal}`;
}

export function createGettys(base: Base, keeper: Keeper, root: CgroupRoot | null): GettyPart {
  let said = false;
  let ended: (end: GettyEnd) => void = () => {};
  keeper.onGettyEnded((vt, errno, status) =>
    ended({
      vt,
      error: errno === 0 ? null : base.addon.errorName(errno),
      how: errno === 0 ? inWords(status) : "",
    }),
  );
  return {
    startGetty({ vt, command, anyway }) {
      // not where the daemon is: that group may be a service's, or a session's, and end with it
      if (keeper.held().version >= KNOWS_GETTYS)
        return keeper.startGetty(vt, root?.path ?? "-", command, anyway);
      if (!said) base.log.warn(OLD_KEEPER);
      said = true;
      // which is said of none of them
      setImmediate(() => ended({ vt, error: "EBUSY", how: "" }));
    },
    onGettyEnded(listener) {
      ended = listener;
    },
  };
}

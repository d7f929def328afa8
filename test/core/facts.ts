/** What a plain login says. */

import type { OpenFacts } from "../../daemon/src/core/events.ts";
import { NOTHING_ASKED } from "../../daemon/src/core/session-limits.ts";

export function facts(uid: number, over: Partial<OpenFacts> = {}): OpenFacts {
  return {
    uid,
    gid: uid,
    user: `u${uid}`,
    groups: [],
    service: "login",
    tty: "",
    display: "",
    remoteHost: "",
    remoteUser: "",
    asked: { type: "", class: "", desktop: "" },
    hinted: { type: "", class: "", desktop: "", seat: "", vtnr: "", incomplete: "" },
    ttyVt: 0,
    told: null,
    limits: NOTHING_ASKED,
    ...over,
  };
}

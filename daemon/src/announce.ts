/** One line in the log for each session that begins and ends. Sessions that an earlier daemon began go on silently. */

import type { Instant, Session, World } from "./core/model.ts";
import type { LogPort } from "./loop/ports.ts";

/** since: when this daemon began. Called after the answer of whoever caused the change is on its way. */
export function announce(before: World, after: World, log: LogPort, since: Instant): void {
  for (const { before: was, after: is } of after.sessions.since(before.sessions)) {
    const isNew = is !== undefined && is.created.monotonic >= since.monotonic;
    if (isNew && phase(was) === "opening" && phase(is) === "running") log.info(begun(is));
    if (is?.stage.phase === "closing" && phase(was) !== "closing" && is.stage.since >= since.realtime) {
      log.info(`session ${is.id} of ${is.user} ended: ${is.stage.reason}`);
    }
  }
}

/** A session that nobody was told of counts as opening. */
function phase(session: Session | undefined): string {
  return session?.stage.phase ?? "opening";
}

function begun(session: Session): string {
  const place = session.remote
    ? ` from ${session.remoteHost}`
    : session.tty === ""
      ? ""
      : ` on ${session.tty}`;
  return `session ${session.id} of ${session.user} began: ${session.service || "registered"}${place}, leader ${session.leader.pid}`;
}

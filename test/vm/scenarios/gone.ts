import type { Checks } from "../check.ts";
import type { Guest, Session } from "../guest.ts";
import { until } from "../machine.ts";

/** After the last logout of a user nothing is left of the session. */
export async function gone(guest: Guest, checks: Checks, { id, uid, user }: Session): Promise<void> {
  const absent = (path: string) => async () => !(await guest.exists(path));
  const sessions = async () => (await guest.sessions()).every((session) => session.id !== id);
  await checks.comes(`after logout the session of ${user} is gone`, until("its end", 30, sessions));
  const slice = `${await guest.cgroup()}/${guest.sliceOf(uid)}`;
  await checks.comes("and its scope and slice", until(slice, 30, absent(slice)));
  await checks.comes("and the runtime directory", until("no directory", 30, absent(`/run/user/${uid}`)));
  const mounts = await guest.machine.sh("cat /proc/mounts");
  checks.that(!mounts.includes(`/run/user/${uid}`), "and its mount", mounts);
}

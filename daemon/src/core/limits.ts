/** Which resource limits a user's slice gets. */

import type { Limits, Policy } from "./configuration.ts";
import type { User } from "./model.ts";

/** The default limits, then those of the user's groups in the order of the file, then the user's own. */
export function limitsOf(policy: Policy, user: User): Limits {
  const { limits } = policy;
  const ofGroups = limits.groups.filter((group) => group.gid === user.gid || user.groups.includes(group.gid));
  return Object.assign(
    {},
    limits.default,
    ...ofGroups.map((group) => group.limits),
    limits.users.get(user.name),
  );
}

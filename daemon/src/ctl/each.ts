/** Several operands: each is tried, each failure is said, and the first one gives the exit status. */

import { CommandError, EXIT } from "./failure.ts";
import type { Context } from "./verb.ts";

export async function each(
  operands: readonly string[],
  context: Context,
  act: (operand: string, position: number) => Promise<void>,
): Promise<number> {
  let status: number = EXIT.ok;
  for (const [position, operand] of operands.entries()) {
    try {
      await act(operand, position);
    } catch (error) {
      if (!(error instanceof CommandError) || error.status === EXIT.unreachable) throw error;
      context.warn(error.message);
      if (status === EXIT.ok) status = error.status;
    }
  }
  return status;
}

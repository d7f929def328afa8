/** Which known name a mistyped one was meant to be. */

const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Levenshtein's distance, row by row. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}

/** undefined when none is so near that it was probably meant. Case and separators do not count. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = bare(name);
  if (wanted.length > 64) return undefined;
  const ranked = known
    .map((candidate) => ({ candidate, away: distance(wanted, bare(candidate)) }))
    .sort((a, b) => a.away - b.away);
  const best = ranked[0];
  return best && best.away <= Math.ceil(wanted.length / 3) ? best.candidate : undefined;
}

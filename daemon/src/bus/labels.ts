/** Names as parts of object paths: letters and inner digits stay, every other byte is "_" and two hexadecimal digits. */

const DECODER = new TextDecoder("utf-8", { fatal: true });

export function escapeLabel(name: string): string {
  if (name === "") return "_";
  let label = "";
  for (const byte of new TextEncoder().encode(name)) {
    const character = String.fromCharCode(byte);
    const stays = /[A-Za-z]/.test(character) || (label !== "" && /[0-9]/.test(character));
    label += stays ? character : `_${byte.toString(16).padStart(2, "0")}`;
  }
  return label;
}

/** null for what escapeLabel() never makes. */
export function unescapeLabel(label: string): string | null {
  if (label === "_") return "";
  if (!/^(?:[A-Za-z0-9]|_[0-9a-f]{2})+$/.test(label)) return null;
  const bytes = label.match(/_[0-9a-f]{2}|[^_]/g) ?? [];
  try {
    const name = DECODER.decode(
      Uint8Array.from(bytes, (each) =>
        each.length === 1 ? each.charCodeAt(0) : Number.parseInt(each.slice(1), 16),
      ),
    );
    return escapeLabel(name) === label ? name : null;
  } catch {
    return null;
  }
}

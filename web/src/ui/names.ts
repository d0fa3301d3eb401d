// Names that other people chose: whatever is in them, a reader sees what is really there.

// Characters that reorder the text around them, or that nobody sees. (Joiners stay: emoji and scripts need them.)
const HIDDEN = /[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;  

function named(char: string): string {
  return `‹U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}›`;
}

/** The name with what could deceive spelled out: "exe.‹U+202E›fdp" does not pass for a PDF. */
export function visible(name: string): string {
  return name.replace(HIDDEN, named).replace(CONTROL, named);
}

/** The same for text of several lines: their ends stay. */
export function visibleLines(text: string): string {
  return text.split(/\r?\n/).map(visible).join("\n");
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;
const TAIL = 11;
const SHORT = 26;

/** Where a long name may be shortened so that its end, which tells most, stays. As two parts. */
export function splitName(name: string): [string, string] {
  const chars = [...name];
  if (chars.length <= SHORT || RIGHT_TO_LEFT.test(name)) return [name, ""];
  let cut = chars.length - TAIL;
  // Marks and joiners belong to the letter before them.
  while (cut > 0 && /[\p{M}\u200c\u200d\ufe0f]/u.test(chars[cut]!)) cut -= 1;
  return [chars.slice(0, cut).join(""), chars.slice(cut).join("")];
}

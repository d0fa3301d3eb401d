import type { Figures } from "./types";

/** "1,234.5": at most as many digits as a shop measures. */
export function shownNumber(value: number, digits = 0): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: digits });
}

export interface FigureRow {
  name: string;
  before: string | null;
  after: string | null;
  /** "+12 %", "same", or null where one of the two is not known. */
  change: string | null;
  changed: boolean;
}

const SIDES = ["Size in x", "Size in y", "Size in z"];
/** Meshes of one solid differ by less than this. */
const SAME = 0.0005;

interface Entry {
  name: string;
  value: number;
  text: string;
  exact: boolean;
}

function entriesOf(figures: Figures | null | undefined): Entry[] {
  if (!figures) return [];
  const entries: Entry[] = (figures.bounding_box?.size_mm ?? []).map((value, index) => ({
    name: SIDES[index]!,
    value,
    text: `${shownNumber(value, 2)} mm`,
    exact: false,
  }));
  const more: [string, number | null | undefined, (value: number) => string, boolean][] = [
    ["Volume, approx.", figures.volume_mm3, (value) => `${shownNumber(value / 1000, 2)} cm³`, false],
    ["Surface, approx.", figures.area_mm2, (value) => `${shownNumber(value / 100, 1)} cm²`, false],
    ["Solids", figures.solids, (value) => shownNumber(value), true],
    ["Faces", figures.faces, (value) => shownNumber(value), true],
  ];
  for (const [name, value, text, exact] of more) {
    if (typeof value === "number") entries.push({ name, value, text: text(value), exact });
  }
  return entries;
}

/** The figures of one revision, as text. */
export function figureList(figures: Figures | null | undefined): readonly (readonly [name: string, text: string])[] {
  return entriesOf(figures).map(({ name, text }) => [name, text]);
}

/** Two revisions beside each other, figure by figure. */
export function compareFigures(before: Figures | null | undefined, after: Figures | null | undefined): FigureRow[] {
  const olds = new Map(entriesOf(before).map((entry) => [entry.name, entry]));
  const news = new Map(entriesOf(after).map((entry) => [entry.name, entry]));
  return [...new Set([...olds.keys(), ...news.keys()])].map((name) => {
    const [a, b] = [olds.get(name), news.get(name)];
    const changed = a !== undefined && b !== undefined && differs(a, b);
    return {
      name,
      before: a?.text ?? null,
      after: b?.text ?? null,
      change: a && b ? (changed ? changeWord(a, b) : "same") : null,
      changed,
    };
  });
}

function differs(a: Entry, b: Entry): boolean {
  if (a.exact) return a.value !== b.value;
  return Math.abs(b.value - a.value) > SAME * Math.max(Math.abs(a.value), Math.abs(b.value), 1e-9);
}

function changeWord(a: Entry, b: Entry): string {
  const by = b.value - a.value;
  const sign = by > 0 ? "+" : "−";
  if (a.exact || a.value === 0) return `${sign}${shownNumber(Math.abs(by), 2)}`;
  const percent = Math.abs(by / a.value) * 100;
  return `${sign}${shownNumber(percent, percent < 10 ? 1 : 0)} %`;
}
